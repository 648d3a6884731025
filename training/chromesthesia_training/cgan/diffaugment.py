"""Differentiable augmentation of what the discriminator sees, real and made alike (Zhao et al. 2020)."""

from __future__ import annotations

import torch
from torch import Tensor

SHIFT_SHARE = 1 / 8
CUTOUT_SHARE = 1 / 2


def diff_augment(images: Tensor, rng: torch.Generator) -> Tensor:
    """Colour, shift and cutout, each picture (B, 3, side, side) on its own; gradients pass through."""
    return _cut_out(_shift(_recolour(images, rng), rng), rng)


def _recolour(images: Tensor, rng: torch.Generator) -> Tensor:
    brightness, saturation, contrast = (
        torch.rand(3, len(images), 1, 1, 1, generator=rng).to(images.device, images.dtype).unbind(0)
    )
    images = images + (brightness - 0.5)
    grey = images.mean(1, keepdim=True)
    images = (images - grey) * (2.0 * saturation) + grey
    level = images.mean((1, 2, 3), keepdim=True)
    return (images - level) * (contrast + 0.5) + level


def _shift(images: Tensor, rng: torch.Generator) -> Tensor:
    """Move each picture by up to an eighth of its side either way; what comes in is black (zero)."""
    count, _, side, _ = images.shape
    reach = max(1, round(side * SHIFT_SHARE))
    moves = torch.randint(-reach, reach + 1, (2, count, 1), generator=rng).to(images.device)
    places = torch.arange(side, device=images.device)[None] + moves
    inside = (places >= 0) & (places < side)
    rows, columns = places.clamp(0, side - 1)
    which = torch.arange(count, device=images.device)[:, None, None]
    moved = images.permute(0, 2, 3, 1)[which, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)
    kept = inside[0][:, :, None] & inside[1][:, None, :]
    return moved * kept[:, None]


def _cut_out(images: Tensor, rng: torch.Generator) -> Tensor:
    """Blank a square of half the side, somewhere, partly beyond the edge."""
    count, _, side, _ = images.shape
    half = max(1, round(side * CUTOUT_SHARE) // 2)
    centres = torch.randint(0, side + 1, (2, count, 1), generator=rng).to(images.device)
    places = torch.arange(side, device=images.device)[None]
    near = (places >= centres - half) & (places < centres + half)
    blank = near[0][:, :, None] & near[1][:, None, :]
    return images * ~blank[:, None]
