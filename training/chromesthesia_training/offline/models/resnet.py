"""ResNet: residual blocks over time and frequency."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from chromesthesia_training.offline.models.parts import (
    BANDS,
    VIEWS,
    ClipEncoder,
    conv_norm,
    mean_and_deviation,
    step_mask,
)

WIDTHS = (32, 64, 128, 128, 256, 256)


class Block(nn.Module):
    """Two 3 x 3 convolutions around a shortcut (He et al. 2016); halves both axes where `stride` is 2."""

    def __init__(self, channels_in: int, channels_out: int, stride: int) -> None:
        super().__init__()
        self.first = conv_norm(channels_in, channels_out, (stride, stride))
        self.second = nn.Sequential(
            nn.Conv2d(channels_out, channels_out, 3, padding=1, bias=False), nn.BatchNorm2d(channels_out)
        )
        self.stride = stride
        same = stride == 1 and channels_in == channels_out
        self.shortcut: nn.Module = (
            nn.Identity()
            if same
            else nn.Sequential(
                nn.Conv2d(channels_in, channels_out, 1, bias=False),
                nn.BatchNorm2d(channels_out),
            )
        )

    def forward(self, inputs: Tensor) -> Tensor:
        # Not a convolution with a stride: on processors without AVX-512, oneDNN's gradient of one of 1 x 1 writes past
        # its memory where the channels are fewer than eight.
        kept = inputs[:, :, :: self.stride, :: self.stride]
        return functional.relu(self.second(self.first(inputs)) + self.shortcut(kept))


class ResNet(ClipEncoder):
    """A strided stem and five residual blocks, statistics over time.

    The stem quarters time and frequency: what costs is products, and those are had where maps are large.
    """

    def __init__(self, embedding: int = 128, widths: tuple[int, ...] = WIDTHS) -> None:
        halvings = sum(one != other for one, other in zip((widths[0], *widths[:-1]), widths, strict=True))
        bands = -(-(BANDS // 4) // 2**halvings)
        super().__init__(2 * widths[-1] * bands, embedding)
        self.stem = conv_norm(VIEWS, widths[0], (4, 4), side=5)
        self.blocks = nn.Sequential(
            *(
                Block(one, other, 1 if one == other else 2)
                for one, other in zip((widths[0], *widths[:-1]), widths, strict=True)
            )
        )

    def describe(self, spectra: Tensor, mask: Tensor) -> Tensor:
        hidden: Tensor = self.blocks(self.stem(spectra)).permute(0, 2, 1, 3).flatten(2)
        return torch.as_tensor(mean_and_deviation(hidden, step_mask(mask, hidden.shape[1])))
