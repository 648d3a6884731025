"""Export the averaged generator to ONNX, with the live engine's five values as its condition, and check it.

Graph: `condition` float32 (1, 5) = valence, arousal in [-1, 1], p_angry, p_happy, p_sad; `noise` float32 (1,
64), standard normal; `image` float32 (1, 3, side, side) in [0, 1], the side that the run trained at. Opset 20, one
file, batch 1.
"""

from __future__ import annotations

import copy
import hashlib
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from chromesthesia.inference.sessions import open_session
from chromesthesia_training.data.batching import batches
from chromesthesia_training.data.condition import (
    ENGINE_CONDITION_SIZE,
    ConditionSpace,
    EngineCondition,
    random_engine_conditions,
)
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.gan.checkpoint import TrainedGenerator, load_trained
from chromesthesia_training.gan.model import LATENT_SIZE, Generator
from chromesthesia_training.machine import thread_times_ms
from chromesthesia_training.onnx_file import check_parity, onnx_bytes
from chromesthesia_training.safe_write import whole_file

logger = logging.getLogger(__name__)

PARITY_DRAWS = 8
TIMED_IMAGES = 60


class EngineGenerator(nn.Module):
    """Engine condition (batch, 5) and noise (batch, 64) to images (batch, 3, side, side) in [0, 1]."""

    def __init__(self, generator: Generator, space: ConditionSpace) -> None:
        super().__init__()
        self.translate = EngineCondition(space)
        self.generator = generator

    def forward(self, condition: Tensor, noise: Tensor) -> Tensor:
        images: Tensor = self.generator(noise, self.translate(condition))
        return images * 0.5 + 0.5


@dataclass(frozen=True)
class ExportReport:
    """What was written.

    difference: the largest from torch, of values 0..1; image_ms: median milliseconds a picture of one ONNX Runtime
    thread's own time, which others on the machine hardly change; side: of the picture, in pixels.
    """

    path: Path
    sha256: str
    size_bytes: int
    difference: float
    image_ms: float
    side: int
    step: int
    images_seen: int


def recalibrated(trained: TrainedGenerator, rounds: int = 48, seed: int = 5) -> Generator:
    """A copy of the averaged generator whose norms hold the statistics of its own activations.

    The running averages belong to the generator as it changed; the averaged weights want theirs. Measured
    over `rounds` x 16 pictures on the engine's conditions.
    """
    generator = copy.deepcopy(trained.generator)
    norms = [module for module in generator.modules() if isinstance(module, nn.BatchNorm2d)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # None means a plain mean over all rounds
    translate = EngineCondition(trained.space)
    rng = torch.Generator().manual_seed(seed)
    generator.train()
    with torch.no_grad():
        for _ in range(rounds):
            condition = translate(random_engine_conditions(16, rng))
            generator(torch.randn(16, LATENT_SIZE, generator=rng), condition)
    return generator.eval()


def export_onnx(run_dir: Path, out: Path, recalibrate: bool = True) -> ExportReport:
    """Write `out` from the run's averaged generator; an older `out` stays unless the new passes its check.

    Raises:
        TrainingError: no usable checkpoint, or torch and ONNX differ by more than 1e-3.
    """
    trained = load_trained(run_dir)
    generator = recalibrated(trained) if recalibrate else trained.generator
    return export_generator(generator, trained, out)


def export_generator(generator: Generator, trained: TrainedGenerator, out: Path) -> ExportReport:
    """Write and check one generator; see `export_onnx`."""
    module = EngineGenerator(generator, trained.space).eval()
    for parameter in module.parameters():
        parameter.requires_grad_(False)
    content = _onnx_bytes(module)
    difference, image_ms = _check(module, content)
    check_parity(difference)
    with whole_file(out) as file:
        file.write(content)
    report = ExportReport(
        out,
        hashlib.sha256(content).hexdigest(),
        len(content),
        difference,
        image_ms,
        generator.side,
        trained.step,
        trained.images_seen,
    )
    logger.info(
        "%s: %.1f MB, %d x %d, parity %.1e, %.1f ms a picture of one thread's own time",
        out, len(content) / 1e6, generator.side, generator.side, difference, image_ms,
    )  # fmt: skip
    return report


def _onnx_bytes(module: EngineGenerator) -> bytes:
    example = (torch.zeros(1, ENGINE_CONDITION_SIZE), torch.zeros(1, LATENT_SIZE))
    return onnx_bytes(module, example, ("condition", "noise"), ("image",))


def _check(module: EngineGenerator, content: bytes) -> tuple[float, float]:
    """Largest difference from torch over random inputs; median ms a picture of one thread's own time."""
    session = open_session(content, "cpu")
    rng = torch.Generator().manual_seed(3)
    conditions = random_engine_conditions(PARITY_DRAWS, rng)
    noises = torch.randn(PARITY_DRAWS, LATENT_SIZE, generator=rng)
    side = module.generator.side
    difference = 0.0
    for condition, noise in zip(batches(conditions, 1), batches(noises, 1), strict=True):
        with torch.no_grad():
            wanted = module(condition, noise).numpy()
        (image,) = session.run(["image"], {"condition": condition.numpy(), "noise": noise.numpy()})
        if image.shape != (1, 3, side, side):
            raise TrainingError(f"the exported image has shape {image.shape}", "report this as a fault")
        difference = max(difference, float(np.abs(image - wanted).max()))
    feed = {"condition": conditions[:1].numpy(), "noise": noises[:1].numpy()}
    image_ms = thread_times_ms({"image": lambda: session.run(["image"], feed)}, TIMED_IMAGES)["image"]
    return difference, image_ms
