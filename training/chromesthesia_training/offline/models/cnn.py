"""CNN: strided convolutions, then mean and deviation over time."""

from __future__ import annotations

from torch import Tensor

from chromesthesia_training.offline.models.parts import (
    ClipEncoder,
    Front,
    Widths,
    mean_and_deviation,
    step_mask,
)

WIDTHS = (24, 48, 112, 192)


class Cnn(ClipEncoder):
    """Front of four convolutions with statistics pooling."""

    def __init__(self, embedding: int = 128, widths: Widths = WIDTHS) -> None:
        front = Front(widths)
        super().__init__(2 * front.width, embedding)
        self.front = front

    def describe(self, spectra: Tensor, mask: Tensor) -> Tensor:
        hidden = self.front(spectra)
        return mean_and_deviation(hidden, step_mask(mask, hidden.shape[1]))
