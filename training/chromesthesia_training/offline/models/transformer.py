"""Transformer: attention between stretches of 160 ms."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from chromesthesia_training.offline.models.parts import (
    BANDS,
    VIEWS,
    ClipEncoder,
    conv_norm,
    mean_and_deviation,
    step_mask,
)

LONGEST_STEPS = 64


class Transformer(ClipEncoder):
    """Two strided convolutions make the tokens (Xiao et al. 2021), learned positions, pre-norm layers (Vaswani et
    al. 2017), statistics over time."""

    def __init__(
        self, embedding: int = 128, width: int = 128, layers: int = 3, heads: int = 4, stem: int = 16
    ) -> None:
        super().__init__(2 * width, embedding)
        self.stem = nn.Sequential(conv_norm(VIEWS, stem, (2, 2)), conv_norm(stem, 2 * stem, (2, 4)))
        self.patches = nn.Linear(2 * stem * (BANDS // 8), width)
        self.positions = nn.Parameter(0.02 * torch.randn(1, LONGEST_STEPS, width))
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                width, heads, 2 * width, dropout=0.1, activation="gelu", batch_first=True, norm_first=True
            )
            for _ in range(layers)
        )
        self.norm = nn.LayerNorm(width)

    def describe(self, spectra: Tensor, mask: Tensor) -> Tensor:
        tokens = self.patches(self.stem(spectra).permute(0, 2, 1, 3).flatten(2))
        steps = tokens.shape[1]
        hidden = tokens + self.positions[:, :steps]
        weight = step_mask(mask, steps)
        for layer in self.layers:
            hidden = layer(hidden, src_key_padding_mask=weight <= 0.0)
        return mean_and_deviation(self.norm(hidden), weight)
