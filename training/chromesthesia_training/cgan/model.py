"""Residual generator with conditional batch norm and projection discriminator with spectral norm (64 x 64)."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from chromesthesia_training.align.heads import SHARED_SIZE
from chromesthesia_training.errors import TrainingError

LATENT_SIZE = 128
START_SIDE = 4


@dataclass(frozen=True)
class CganSizes:
    """Shape of both networks. `base_channels` is that of the two largest resolutions, and doubles with every smaller
    one: 64 in the reference, so 512 where the picture begins."""

    side: int = 64
    base_channels: int = 64
    condition: int = SHARED_SIZE

    def doublings(self) -> int:
        """How often the generator doubles the side. Raises TrainingError unless the side is 4 times a power of two."""
        doublings = round(math.log2(self.side / START_SIDE)) if self.side >= 2 * START_SIDE else 0
        if not doublings or START_SIDE * 2**doublings != self.side:
            raise TrainingError(f"pictures of side {self.side}", "use 8, 16, 32, 64, 128 or 256")
        return doublings


class ConditionalBatchNorm(nn.Module):
    """Batch norm whose gain and offset are linear in the condition (de Vries et al. 2017)."""

    def __init__(self, channels: int, condition: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.affine = nn.Linear(condition, 2 * channels)
        nn.init.normal_(self.affine.weight, std=0.02)
        nn.init.zeros_(self.affine.bias)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        gain, offset = self.affine(condition)[:, :, None, None].chunk(2, dim=1)
        normed: Tensor = self.norm(x) * (1.0 + gain) + offset
        return normed


class UpBlock(nn.Module):
    """Norm, rectify, double, convolve, twice over, beside a doubled 1 x 1 short cut (Miyato et al. 2018)."""

    def __init__(self, channels_in: int, channels_out: int, condition: int) -> None:
        super().__init__()
        self.norm1 = ConditionalBatchNorm(channels_in, condition)
        self.conv1 = nn.Conv2d(channels_in, channels_out, 3, padding=1)
        self.norm2 = ConditionalBatchNorm(channels_out, condition)
        self.conv2 = nn.Conv2d(channels_out, channels_out, 3, padding=1)
        self.short = nn.Conv2d(channels_in, channels_out, 1)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        hidden = self.conv1(_doubled(F.relu(self.norm1(x, condition))))
        hidden = self.conv2(F.relu(self.norm2(hidden, condition)))
        # A 1 x 1 convolution commutes with nearest doubling and costs a quarter before it.
        joined: Tensor = hidden + _doubled(self.short(x))
        return joined


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2, mode="nearest")


class CganGenerator(nn.Module):
    """latent (B, 128) and condition (B, 128) to pictures (B, 3, side, side) in [-1, 1].

    The condition is a unit vector of the shared space; it is scaled to components of deviation about one.
    """

    def __init__(self, sizes: CganSizes) -> None:
        super().__init__()
        doublings = sizes.doublings()
        widths = [sizes.base_channels * 2 ** max(0, power - 1) for power in range(doublings, -1, -1)]
        self.start = nn.Linear(LATENT_SIZE, widths[0] * START_SIDE**2)
        self.blocks = nn.ModuleList(
            UpBlock(wide, narrow, sizes.condition) for wide, narrow in itertools.pairwise(widths)
        )
        self.norm = nn.BatchNorm2d(widths[-1])
        self.to_rgb = nn.Conv2d(widths[-1], 3, 3, padding=1)
        self.apply(_initialise)

    def forward(self, latent: Tensor, condition: Tensor) -> Tensor:
        condition = condition * math.sqrt(condition.shape[1])
        x = self.start(latent).reshape(len(latent), -1, START_SIDE, START_SIDE)
        for block in self.blocks:
            x = block(x, condition)
        return torch.tanh(self.to_rgb(F.relu(self.norm(x))))


class DownBlock(nn.Module):
    """Rectify, convolve, twice over, beside a 1 x 1 short cut; halves the side when asked to."""

    def __init__(self, channels_in: int, channels_out: int, halve: bool, first: bool = False) -> None:
        super().__init__()
        between = channels_out if first else channels_in
        self.conv1 = spectral_norm(nn.Conv2d(channels_in, between, 3, padding=1))
        self.conv2 = spectral_norm(nn.Conv2d(between, channels_out, 3, padding=1))
        self.short = spectral_norm(nn.Conv2d(channels_in, channels_out, 1))
        self.halve, self.first = halve, first

    def forward(self, x: Tensor) -> Tensor:
        hidden = self.conv2(F.relu(self.conv1(x if self.first else F.relu(x))))
        if self.halve:
            hidden, x = F.avg_pool2d(hidden, 2), F.avg_pool2d(x, 2)
        joined: Tensor = hidden + self.short(x)
        return joined


class CganDiscriminator(nn.Module):
    """Pictures and conditions to one score each: a linear score plus the product with the projected condition.

    Projection as in Miyato and Koyama (2018), spectral norm on every layer as in Miyato et al. (2018).
    """

    def __init__(self, sizes: CganSizes) -> None:
        super().__init__()
        widths = [sizes.base_channels * 2**power for power in range(sizes.doublings())]
        blocks = [DownBlock(3, widths[0], halve=True, first=True)]
        blocks += [DownBlock(narrow, wide, halve=True) for narrow, wide in itertools.pairwise(widths)]
        blocks.append(DownBlock(widths[-1], widths[-1], halve=False))
        self.blocks = nn.Sequential(*blocks)
        self.apply(_initialise)
        self.score = spectral_norm(nn.Linear(widths[-1], 1))
        self.project = spectral_norm(nn.Linear(sizes.condition, widths[-1], bias=False))

    def forward(self, images: Tensor, condition: Tensor) -> Tensor:
        condition = condition * math.sqrt(condition.shape[1])
        features = F.relu(self.blocks(images)).sum((2, 3))
        scores: Tensor = self.score(features)[:, 0] + (self.project(condition) * features).sum(1)
        return scores


def _initialise(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d) and module.weight.requires_grad:
        nn.init.xavier_uniform_(module.weight)


def hinge_discriminator(real: Tensor, fake: Tensor) -> Tensor:
    """Loss of the discriminator (Lim and Ye 2017): real scores above one, fake ones below minus one cost nothing."""
    return F.relu(1.0 - real).mean() + F.relu(1.0 + fake).mean()


def hinge_generator(fake: Tensor) -> Tensor:
    """Loss of the generator: higher scores."""
    return -fake.mean()
