"""The artist's palette and layout in closed form, and what of it an emotion moves: before any step of training.

The small pictures' mean, axes and slopes on pleasure and stir are measured on many views. The latent is normal in every
direction, so the axes may be turned without changing what is painted: they are turned to lie as near as possible to the
pack's, and the network behind them goes on to understand its latents. What the pack learned about the eight emotions
of paintings is kept as far as the artist's own pictures vary that way.
"""

from __future__ import annotations

import torch
from torch import Tensor

from chromesthesia_training.data.condition import VAD_SIZE
from chromesthesia_training.gan.layout import fit_axes, small_before_tanh
from chromesthesia_training.gan.model import Generator


@torch.no_grad()
def fit_layout(generator: Generator, views: Tensor, vad: Tensor) -> None:
    """Put the palette and layout of views (n, 3, h, w) with their formula ratings (n, 3) into the generator."""
    prior = generator.prior
    values = small_before_tanh(views)
    fitted = fit_axes(values, vad)
    span, _ = torch.linalg.qr(fitted.axes.T)
    of_emotions = prior.slopes[VAD_SIZE:] @ span @ span.T
    of_emotions = of_emotions - of_emotions.mean(0)  # the neutral mixture is the artist's own mean
    turned = turned_towards(fitted.axes, prior.axes)
    prior.mean.copy_(fitted.mean)
    prior.slopes.copy_(torch.cat([fitted.slopes, of_emotions]))
    prior.axes.copy_(turned)
    # the formula's pleasure is linear in the layout: the slopes move all of it, and no latent has to be steered
    generator.steering.slopes.zero_()
    generator.steering.settle()


def turned_towards(axes: Tensor, wanted: Tensor) -> Tensor:
    """The rotation of `axes` (64, size) that lies nearest to `wanted` (orthogonal Procrustes)."""
    left, _, right = torch.linalg.svd(wanted @ axes.T)
    turned: Tensor = left @ right @ axes
    return turned
