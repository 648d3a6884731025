"""The quick painter: what `gan.model` paints, in a third of its time on one thread of a processor.

Everything that a walk goes through is the teacher's: latent, condition, steering, the linear layout, style, grain. What
is left out is work at large sides. A block convolves before its doubling, not after it, where there are four times
fewer places; bilinearly thinned, the filter is nearly the same. Convolutions go through few inner channels, along the
axes that matter most. The head paints four pixels at a time, each channel of a 2 x 2 cell, by separable convolutions,
and shuffles them into place; the layout comes in through the same four, doubled exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from chromesthesia_training.data.condition import CONDITION_SIZE
from chromesthesia_training.gan.layout import LATENT_SIZE, LayoutPrior, enlarge
from chromesthesia_training.gan.model import (
    COARSE_BLOCKS,
    LAYOUT_MAPS,
    START_SIDE,
    STYLE_SIZE,
    Grain,
    Layout,
    image_side,
)
from chromesthesia_training.gan.steering import Steering

SLOPE = 0.2
"""Of the leaky ramps, as the teacher's."""
CELL = 4
"""Pixels that the head paints at a time."""


@dataclass(frozen=True)
class QuickShape:
    """Where the quick painter spends its time.

    Attributes:
        widths: channels after each stage, the start first; a doubling each, and one more for the head.
        inner: inner channels of each block's narrow convolution: the second one of a coarse block, the only one of
            another.
        head: channels of the head's inner maps.
    """

    widths: tuple[int, ...]
    inner: tuple[int, ...]
    head: int


