"""The averaged generator of a run as a painter, and the painter that a path means."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from chromesthesia.core.records import Float32, UInt8
from chromesthesia_training.data.condition import ENGINE_CONDITION_SIZE, EngineCondition
from chromesthesia_training.gan.checkpoint import load_trained
from chromesthesia_training.gan.export import recalibrated
from chromesthesia_training.gan.model import LATENT_SIZE
from chromesthesia_training.measuring.painters import OnnxPainter, Painter, eight_bit

TORCH_BATCH = 16


class RunPainter:
    """The averaged generator of a run, as it would be exported.

    Raises:
        TrainingError: no usable checkpoint there.
    """

    def __init__(self, run_dir: Path) -> None:
        trained = load_trained(run_dir)
        self.generator = recalibrated(trained)
        self.translate = EngineCondition(trained.space)
        self.step, self.images_seen, self.elapsed_s = trained.step, trained.images_seen, trained.elapsed_s
        self.name = run_dir.name
        self.latent_size = LATENT_SIZE
        self.side = self.paint(
            np.zeros((1, ENGINE_CONDITION_SIZE), np.float32), np.zeros((1, LATENT_SIZE), np.float32)
        ).shape[1]

    def paint(self, conditions: Float32, latents: Float32) -> UInt8:
        inner: Float32 = self.translate(torch.from_numpy(conditions)).numpy()
        return self.paint_inner(inner, latents)

    def paint_inner(self, inner: Float32, latents: Float32) -> UInt8:
        parts = []
        with torch.no_grad():
            for first in range(0, len(inner), TORCH_BATCH):
                rows = slice(first, first + TORCH_BATCH)
                asked = torch.from_numpy(inner[rows])
                images = self.generator(torch.from_numpy(latents[rows]), asked) * 0.5 + 0.5
                parts.append(eight_bit(images.permute(0, 2, 3, 1).numpy()))
        return np.concatenate(parts)


def open_painter(path: Path) -> Painter:
    """The painter of an ONNX file, or of the folder of a run or pack.

    Raises:
        TrainingError: see `OnnxPainter` and `RunPainter`.
    """
    if path.suffix == ".onnx":
        return OnnxPainter(path)
    if (path / "manifest.toml").is_file():
        return OnnxPainter(path / "generator.onnx")
    return RunPainter(path)
