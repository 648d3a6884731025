"""Palette and layout of a picture, linear in latent and condition: what paintings are like at 16 x 16.

The small paintings' mean follows the condition by a ridge; what is left is written in its 64 principal axes, each
scaled so that the latents of the paintings have mean 0 and deviation 1. A standard normal latent then gives a layout
with the paintings' own means and covariances from the first step on, every painting has a latent that needs no trained
encoder, and a straight walk through latents moves a layout evenly. An adversary alone kept a few palettes and let the
rest go.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from chromesthesia_training.data.batching import batches
from chromesthesia_training.data.condition import CONDITION_SIZE

LATENT_SIZE = 64
LAYOUT_SIDE = 16
INNER = 0.97
"""Pixels are held inside +-this before atanh, which is the scale of the generator's output."""
RIDGE = 20.0
BATCH = 128


class LayoutPrior(nn.Module):
    """Latent (batch, 64) and inner condition (batch, 11) to a layout (batch, 3, 16, 16) before tanh, and back.

    All of it is fixed once fitted; buffers of zeros until then.
    """

    mean: Tensor
    slopes: Tensor
    axes: Tensor

    def __init__(self) -> None:
        super().__init__()
        size = 3 * LAYOUT_SIDE**2
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("slopes", torch.zeros(CONDITION_SIZE, size))
        self.register_buffer("axes", torch.zeros(LATENT_SIZE, size))

    def forward(self, latent: Tensor, condition: Tensor) -> Tensor:
        flat = self.mean + condition @ self.slopes + latent @ self.axes
        return flat.view(-1, 3, LAYOUT_SIDE, LAYOUT_SIDE)

    def latent_of(self, images: Tensor, condition: Tensor) -> Tensor:
        """Latents (batch, 64) of pictures (batch, 3, h, w) in [-1, 1] under their conditions."""
        left = small_before_tanh(images) - self.mean - condition @ self.slopes
        latent: Tensor = left @ self.axes.T / self.axes.square().sum(1).clamp_min(1e-12)
        return latent

    def fit(self, images: Tensor, condition: Tensor) -> None:
        """Measure on paintings uint8 (N, s, s, 3), seen both ways round, and their conditions (N, 11)."""
        small = torch.cat(
            [
                small_before_tanh(part.permute(0, 3, 1, 2).float() / 127.5 - 1)
                for part in batches(images, BATCH)
            ]
        )
        mirrored = small.view(-1, 3, LAYOUT_SIDE, LAYOUT_SIDE).flip(3).flatten(1)
        fitted = fit_axes(torch.cat([small, mirrored]), condition.repeat(2, 1))
        self.mean.copy_(fitted.mean)
        self.slopes.copy_(fitted.slopes)
        self.axes.copy_(fitted.axes)


@dataclass(frozen=True)
class LinearLayout:
    """`mean` (size,), `slopes` (condition, size), `axes` (64, size)."""

    mean: Tensor
    slopes: Tensor
    axes: Tensor


def fit_axes(values: Tensor, condition: Tensor) -> LinearLayout:
    """Ridge of `values` (N, size) on `condition` (N, k), then scaled principal axes of what is left.

    With fewer than 65 paintings the axes beyond them are zero.
    """
    about = condition.mean(0)
    centred = condition - about
    gram = centred.T @ centred + RIDGE * torch.eye(condition.shape[1])
    slopes = torch.linalg.solve(gram, centred.T @ (values - values.mean(0)))
    mean = values.mean(0) - about @ slopes
    left = values - mean - condition @ slopes
    _, strengths, directions = torch.linalg.svd(left, full_matrices=False)
    axes = torch.zeros(LATENT_SIZE, values.shape[1])
    kept = min(LATENT_SIZE, len(strengths))
    axes[:kept] = directions[:kept] * (strengths[:kept] / len(values) ** 0.5)[:, None]
    return LinearLayout(mean, slopes, axes)


def small_before_tanh(images: Tensor) -> Tensor:
    """Pictures (batch, 3, h, w) in [-1, 1] at 16 x 16 on the scale before tanh, flat (batch, 768)."""
    return torch.atanh(INNER * F.adaptive_avg_pool2d(images, LAYOUT_SIDE)).flatten(1)


def enlarge(layout: Tensor, side: int) -> Tensor:
    """Double bilinearly until `side`: repeated, it is smooth, where one large step shows its cells."""
    while layout.shape[2] < side:
        layout = F.interpolate(layout, scale_factor=2.0, mode="bilinear", align_corners=False)
    return layout
