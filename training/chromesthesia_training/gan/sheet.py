"""Contact sheets of the generator's pictures, to be looked at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch import Tensor

from chromesthesia_training.data.condition import ConditionSpace, EngineCondition
from chromesthesia_training.gan.model import LATENT_SIZE, Generator
from chromesthesia_training.measuring.evaluate import SURE
from chromesthesia_training.safe_write import whole_file

SWEEP: tuple[tuple[float, float, float, float, float], ...] = (
    (-1.0, 0.0, 0.0, 0.0, 0.0),
    (0.0, 0.0, 0.0, 0.0, 0.0),
    (1.0, 0.0, 0.0, 0.0, 0.0),
    (0.0, -1.0, 0.0, 0.0, 0.0),
    (0.0, 1.0, 0.0, 0.0, 0.0),
    SURE["angry"],
    SURE["sad"],
    SURE["happy"],
)
"""Rows of the sweep, as the engine asks: valence low, middle, high; arousal low, high; angry; sad; happy."""


def as_pixels(images: Tensor) -> npt.NDArray[np.uint8]:
    """Pictures (N, 3, h, w) in [-1, 1] as uint8 (N, h, w, 3)."""
    scaled = ((images.detach().clamp(-1, 1) + 1) * 127.5).round()
    pixels: npt.NDArray[np.uint8] = scaled.permute(0, 2, 3, 1).to(torch.uint8).cpu().numpy()
    return pixels


def sweep(generator: Generator, space: ConditionSpace, columns: int = 8, seed: int = 7) -> Tensor:
    """Pictures (rows * columns, 3, h, w): a row per condition of `SWEEP`, a column per fixed latent."""
    device = next(generator.parameters()).device
    latents = torch.randn(columns, LATENT_SIZE, generator=torch.Generator().manual_seed(seed)).to(device)
    asked = EngineCondition(space)(torch.tensor(SWEEP)).to(device)
    with torch.no_grad():
        return torch.cat([generator(latents, row.expand(columns, -1)) for row in asked])


def save_sheet(images: Tensor, path: Path, columns: int = 8) -> Path:
    """Write pictures row by row as one PNG; the number of pictures is a multiple of `columns`."""
    pixels = as_pixels(images)
    rows, height, width = len(pixels) // columns, pixels.shape[1], pixels.shape[2]
    tiled = pixels.reshape(rows, columns, height, width, 3).transpose(0, 2, 1, 3, 4)
    with whole_file(path) as file:
        Image.fromarray(tiled.reshape(rows * height, columns * width, 3)).save(file, format="PNG")
    return path
