"""YAMNet's middle layers, trained on from their published weights: from activations of layer 7 to the emotions."""

from __future__ import annotations

import copy
from pathlib import Path

import torch
from torch import Tensor, nn

from chromesthesia_training.backbones.yamnet import load_yamnet
from chromesthesia_training.offline.models.parts import ClipEncoder, mean_and_deviation

FIRST, LAST, WIDTH = 8, 10, 512


class YamnetTail(ClipEncoder):
    """Layers 8 to 10 of YAMNet on [B, 512, 20, 4], mean, deviation and maximum over time."""

    takes = "layer7"

    def __init__(self, weights: Path, embedding: int = 128, dropout: float = 0.4) -> None:
        super().__init__(3 * WIDTH, embedding, dropout)
        whole = load_yamnet(weights)
        self.pretrained = nn.ModuleList(
            copy.deepcopy(whole.layers[number - 1]) for number in range(FIRST, LAST + 1)
        )
        self.norm = nn.BatchNorm1d(3 * WIDTH)
        self.skip = nn.Linear(3 * WIDTH, 3)

    def describe(self, spectra: Tensor, mask: Tensor) -> Tensor:
        hidden = spectra
        for layer in self.pretrained:
            hidden = layer(hidden)
        steps = hidden.mean(dim=3).transpose(1, 2)
        greatest = (steps * (mask.unsqueeze(2) > 0.0)).amax(dim=1)
        described: Tensor = self.norm(torch.cat([mean_and_deviation(steps, mask), greatest], dim=1))
        dropped: Tensor = self.dropout(described)
        return dropped

    def forward(self, spectra: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        described = self.describe(spectra, mask)
        embedding = self.to_embedding(described)
        return self.to_logits(self.dropout(embedding)) + self.skip(described), embedding
