"""Export the averaged generator to ONNX, with the live engine's five values as its condition, and check it.

Graph: `condition` float32 (1, 5) = valence, arousal in [-1, 1], p_angry, p_happy, p_sad; `noise` float32 (1,
64), standard normal; `image` float32 (1, 3, 128, 128) in [0, 1]. Opset 20, one file, batch 1.
"""

from __future__ import annotations

import copy
import hashlib
import logging
import os
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from torch import Tensor, nn

from chromesthesia_training.errors import TrainingError
from chromesthesia_training.gan.batching import batches
from chromesthesia_training.gan.checkpoint import TrainedGenerator, load_trained
from chromesthesia_training.gan.condition import ENGINE_CONDITION_SIZE, ConditionSpace, EngineCondition
from chromesthesia_training.gan.model import LATENT_SIZE, Generator
from chromesthesia_training.onnx_file import strip_traces

logger = logging.getLogger(__name__)

OPSET = 20
LARGEST_DIFFERENCE = 1e-3
PARITY_DRAWS = 8
TIMED_IMAGES = 60


class EngineGenerator(nn.Module):
    """Engine condition (batch, 5) and noise (batch, 64) to images (batch, 3, 128, 128) in [0, 1]."""

    def __init__(self, generator: Generator, space: ConditionSpace) -> None:
        super().__init__()
        self.translate = EngineCondition(space)
        self.generator = generator

    def forward(self, condition: Tensor, noise: Tensor) -> Tensor:
        images: Tensor = self.generator(noise, self.translate(condition))
        return images * 0.5 + 0.5


@dataclass(frozen=True)
class ExportReport:
    """What was written: `difference` is the largest from torch.

    `images_per_s` is of the wall clock on one ONNX Runtime thread, `images_per_cpu_s` of that thread's own time: the
    two differ where others use the machine.
    """

    path: Path
    sha256: str
    size_bytes: int
    difference: float
    images_per_s: float
    images_per_cpu_s: float
    step: int
    images_seen: int


def random_engine_conditions(count: int, rng: torch.Generator) -> Tensor:
    """Engine conditions (count, 5) all over their range: uniform ratings, probabilities sure to unsure."""
    ratings = torch.rand(count, 2, generator=rng) * 2 - 1
    parts = -(torch.rand(count, 4, generator=rng).clamp_min(1e-6).log() ** 2)
    parts = parts / parts.sum(1, keepdim=True)
    return torch.cat([ratings, parts.abs()[:, :3]], 1)


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
    out.parent.mkdir(parents=True, exist_ok=True)
    partial = out.with_suffix(".partial.onnx")
    example = (torch.zeros(1, ENGINE_CONDITION_SIZE), torch.zeros(1, LATENT_SIZE))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module,
            example,
            str(partial),
            input_names=["condition", "noise"],
            output_names=["image"],
            opset_version=OPSET,
            dynamo=True,
            external_data=False,
            verbose=False,
        )
    strip_traces(partial)
    try:
        difference, images_per_s, images_per_cpu_s = _check(module, partial)
        if not difference <= LARGEST_DIFFERENCE:
            raise TrainingError(
                f"ONNX and torch differ by {difference:g}, more than {LARGEST_DIFFERENCE:g}",
                "check the versions of torch and onnxruntime",
            )
        os.replace(partial, out)
    finally:
        partial.unlink(missing_ok=True)
    content = out.read_bytes()
    report = ExportReport(
        out,
        hashlib.sha256(content).hexdigest(),
        len(content),
        difference,
        images_per_s,
        images_per_cpu_s,
        trained.step,
        trained.images_seen,
    )
    logger.info(
        "%s: %.1f MB, parity %.1e, %.0f images/s, %.0f per second of its own time",
        out,
        len(content) / 1e6,
        difference,
        images_per_s,
        images_per_cpu_s,
    )
    return report


def open_session(path: Path) -> ort.InferenceSession:
    """An ONNX Runtime session on one CPU thread."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _check(module: EngineGenerator, path: Path) -> tuple[float, float, float]:
    """Largest difference from torch over random inputs; images per second by wall clock and thread time (medians)."""
    session = open_session(path)
    rng = torch.Generator().manual_seed(3)
    conditions = random_engine_conditions(PARITY_DRAWS, rng)
    noises = torch.randn(PARITY_DRAWS, LATENT_SIZE, generator=rng)
    difference = 0.0
    for condition, noise in zip(batches(conditions, 1), batches(noises, 1), strict=True):
        with torch.no_grad():
            wanted = module(condition, noise).numpy()
        (image,) = session.run(["image"], {"condition": condition.numpy(), "noise": noise.numpy()})
        if image.shape != (1, 3, module.generator.side, module.generator.side):
            raise TrainingError(f"the exported image has shape {image.shape}", "report this as a fault")
        difference = max(difference, float(np.abs(image - wanted).max()))
    feed = {"condition": conditions[:1].numpy(), "noise": noises[:1].numpy()}
    times = np.empty((TIMED_IMAGES, 2))
    for row in times:
        began = time.perf_counter(), time.thread_time()
        session.run(["image"], feed)
        row[:] = time.perf_counter() - began[0], time.thread_time() - began[1]
    wall_s, thread_s = np.median(times, axis=0)
    return difference, 1 / float(wall_s), 1 / float(thread_s)
