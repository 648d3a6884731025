"""CNN-LSTM: the convolutional front read in both directions by a long short-term memory."""

from __future__ import annotations

from torch import Tensor, nn

from chromesthesia_training.offline.models.parts import (
    ClipEncoder,
    Front,
    Widths,
    mean_and_deviation,
    step_mask,
)

WIDTHS = (16, 32, 80, 128)


class CnnLstm(ClipEncoder):
    """Front, one bidirectional LSTM (Hochreiter and Schmidhuber 1997), statistics over time."""

    def __init__(self, embedding: int = 128, hidden: int = 144, widths: Widths = WIDTHS) -> None:
        super().__init__(4 * hidden, embedding)
        self.front = Front(widths)
        self.recurrent = nn.LSTM(self.front.width, hidden, batch_first=True, bidirectional=True)

    def describe(self, spectra: Tensor, mask: Tensor) -> Tensor:
        hidden, _ = self.recurrent(self.front(spectra))
        return mean_and_deviation(hidden, step_mask(mask, hidden.shape[1]))
