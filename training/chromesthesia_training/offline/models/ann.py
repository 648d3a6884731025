"""ANN: fully connected layers over the hand-made description of a clip."""

from __future__ import annotations

from torch import Tensor, nn

from chromesthesia_training.offline.models.parts import ClipEncoder

DESCRIPTION = 316
"""Values of `functionals.functionals` for one clip."""


class Ann(ClipEncoder):
    """Standardised functionals [B, 316] through hidden layers of `hidden` units."""

    takes = "functionals"

    def __init__(self, embedding: int = 128, hidden: tuple[int, ...] = (4_096, 3_840)) -> None:
        super().__init__(hidden[-1], embedding, dropout=0.5)
        layers: list[nn.Module] = [nn.Dropout(0.2)]
        for inputs, outputs in zip((DESCRIPTION, *hidden), hidden, strict=False):
            layers += [nn.Linear(inputs, outputs), nn.BatchNorm1d(outputs), nn.ReLU(), nn.Dropout(0.5)]
        self.layers = nn.Sequential(*layers)

    def describe(self, spectra: Tensor, mask: Tensor) -> Tensor:
        described: Tensor = self.layers(spectra)
        return described
