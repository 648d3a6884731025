"""Random views of paintings, and the differentiable changes that paintings and pictures pass when judged."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

BRIGHTNESS = 0.1
SATURATION = 0.4
CONTRAST = 0.15
SHIFT_SHARE = 1 / 8


def crop_paintings(stored: Tensor, side: int, smallest: float, rng: torch.Generator) -> Tensor:
    """Random squares of 100 % down to `smallest` of the paintings' side, mirrored half of the time.

    `stored` is uint8 (batch, h, w, 3); returns float32 (batch, 3, side, side) in [-1, 1], channels last. The
    crops keep painted frames, signatures and canvas edges from being learned as part of every picture.
    """
    count = len(stored)
    scale = smallest + (1 - smallest) * torch.rand(count, generator=rng)
    room = 1 - scale
    middle = (torch.rand(count, 2, generator=rng) * 2 - 1) * room[:, None]
    mirror = 1 - 2 * (torch.rand(count, generator=rng) < 0.5).float()
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1], theta[:, :, 2] = scale * mirror, scale, middle
    images = (
        stored.permute(0, 3, 1, 2).float().div(127.5).sub(1).contiguous(memory_format=torch.channels_last)
    )
    grid = F.affine_grid(theta, [count, 3, side, side], align_corners=False)
    cropped = F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    return cropped.contiguous(memory_format=torch.channels_last)


def augment(images: Tensor, rng: torch.Generator) -> Tensor:
    """Small random changes of brightness, saturation, contrast, place; differentiable (Zhao et al. 2020).

    The batch moves as one: moved one by one, marks that the generator leaves at the same place would go unseen.
    """
    count, side = len(images), images.shape[2]

    def spread(width: float) -> Tensor:
        return (torch.rand(count, 1, 1, 1, generator=rng) * 2 - 1) * width

    grey = images.mean(1, keepdim=True)
    images = (images - grey) * (1 + spread(SATURATION)) + grey
    level = images.mean((1, 2, 3), keepdim=True)
    images = (images - level) * (1 + spread(CONTRAST)) + level + spread(BRIGHTNESS)
    return _shift(images, math.ceil(side * SHIFT_SHARE), rng)


def _shift(images: Tensor, reach: int, rng: torch.Generator) -> Tensor:
    """Move all pictures together by up to `reach` whole pixels either way, filling by reflection."""
    side = images.shape[2]
    down, across = (int(torch.randint(-reach, reach + 1, (1,), generator=rng)) for _ in range(2))
    padded = F.pad(images, (reach, reach, reach, reach), mode="reflect")
    top, left = reach + down, reach + across
    return padded[:, :, top : top + side, left : left + side].contiguous(memory_format=torch.channels_last)
