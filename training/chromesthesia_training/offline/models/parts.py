"""What the encoders share: the convolutional front, pooling over the part of a row that sounds, the two heads."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from chromesthesia.core.emotions import EMOTIONS

VIEWS = 3
BANDS = 64
FRAMES_PER_STEP = 8
Widths = tuple[int, int, int, int]


def conv_norm(
    channels_in: int, channels_out: int, stride: tuple[int, int] = (1, 1), side: int = 3
) -> nn.Sequential:
    """Convolution of `side` by `side`, batch norm, ReLU."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, side, stride=stride, padding=side // 2, bias=False),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(inplace=True),
    )


class Front(nn.Module):
    """Four strided convolutions: [B, 3, frames, 64] -> [B, frames / 8, 4 * last width]."""

    def __init__(self, widths: Widths) -> None:
        super().__init__()
        strides = ((2, 2), (2, 2), (2, 2), (1, 2))
        channels = (VIEWS, *widths[:-1])
        self.layers = nn.Sequential(
            *(
                conv_norm(one, other, stride)
                for one, other, stride in zip(channels, widths, strides, strict=True)
            )
        )
        self.width = widths[-1] * (BANDS // 16)

    def forward(self, spectra: Tensor) -> Tensor:
        hidden: Tensor = self.layers(spectra)
        return hidden.permute(0, 2, 1, 3).flatten(2)


def step_mask(mask: Tensor, steps: int) -> Tensor:
    """Share of each step that sounds: mask [B, frames] of 0 and 1 -> [B, steps]."""
    return functional.adaptive_avg_pool1d(mask.unsqueeze(1), steps).squeeze(1)


def mean_and_deviation(hidden: Tensor, weight: Tensor) -> Tensor:
    """Statistics over time (Snyder et al. 2018): hidden [B, S, W], weight [B, S] -> [B, 2 W]."""
    share = (weight / weight.sum(dim=1, keepdim=True).clamp_min(1e-6)).unsqueeze(2)
    mean = (hidden * share).sum(dim=1)
    deviation = ((hidden - mean.unsqueeze(1)).square() * share).sum(dim=1).add(1e-4).sqrt()
    return torch.cat([mean, deviation], dim=1)


class Attention(nn.Module):
    """Additive attention over time (Bahdanau et al. 2015), blind to padding: [B, S, W] -> [B, W]."""

    def __init__(self, width: int, hidden: int = 64) -> None:
        super().__init__()
        self.score = nn.Sequential(nn.Linear(width, hidden), nn.Tanh(), nn.Linear(hidden, 1))

    def forward(self, hidden: Tensor, weight: Tensor) -> Tensor:
        score = self.score(hidden).squeeze(2) + weight.clamp_min(1e-6).log()
        share: Tensor = score.softmax(dim=1)
        return (hidden * share.unsqueeze(2)).sum(dim=1)


class ClipEncoder(nn.Module):
    """Base: `describe` gives [B, described]; from it the embedding and the logits of the three emotions."""

    takes = "spectra"
    """`spectra`: [B, 3, frames, 64] with a mask; `functionals`: a vector per clip."""

    def __init__(self, described: int, embedding: int, dropout: float = 0.3) -> None:
        super().__init__()
        self.to_embedding = nn.Sequential(
            nn.Linear(described, embedding), nn.BatchNorm1d(embedding), nn.ReLU(inplace=True)
        )
        self.dropout = nn.Dropout(dropout)
        self.to_logits = nn.Linear(embedding, len(EMOTIONS))

    def describe(self, spectra: Tensor, mask: Tensor) -> Tensor:
        """spectra [B, 3, frames, 64], mask [B, frames] (1 where it sounds) -> [B, described]."""
        raise NotImplementedError

    def forward(self, spectra: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """-> logits [B, 3], embedding [B, E]."""
        embedding = self.to_embedding(self.describe(spectra, mask))
        return self.to_logits(self.dropout(embedding)), embedding
