"""Transformer: attention between stretches of 160 ms."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from chromesthesia_training.offline.models.parts import (
    BANDS,
    FRAMES_PER_STEP,
    VIEWS,
    ClipEncoder,
    mean_and_deviation,
    step_mask,
)

LONGEST_STEPS = 64


class Transformer(ClipEncoder):
    """Patches of 8 frames by all bands, learned positions, pre-norm layers (Vaswani et al. 2017), statistics."""

    def __init__(self, embedding: int = 128, width: int = 128, layers: int = 3, heads: int = 4) -> None:
        super().__init__(2 * width, embedding)
        self.patches = nn.Linear(VIEWS * FRAMES_PER_STEP * BANDS, width)
        self.positions = nn.Parameter(0.02 * torch.randn(1, LONGEST_STEPS, width))
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width, heads, 2 * width, dropout=0.1, activation="gelu", batch_first=True, norm_first=True
            )
            for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)

    def describe(self, spectra: Tensor, mask: Tensor) -> Tensor:
        rows, views, frames, bands = spectra.shape
        steps = frames // FRAMES_PER_STEP
        cut = spectra[:, :, : steps * FRAMES_PER_STEP].reshape(rows, views, steps, FRAMES_PER_STEP, bands)
        hidden = self.patches(cut.transpose(1, 2).flatten(2)) + self.positions[:, :steps]
        weight = step_mask(mask, steps)
        for layer in self.layers:
            hidden = layer(hidden, src_key_padding_mask=weight <= 0.0)
        return mean_and_deviation(self.norm(hidden), weight)
