"""The losses of the thesis: progressive reconstruction, KL divergence, valence and arousal."""

from __future__ import annotations

import torch
from torch import Tensor

FOURTH_UNTIL, SQUARE_UNTIL = 0.3, 0.7


def reconstruction(made: Tensor, wanted: Tensor, progress: float, progressive: bool) -> Tensor:
    """Mean of the differences to the fourth power, squared, or their size, by the share of the training done."""
    apart = made - wanted
    if not progressive:
        return apart.square().mean()
    if progress < FOURTH_UNTIL:
        return apart.square().square().mean()
    return apart.square().mean() if progress < SQUARE_UNTIL else apart.abs().mean()


def divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL divergence from the standard normal, mean over items and latent values."""
    return -0.5 * (1.0 + log_variance - mean.square() - log_variance.exp()).mean()


def draw(mean: Tensor, log_variance: Tensor) -> Tensor:
    """A point of the latent space: mean + deviation * noise."""
    return mean + (0.5 * log_variance).exp() * torch.randn_like(mean)


def va_weight(start: float, epoch: int) -> float:
    """Weight of the valence-arousal loss: grows by 0.01 an epoch, to 1 at most."""
    return min(1.0, start + 0.01 * epoch)
