"""ANN: fully connected layers over the hand-made description of a clip."""

from __future__ import annotations

from torch import Tensor, nn

from chromesthesia_training.offline.models.parts import ClipEncoder

DESCRIPTION = 316
"""Values of `functionals.functionals` for one clip."""


class Ann(ClipEncoder):
    """Standardised functionals [B, 345] through two hidden layers."""

    takes = "functionals"

    def __init__(self, embedding: int = 128, hidden: int = 256) -> None:
        super().__init__(hidden, embedding, dropout=0.5)
        self.layers = nn.Sequential(
            nn.Dropout(0.2),
            nn.Linear(DESCRIPTION, hidden),
            nn.BatchNorm1d(hidden),
            nn.ReLU(),
            nn.Dropout(0.5),
        )

    def describe(self, spectra: Tensor, mask: Tensor) -> Tensor:
        described: Tensor = self.layers(spectra)
        return described
