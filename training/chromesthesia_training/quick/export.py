"""Export a quick painter to ONNX, with the live engine's five values as its condition, timed beside its teacher."""

from __future__ import annotations

import copy
import logging
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from chromesthesia.inference.sessions import open_session
from chromesthesia_training.data.condition import (
    ENGINE_CONDITION_SIZE,
    ConditionSpace,
    EngineCondition,
    random_engine_conditions,
)
from chromesthesia_training.gan.model import LATENT_SIZE
from chromesthesia_training.machine import thread_times_ms
from chromesthesia_training.onnx_file import check_parity, onnx_bytes
from chromesthesia_training.quick.model import QuickGenerator
from chromesthesia_training.quick.train import TaughtPainter
from chromesthesia_training.safe_write import whole_file

logger = logging.getLogger(__name__)

PARITY_DRAWS = 8
TIMED_IMAGES = 60


class EngineQuick(nn.Module):
    """Engine condition (batch, 5) and noise (batch, 64) to images (batch, 3, side, side) in [0, 1].

    Half of 1 + tanh(x) is the logistic function of 2 x; the two goes into the weights, and the runtime computes the
    rest within the last convolution.
    """

    def __init__(self, generator: QuickGenerator, space: ConditionSpace) -> None:
        super().__init__()
        self.translate = EngineCondition(space)
        self.generator = copy.deepcopy(generator)
        last = self.generator.head.to_cells[1]
        assert isinstance(last, nn.Conv2d)
        assert last.bias is not None
        with torch.no_grad():
            for values in (last.weight, last.bias, self.generator.head.get_buffer("doubling")):
                values.mul_(2)

    def forward(self, condition: Tensor, noise: Tensor) -> Tensor:
        cells = torch.sigmoid(self.generator.cells(noise, self.translate(condition)))
        return F.pixel_shuffle(cells, 2)


@dataclass(frozen=True)
class QuickReport:
    """What was written.

    difference: the largest from torch, of values 0..1; image_ms, teacher_ms: medians a picture of one ONNX Runtime
    thread's own time, taken in turns.
    """

    path: Path
    size_bytes: int
    difference: float
    image_ms: float
    teacher_ms: float


def export_quick(taught: TaughtPainter, out: Path, teacher: Path) -> QuickReport:
    """Write `out` and time it beside its teacher's ONNX file; an older `out` stays unless the new passes its check.

    Raises TrainingError where torch and ONNX differ by more than 1e-3.
    """
    module = EngineQuick(taught.generator, taught.space).eval().requires_grad_(False)
    example = (torch.zeros(1, ENGINE_CONDITION_SIZE), torch.zeros(1, LATENT_SIZE))
    content = onnx_bytes(module, example, ("condition", "noise"), ("image",))
    session, teaching = open_session(content, "cpu"), open_session(teacher.read_bytes(), "cpu")
    rng = torch.Generator().manual_seed(3)
    conditions = random_engine_conditions(PARITY_DRAWS, rng)
    noises = torch.randn(PARITY_DRAWS, LATENT_SIZE, generator=rng)
    with torch.no_grad():
        wanted = taught.generator(noises, EngineCondition(taught.space)(conditions)) * 0.5 + 0.5
    difference = 0.0
    for row in range(PARITY_DRAWS):
        feed = {"condition": conditions[row : row + 1].numpy(), "noise": noises[row : row + 1].numpy()}
        (image,) = session.run(["image"], feed)
        difference = max(difference, float(np.abs(image[0] - wanted[row].numpy()).max()))
    check_parity(difference)
    times = thread_times_ms(
        {
            "quick": lambda: session.run(["image"], feed),
            "teacher": lambda: teaching.run(["image"], feed),
        },
        TIMED_IMAGES,
    )
    with whole_file(out) as file:
        file.write(content)
    return QuickReport(out, len(content), difference, times["quick"], times["teacher"])
