"""Projection heads: from an encoder's or a backbone's vectors to unit vectors of the shared space."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

SHARED_SIZE = 128
REDUCED_SIZE = 256


class ProjectionHead(nn.Module):
    """Standardise, one hidden layer, project, scale to length one: (batch, size) -> (batch, 128).

    Vectors of more than `REDUCED_SIZE` numbers are first turned to their principal axes, of which so many are kept. The
    hidden layer is rectified linear, so that the engine can repeat the head with two matrix products.
    """

    mean: Tensor
    deviation: Tensor
    axes: Tensor | None

    def __init__(self, size: int, hidden: int = 256, shared: int = SHARED_SIZE) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("deviation", torch.ones(size))
        kept = min(size, REDUCED_SIZE)
        self.register_buffer("axes", torch.eye(size)[:, :kept].contiguous() if size > kept else None)
        self.hidden = nn.Linear(kept, hidden)
        self.project = nn.Linear(hidden, shared)

    def set_standardisation(self, vectors: Tensor) -> None:
        """Take mean, deviation and axes from training vectors (N, size).

        A component that never moves keeps deviation 1. The axes are scaled as one, to a mean variance of 1 of what is
        kept, so that their proportions stay.
        """
        deviation = vectors.std(0, correction=0)
        self.mean.copy_(vectors.mean(0))
        self.deviation.copy_(torch.where(deviation > 1e-6, deviation, torch.ones_like(deviation)))
        if self.axes is not None:
            scaled = (vectors - self.mean) / self.deviation
            kept = min(self.axes.shape[1], len(scaled))
            _, strengths, axes = torch.pca_lowrank(scaled, kept, center=False)
            self.axes.zero_()
            self.axes[:, :kept] = axes * (len(scaled) / strengths.square().mean()).sqrt()

    def standardise(self, vectors: Tensor) -> Tensor:
        """Vectors (..., size) as the first layer takes them."""
        scaled = (vectors - self.mean) / self.deviation
        return scaled if self.axes is None else scaled @ self.axes

    def forward(self, vectors: Tensor) -> Tensor:
        return self.project_standardised(self.standardise(vectors))

    def project_standardised(self, vectors: Tensor) -> Tensor:
        """As `forward`, for vectors already standardised (training adds noise in between)."""
        return F.normalize(self.project(F.relu(self.hidden(vectors))), dim=-1)
