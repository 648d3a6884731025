"""CNN-LSTM-Attention: as CNN-LSTM, with attention choosing what of the clip counts."""

from __future__ import annotations

from torch import Tensor, nn

from chromesthesia_training.offline.models.parts import (
    Attention,
    ClipEncoder,
    Front,
    Widths,
    step_mask,
)

WIDTHS = (16, 32, 80, 128)


class CnnLstmAttention(ClipEncoder):
    """Front, one bidirectional LSTM, additive attention over time."""

    def __init__(self, embedding: int = 128, hidden: int = 148, widths: Widths = WIDTHS) -> None:
        super().__init__(2 * hidden, embedding)
        self.front = Front(widths)
        self.recurrent = nn.LSTM(self.front.width, hidden, batch_first=True, bidirectional=True)
        self.attention = Attention(2 * hidden)

    def describe(self, spectra: Tensor, mask: Tensor) -> Tensor:
        hidden, _ = self.recurrent(self.front(spectra))
        chosen: Tensor = self.attention(hidden, step_mask(mask, hidden.shape[1]))
        return chosen
