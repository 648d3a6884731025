"""The reference's four networks on 3 s of log-mel: a CNN, and it with squeeze-and-excitation and three ways of time."""

from __future__ import annotations

from typing import Literal, cast

import torch
from torch import Tensor, nn

Ending = Literal["flat", "temporal", "gru", "gru_attention"]
NETS: dict[str, tuple[bool, Ending]] = {
    "cnn": (False, "flat"),
    "cnn_se_temporal": (True, "temporal"),
    "cnn_se_gru": (True, "gru"),
    "cnn_se_gru_attention": (True, "gru_attention"),
}
"""Name -> with squeeze-and-excitation, what follows the blocks."""
WIDTHS = (16, 32, 64)
GRU_WIDTH, DENSE_WIDTH, DROPOUT = 64, 128, 0.3
SQUEEZE = 8


class SqueezeExcite(nn.Module):
    """Each channel weighed by what all of them hold on the whole (Hu et al. 2018)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gates = nn.Sequential(
            nn.Linear(channels, max(1, channels // SQUEEZE)),
            nn.ReLU(),
            nn.Linear(max(1, channels // SQUEEZE), channels),
            nn.Sigmoid(),
        )

    def forward(self, inputs: Tensor) -> Tensor:
        return inputs * cast(Tensor, self.gates(inputs.mean(dim=(2, 3))))[:, :, None, None]


def _block(narrow: int, wide: int, excite: bool) -> list[nn.Module]:
    """Convolution, pooling, batch norm, ReLU: pooled before the norm, which costs half and gives as much."""
    layers: list[nn.Module] = [
        nn.Conv2d(narrow, wide, 3, padding=1),
        nn.MaxPool2d(2),
        nn.BatchNorm2d(wide),
        nn.ReLU(inplace=True),
    ]
    return [*layers, SqueezeExcite(wide)] if excite else layers


class ChunkNet(nn.Module):
    """Log-mel [B, mels, frames] in -1..1 -> targets [B, T]; the reference's takes 128 x 128 and three blocks."""

    def __init__(
        self, name: str, targets: int, size: tuple[int, int] = (128, 128), widths: tuple[int, ...] = WIDTHS
    ) -> None:
        super().__init__()
        excite, self.ending = NETS[name]
        layers: list[nn.Module] = []
        narrow = 1
        for wide in widths:
            layers += _block(narrow, wide, excite)
            narrow = wide
        # Channels last: half the time of a step on a processor. Torch's types do not know the word.
        self.blocks = nn.Sequential(*layers).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        mels, frames = (side // 2 ** len(widths) for side in size)
        if self.ending in ("flat", "temporal"):
            if self.ending == "temporal":
                self.temporal = nn.Sequential(nn.Conv1d(narrow, narrow, 3, padding=1), nn.ReLU())
            width = narrow * mels * frames
        else:
            self.gru = nn.GRU(narrow * mels, GRU_WIDTH, batch_first=True)
            if self.ending == "gru_attention":
                self.attention = nn.Linear(GRU_WIDTH, 1)
            width = GRU_WIDTH
        self.head = nn.Sequential(
            nn.Linear(width, DENSE_WIDTH), nn.ReLU(), nn.Dropout(DROPOUT), nn.Linear(DENSE_WIDTH, targets)
        )

    def forward(self, log_mel: Tensor) -> Tensor:
        heard = cast(Tensor, self.blocks(log_mel[:, None]))
        if self.ending == "flat":
            return cast(Tensor, self.head(heard.flatten(1)))
        in_time = heard.permute(0, 1, 3, 2)
        if self.ending == "temporal":
            # Time and frequency in one row, time by time, as the reference lays them out.
            return cast(Tensor, self.head(self.temporal(in_time.flatten(2)).flatten(1)))
        sequence, last = self.gru(in_time.permute(0, 2, 1, 3).flatten(2))
        if self.ending == "gru":
            return cast(Tensor, self.head(last[-1]))
        weights = torch.softmax(self.attention(sequence), dim=1)
        return cast(Tensor, self.head((weights * sequence).sum(dim=1)))


class EmbeddingNet(nn.Module):
    """The reference's regressor on an embedding: values -> 512 -> 128 -> targets, dropout between."""

    def __init__(self, values: int, targets: int, widths: tuple[int, int] = (512, 128)) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Linear(values, widths[0]),
            nn.ReLU(),
            nn.Dropout(DROPOUT),
            nn.Linear(widths[0], widths[1]),
            nn.ReLU(),
            nn.Linear(widths[1], targets),
        )

    def forward(self, embedding: Tensor) -> Tensor:
        return cast(Tensor, self.layers(embedding))