class Style(nn.Module):
    """A scale and a shift for every channel, from the style (batch, style)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.affine = nn.Linear(STYLE_SIZE, 2 * width)
        nn.init.normal_(self.affine.weight, 0, 0.05)
        nn.init.zeros_(self.affine.bias)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        scale, shift = self.affine(style).chunk(2, 1)
        return torch.addcmul(shift[:, :, None, None], x, 1 + scale[:, :, None, None])


def separable(width_in: int, width_out: int) -> nn.Sequential:
    """A 3 x 3 convolution of each channel, which begins as none, then one of 1 x 1."""
    across = nn.Conv2d(width_in, width_in, 3, padding=1, groups=width_in)
    with torch.no_grad():
        across.weight.mul_(0.2)
        across.weight[:, :, 1, 1] += 1.0
    return nn.Sequential(across, nn.Conv2d(width_in, width_out, 1))


class Narrow(nn.Module):
    """A 3 x 3 convolution to a few inner channels, one of 1 x 1 to all, and the style on these.

    mixed: one more of 1 x 1, which at first changes nothing. Behind it maps are in the runtime's own order of channels,
    and stay in it until something asks for the usual one, which costs as much as a convolution.
    """

    def __init__(self, width_in: int, inner: int, width_out: int, mixed: bool) -> None:
        super().__init__()
        self.first = nn.Conv2d(width_in, inner, 3, padding=1, bias=False)
        self.last = nn.Conv2d(inner, width_out, 1)
        self.style = Style(width_out)
        self.mix = nn.Conv2d(width_out, width_out, 1, bias=False) if mixed else None
        nn.init.kaiming_normal_(self.first.weight, SLOPE)
        if self.mix is not None:
            nn.init.dirac_(self.mix.weight)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        wide: Tensor = self.style(self.last(self.first(x)), style)
        return wide if self.mix is None else self.mix(wide)


class QuickBlock(nn.Module):
    """Convolves, doubles bilinearly, adds layout and grain as the teacher does.

    A coarse block has a whole convolution and the style behind it, and a second, narrow one after the doubling as the
    teacher has. A fine one has a narrow one only.
    """

    def __init__(
        self, width_in: int, width_out: int, query: int, side: int, layout_maps: int, inner: int, coarse: bool
    ) -> None:
        super().__init__()
        self.whole = nn.Conv2d(width_in, width_out, 3, bias=False) if coarse else None
        self.style = Style(width_out) if coarse else None
        self.narrow = Narrow(width_out if coarse else width_in, inner, width_out, not coarse)
        self.layout = Layout(query, layout_maps, side, width_out) if layout_maps else None
        self.grain = Grain(side, width_out, STYLE_SIZE)

    def forward(self, x: Tensor, query: Tensor, style: Tensor, last: bool) -> Tensor:
        """`last`: without a leak, which the runtime can compute within the convolution before."""
        if self.whole is not None and self.style is not None:
            x = self.style(self.whole(F.pad(x, (1, 1, 1, 1), mode="replicate")), style)
        else:
            x = self.narrow(x, style)
        x = F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
        if self.layout is not None:
            x = self.layout(x, query)
        x = self.grain(x, style, None)
        x = F.relu(x) if last else F.leaky_relu(x, SLOPE)
        if self.whole is not None:
            x = F.leaky_relu(x + self.narrow(x, style), SLOPE)
        return x


class QuickHead(nn.Module):
    """Features at half size and the layout to RGB before tanh, four pixels of three channels at a place."""

    doubling: Tensor

    def __init__(self, width_in: int, width: int) -> None:
        super().__init__()
        self.inner = separable(width_in, width)
        self.to_cells = separable(width, 3 * CELL)
        last = self.to_cells[1]
        assert isinstance(last, nn.Conv2d)
        with torch.no_grad():  # begin with the layout alone
            last.weight.mul_(0.1)
        self.register_buffer("doubling", doubling_kernels())

    def forward(self, x: Tensor, layout: Tensor) -> Tensor:
        smooth = F.conv2d(F.pad(layout, (1, 1, 1, 1), mode="replicate"), self.doubling)
        cells: Tensor = smooth + self.to_cells(F.relu(self.inner(x)))
        return cells


def doubling_kernels() -> Tensor:
    """Kernels (12, 3, 3, 3) of bilinear doubling: the four pixels of each channel that `pixel_shuffle` lays out."""
    early, late = torch.tensor([0.25, 0.75, 0.0]), torch.tensor([0.0, 0.75, 0.25])
    planes = torch.stack([torch.outer(down, across) for down in (early, late) for across in (early, late)])
    kernels = torch.zeros(3, CELL, 3, 3, 3)
    for channel in range(3):
        kernels[channel, :, channel] = planes
    return kernels.flatten(0, 1)


class QuickGenerator(nn.Module):
    """Latent float32 (batch, 64) and inner condition (batch, 11) to RGB (batch, 3, side, side) in [-1, 1]."""

    def __init__(self, shape: QuickShape) -> None:
        super().__init__()
        self.shape = shape
        self.side = image_side(shape.widths)
        query = 64 + LATENT_SIZE
        self.prior = LayoutPrior()
        self.steering = Steering()
        self.read_layout = nn.Conv2d(3, shape.widths[1], 1, bias=False)
        self.read_condition = nn.Sequential(nn.Linear(CONDITION_SIZE, 64), nn.LeakyReLU(SLOPE))
        self.to_style = nn.Sequential(
            nn.Linear(query, STYLE_SIZE),
            nn.LeakyReLU(SLOPE),
            nn.Linear(STYLE_SIZE, STYLE_SIZE),
            nn.LeakyReLU(SLOPE),
        )
        self.start = nn.Linear(query, shape.widths[0] * START_SIDE**2)
        self.blocks = nn.ModuleList(
            QuickBlock(
                width_in,
                width_out,
                query,
                START_SIDE << (number + 1),
                LAYOUT_MAPS[number] if number < len(LAYOUT_MAPS) else 0,
                shape.inner[number],
                number < COARSE_BLOCKS,
            )
            for number, (width_in, width_out) in enumerate(pairwise(shape.widths))
        )
        self.head = QuickHead(shape.widths[-1], shape.head)

    def forward(self, latent: Tensor, condition: Tensor) -> Tensor:
        return F.pixel_shuffle(torch.tanh(self.cells(latent, condition)), 2)

    def cells(self, latent: Tensor, condition: Tensor) -> Tensor:
        """The picture before tanh, its cells of four pixels as channels (batch, 12, side / 2, side / 2)."""
        return self.stages(self.steering(latent, condition), condition)[1]

    def stages(self, latent: Tensor, condition: Tensor) -> tuple[list[Tensor], Tensor]:
        """Maps after every block, and the cells, of a latent that is steered."""
        query = torch.cat([latent, self.read_condition(condition)], 1)
        style = self.to_style(query)
        x = F.leaky_relu(self.start(query), SLOPE).view(-1, self.shape.widths[0], START_SIDE, START_SIDE)
        x = x.contiguous(memory_format=torch.channels_last)
        layout = self.prior(latent, condition)
        seen = []
        for number, block in enumerate(self.blocks):
            x = block(x, query, style, number == len(self.blocks) - 1)
            seen.append(x)
            if number == 0:  # at the layout's own size
                x = x + self.read_layout(layout)
        return seen, self.head(x, enlarge(layout, self.side // 2))
