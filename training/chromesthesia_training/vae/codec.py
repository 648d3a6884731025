"""A small codec of sound with EnCodec's layout: 46 s at 75 frames a second, 32 values a frame.

EnCodec quantises a learned frame into 32 code books; this one keeps 32 learned values. Its frames are those of a
log-mel spectrum, which Griffin-Lim turns back into sound.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from chromesthesia_training.vae.patches import components
from chromesthesia_training.vae.spectra import CODEC_MEL

CHANNELS = 32
KERNEL = 5


class MelCodec(nn.Module):
    """Spectra [B, bands, frames] in 0..1 to tokens [B, 32, frames] and back; begins as principal components."""

    def __init__(self, bands: int = CODEC_MEL.bands, channels: int = CHANNELS) -> None:
        super().__init__()
        self.middle: Tensor
        self.register_buffer("middle", torch.full((bands, 1), 0.5))
        self.into = nn.Conv1d(bands, channels, 1)
        self.back = nn.Conv1d(channels, bands, 1)
        self.encoder = _context(bands, channels, bands)
        self.decoder = _context(channels, bands, bands)

    @property
    def channels(self) -> int:
        return self.into.out_channels

    def begin(self, frames: Tensor) -> float:
        """Take over the principal components of frames [n, bands]; the share of variance that they keep."""
        middle = frames.mean(dim=0)
        basis, kept = components(frames - middle, self.channels)
        with torch.no_grad():
            self.middle.copy_(middle[:, None])
            self.into.weight.copy_(basis.T[:, :, None])
            self.back.weight.copy_(basis[:, :, None])
            for layer in (self.into, self.back):
                assert layer.bias is not None
                layer.bias.zero_()
        return kept

    def forward(self, spectra: Tensor) -> Tensor:
        centred = spectra - self.middle
        return torch.as_tensor(self.into(centred) + self.encoder(centred))

    def decode(self, tokens: Tensor) -> Tensor:
        """Spectra [B, bands, frames], not clipped."""
        return torch.as_tensor(self.back(tokens) + self.decoder(tokens)) + self.middle


def _context(inputs: int, outputs: int, hidden: int) -> nn.Sequential:
    """What neighbouring frames add; nothing at the beginning."""
    last = nn.Conv1d(hidden, outputs, KERNEL, padding=KERNEL // 2)
    nn.init.zeros_(last.weight)
    assert last.bias is not None
    nn.init.zeros_(last.bias)
    return nn.Sequential(nn.Conv1d(inputs, hidden, KERNEL, padding=KERNEL // 2), nn.GELU(), last)
