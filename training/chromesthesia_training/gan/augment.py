"""Random views of paintings, and the differentiable changes that paintings and pictures pass when judged."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

BRIGHTNESS = 0.1
SATURATION = 0.4
CONTRAST = 0.15
SHIFT_SHARE = 1 / 8


def crop_paintings(
    stored: Tensor, side: int, smallest: float, rng: torch.Generator, device: torch.device | None = None
) -> Tensor:
    """Random squares of 100 % down to `smallest` of the paintings' side, mirrored half of the time.

    `stored` is uint8 (batch, h, w, 3); returns float32 (batch, 3, side, side) in [-1, 1], channels last, on `device`
    where one is given. The crops keep painted frames, signatures and canvas edges from being learned as part of every
    picture.
    """
    count = len(stored)
    scale = smallest + (1 - smallest) * torch.rand(count, generator=rng)
    room = 1 - scale
    middle = (torch.rand(count, 2, generator=rng) * 2 - 1) * room[:, None]
    mirror = 1 - 2 * (torch.rand(count, generator=rng) < 0.5).float()
    theta = torch.zeros(count, 2, 3)
    theta[:, 0, 0], theta[:, 1, 1], theta[:, :, 2] = scale * mirror, scale, middle
    if device is not None:
        stored, theta = stored.to(device), theta.to(device)
    images = (
        stored.permute(0, 3, 1, 2).float().div(127.5).sub(1).contiguous(memory_format=torch.channels_last)
    )
    grid = F.affine_grid(theta, [count, 3, side, side], align_corners=False)
    cropped = F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)
    return cropped.contiguous(memory_format=torch.channels_last)


@dataclass(frozen=True)
class Changes:
    """Random changes of a batch: saturation, contrast, brightness (batch, 1, 1, 1) each, and one shift for all."""

    saturation: Tensor
    contrast: Tensor
    brightness: Tensor
    shift: tuple[float, float]

    @staticmethod
    def draw(count: int, rng: torch.Generator) -> Changes:
        def spread(width: float) -> Tensor:
            return (torch.rand(count, 1, 1, 1, generator=rng) * 2 - 1) * width

        down, across = (torch.rand(2, generator=rng) * 2 - 1).tolist()
        return Changes(spread(SATURATION), spread(CONTRAST), spread(BRIGHTNESS), (down, across))

    def begin_with(self, other: Changes, count: int) -> Changes:
        """These changes with the first `count`, and the shift, taken from `other`."""

        def joined(ours: Tensor, theirs: Tensor) -> Tensor:
            return torch.cat([theirs[:count], ours[count:]])

        return Changes(
            joined(self.saturation, other.saturation),
            joined(self.contrast, other.contrast),
            joined(self.brightness, other.brightness),
            other.shift,
        )


def augment(images: Tensor, changes: Changes) -> Tensor:
    """Change saturation, contrast, brightness, place; differentiable (Zhao et al. 2020).

    The batch moves as one: moved one by one, marks that the generator leaves at the same place would go unseen.
    """
    device = images.device
    grey = images.mean(1, keepdim=True)
    images = (images - grey) * (1 + changes.saturation.to(device)) + grey
    level = images.mean((1, 2, 3), keepdim=True)
    images = (images - level) * (1 + changes.contrast.to(device)) + level + changes.brightness.to(device)
    return _shift(images, changes.shift)


def _shift(images: Tensor, shift: tuple[float, float]) -> Tensor:
    """Move all pictures together by shares of the largest reach, in whole pixels, filling by reflection."""
    side = images.shape[2]
    reach = math.ceil(side * SHIFT_SHARE)
    padded = F.pad(images, (reach, reach, reach, reach), mode="reflect")
    top, left = reach + round(shift[0] * reach), reach + round(shift[1] * reach)
    return padded[:, :, top : top + side, left : left + side].contiguous(memory_format=torch.channels_last)
