"""Pull the pictures' features to the paintings' mean and covariance (Salimans et al. 2016, and its second moment).

Each frozen map has axes of its own: the principal ones of its pooled features over the paintings, at deviation 1.
A batch is too small to be compared: running differences of the first and second moments are, and their product with a
batch's own moments has the gradient of half their square.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

AXES = 64
MEAN_RATE = 0.05
SPREAD_RATE = 0.01
FURTHEST = 4.0
"""Deviations beyond which a picture counts no more: a few far ones would carry the second moment."""


@dataclass(frozen=True)
class FeatureAxes:
    """Of one map: `mean` (2 * channels,) and `weight` (2 * channels, axes) of its pooled features."""

    mean: Tensor
    weight: Tensor

    def to(self, device: torch.device) -> FeatureAxes:
        """The same on a device."""
        return FeatureAxes(self.mean.to(device), self.weight.to(device))

    def __call__(self, pooled: Tensor) -> Tensor:
        """Pooled features (batch, 2 * channels) to places (batch, axes) among the paintings, in deviations."""
        return ((pooled - self.mean) @ self.weight).clamp(-FURTHEST, FURTHEST)


def fit_feature_axes(pooled: Tensor) -> FeatureAxes:
    """Principal axes of paintings' pooled features (N, 2 * channels), all channels on one scale."""
    mean = pooled.mean(0)
    _, strengths, directions = torch.linalg.svd(pooled - mean, full_matrices=False)
    deviations = strengths / max(1, len(pooled) - 1) ** 0.5
    kept = int((deviations[:AXES] > 1e-4 * deviations[0]).sum())
    return FeatureAxes(mean, directions[:kept].T / deviations[:kept])


class RunningMoments:
    """Running differences between pictures and paintings of the first two moments on each map's axes."""

    def __init__(self, axes: dict[str, FeatureAxes]) -> None:
        self.axes = axes
        self.means: dict[str, Tensor] = {}
        self.spreads: dict[str, Tensor] = {}

    def pulls(self, made: dict[str, Tensor], real: dict[str, Tensor]) -> tuple[Tensor, Tensor]:
        """Scalars whose gradients bring the moments together: of means and of second moments, each per axis.

        Takes pooled features (batch, 2 * channels) by map.
        """
        centre, spread = [], []
        for name, axes in self.axes.items():
            places, wanted = axes(made[name]), axes(real[name].detach())
            second = places.T @ places / len(places)
            with torch.no_grad():
                apart = places.mean(0) - wanted.mean(0)
                wider = second - wanted.T @ wanted / len(wanted)
                self.means[name] = self.means.get(name, apart).lerp(apart, MEAN_RATE)
                self.spreads[name] = self.spreads.get(name, torch.zeros_like(wider)).lerp(wider, SPREAD_RATE)
            count = len(apart)
            centre.append(places.mean(0) @ self.means[name] / count)
            spread.append((second * self.spreads[name]).sum() / (2 * count))
        return torch.stack(centre).sum(), torch.stack(spread).sum()

    def to(self, axes: dict[str, FeatureAxes]) -> None:
        """Go on with the same axes on another device."""
        self.axes = axes
        for kept in (self.means, self.spreads):
            for name, values in kept.items():
                kept[name] = values.to(axes[name].mean.device)

    def off(self) -> tuple[float, float]:
        """How far apart now: mean square over axes and maps of the first moments, and of the second's diagonal."""
        first = torch.stack([values.square().mean() for values in self.means.values()])
        second = torch.stack([values.diagonal().square().mean() for values in self.spreads.values()])
        return float(first.mean()), float(second.mean())

    def content(self) -> dict[str, dict[str, Tensor]]:
        """What changes while training, for a checkpoint."""
        return {"means": dict(self.means), "spreads": dict(self.spreads)}

    def put(self, content: dict[str, dict[str, Tensor]]) -> None:
        """Take back what `content` gave."""
        self.means, self.spreads = dict(content["means"]), dict(content["spreads"])
