"""Frozen features of random weights, for where SqueezeNet's weights are not: poorer pictures, all else the same.

Random convolutions of several scales still tell colours and textures apart (Saxe et al. 2011, Random Weights and
Unsupervised Feature Learning), but they know no objects and no style.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

WIDTHS = (3, 24, 48, 96)
SEED = 7


class RandomFeatures(nn.Module):
    """The interface of `squeezenet.FeatureNet`: three maps, at a quarter, an eighth and a sixteenth of the side.

    The same weights on every machine and every call.
    """

    channels: dict[str, int] = {"near": 24, "middle": 48, "far": 96}  # noqa: RUF012 - matches the protocol

    def __init__(self) -> None:
        super().__init__()
        rng = torch.Generator().manual_seed(SEED)
        for name, (width_in, width_out) in zip(self.channels, pairwise(WIDTHS), strict=True):
            kernel = torch.randn(width_out, width_in, 3, 3, generator=rng) * (2.0 / (9 * width_in)) ** 0.5
            self.register_buffer(name, kernel)
        self.eval()

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        maps = {}
        x = F.avg_pool2d(image, 2)
        for name in self.channels:
            x = F.relu(F.conv2d(x, self.get_buffer(name), stride=2, padding=1))
            maps[name] = x
        return maps
