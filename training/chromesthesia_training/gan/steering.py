"""Steering: at rest, the ratings asked for take the place of chance in the latent directions that sway them.

A generator trained on paintings draws most of a picture's palette from its latent, as a painting's rating explains
little of its looks: what is asked moves only the mean of what chance draws. Training therefore follows how much each
latent direction moves the ratings read from the pictures (`slopes`, a running regression: free latents are standard
normal and know nothing of the condition). When painting, the latent's part along these directions makes room for one
that says what was asked; the latent's own length stays what it was.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from chromesthesia_training.data.condition import VAD_SIZE
from chromesthesia_training.gan.layout import LATENT_SIZE

STEERED = 0.6
"""How far what is asked replaces chance along the directions, as a correlation: 0 not at all, 1 wholly."""
LEAST_SLOPE = 0.05
"""Below it a rating is not read from the pictures, and steers nothing."""
SLOPE_RATE = 0.002


class Steering(nn.Module):
    """Latent (batch, 64) and inner condition (batch, 11) to a steered latent (batch, 64); the same until settled."""

    slopes: Tensor
    kept: Tensor
    asked: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("slopes", torch.zeros(LATENT_SIZE, VAD_SIZE))
        self.register_buffer("kept", torch.eye(LATENT_SIZE))
        self.register_buffer("asked", torch.zeros(VAD_SIZE, LATENT_SIZE))

    def forward(self, latent: Tensor, condition: Tensor) -> Tensor:
        steered: Tensor = latent @ self.kept + condition[:, :VAD_SIZE] @ self.asked
        return steered

    @torch.no_grad()
    def follow(self, latent: Tensor, ratings: Tensor, steps: int) -> None:
        """Take in the ratings (n, 3) read from pictures of unsteered normal latents (n, 64)."""
        seen = latent.T @ (ratings - ratings.mean(0)) / max(1, len(latent) - 1)
        self.slopes.lerp_(seen, max(SLOPE_RATE, 1.0 / (1 + steps)))

    @torch.no_grad()
    def settle(self, share: float = STEERED) -> None:
        """Work out from `slopes` what of a latent is kept and what a rating adds, `share` of the way."""
        strengths = self.slopes.norm(dim=0)
        slopes = self.slopes[:, strengths > LEAST_SLOPE]
        self.kept.copy_(torch.eye(LATENT_SIZE))
        self.asked.zero_()
        if not slopes.shape[1]:
            return
        directions, _ = torch.linalg.qr(slopes)
        self.kept.sub_((1 - (1 - share**2) ** 0.5) * directions @ directions.T)
        # the least latent whose read ratings move by a deviation of chance's own for each deviation asked
        reach = strengths[strengths > LEAST_SLOPE, None] * torch.linalg.pinv(slopes)
        self.asked[strengths > LEAST_SLOPE] = share * reach
