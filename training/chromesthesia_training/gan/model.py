"""The generator: 256 x 256 pictures in 0.45 GMAC.

Convolutional, with conditional batch norm, which folds into cheap per-channel scales; at rest nothing in it is random,
so a picture changes only with its condition and latent. A block narrows, doubles bilinearly, then convolves: without
the smooth doubling the cells of the stages show as a lattice. The latent reaches the 16 and 32 pixel stages directly as
layout maps, so that every place of a picture can differ from its neighbour: features grown from 4 x 4 alone repeat
themselves from cell to cell. What the blocks paint is added to the linear layout of `layout.py`.
"""

from __future__ import annotations

from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from chromesthesia_training.data.condition import CONDITION_SIZE
from chromesthesia_training.gan.layout import LATENT_SIZE as LATENT_SIZE
from chromesthesia_training.gan.layout import LayoutPrior, enlarge
from chromesthesia_training.gan.steering import Steering

START_SIDE = 8
STYLE_SIZE = 96
WIDTHS = (128, 112, 80, 48, 24)
HEAD_WIDTH = 10
COARSE_BLOCKS = 2
LAYOUT_MAPS = (16, 6)
GRAIN_MAPS = 4


def image_side(widths: tuple[int, ...] = WIDTHS) -> int:
    """Side in pixels of the pictures of a generator of these widths: one doubling a width, and the head's."""
    return START_SIDE << len(widths)


class ConditionalNorm(nn.Module):
    """Batch norm whose scale and shift come from the style (batch, style)."""

    def __init__(self, width: int, style: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(width, affine=False)
        self.affine = nn.Linear(style, 2 * width)
        nn.init.normal_(self.affine.weight, 0, 0.05)
        nn.init.zeros_(self.affine.bias)

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        scale, shift = self.affine(style).chunk(2, 1)
        scale = 1 + scale
        if self.training:
            x = self.norm(x)
        else:  # running statistics join the style's scale and shift: one multiply-add per value when exported
            mean, variance = self.norm.get_buffer("running_mean"), self.norm.get_buffer("running_var")
            scale = scale * (variance + self.norm.eps).rsqrt()
            shift = shift - mean * scale
        return torch.addcmul(shift[:, :, None, None], x, scale[:, :, None, None])


class SmoothUpsample(nn.Module):
    """1 x 1 narrowing, bilinear doubling, 3 x 3 convolution with replicated edges; no bias."""

    def __init__(self, width_in: int, width_out: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(width_in, width_out, 1, bias=False)
        self.conv = nn.Conv2d(width_out, width_out, 3, bias=False)
        nn.init.kaiming_normal_(self.narrow.weight, 1.0)
        nn.init.kaiming_normal_(self.conv.weight, 0.2)

    def forward(self, x: Tensor) -> Tensor:
        x = F.interpolate(self.narrow(x), scale_factor=2.0, mode="bilinear", align_corners=False)
        smooth: Tensor = self.conv(F.pad(x, (1, 1, 1, 1), mode="replicate"))
        return smooth


class SharpUpsample(nn.Module):
    """Nearest-neighbour doubling, then a 3 x 3 convolution with replicated edges, no bias.

    Training computes both as one transposed convolution with an equivalent 4 x 4 kernel (2.2 times faster on a CPU),
    the exported graph as four small convolutions.
    """

    def __init__(self, width_in: int, width_out: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(width_out, width_in, 3, 3))
        nn.init.kaiming_normal_(self.weight, 0.2)

    def forward(self, x: Tensor) -> Tensor:
        x = F.pad(x, (1, 1, 1, 1), mode="replicate")
        if self.training:
            return F.conv_transpose2d(x, enlarging_kernel(self.weight), stride=2, padding=3)
        return _phases(F.conv2d(x, phase_kernels(self.weight)))


def enlarging_kernel(weight: Tensor) -> Tensor:
    """The (in, out, 4, 4) stride-2 transposed kernel equal to doubling, then convolving (out, in, 3, 3).

    Doubling is itself a transposed convolution with a 2 x 2 box; a convolution's kernel is flipped to
    transpose it.
    """
    flipped = weight.flip(2, 3).transpose(0, 1)
    return (
        F.pad(flipped, (0, 1, 0, 1))
        + F.pad(flipped, (1, 0, 0, 1))
        + F.pad(flipped, (0, 1, 1, 0))
        + F.pad(flipped, (1, 0, 1, 0))
    )


def phase_kernels(weight: Tensor) -> Tensor:
    """The (4 out, in, 2, 2) kernels of the four pixels that one pixel becomes, equal to doubling and `weight`.

    Of three neighbours after doubling two are the same pixel: their taps add up, and 4 of 9 products are
    saved.
    """

    def fold(taps: Tensor, axis: int, phase: int) -> Tensor:
        first, middle, last = torch.chunk(taps, 3, axis)
        return torch.cat([first, middle + last] if phase == 0 else [first + middle, last], axis)

    kernels = [fold(fold(weight, 2, row), 3, column) for row in (0, 1) for column in (0, 1)]
    return torch.stack(kernels, 1).flatten(0, 1)


def _phases(x: Tensor) -> Tensor:
    """Maps of the four pixels (batch, 4 out, n + 1, n + 1), each at its own offset, laced to (batch, out, 2n, 2n)."""
    side = x.shape[2] - 1
    parts = x.reshape(x.shape[0], -1, 4, side + 1, side + 1)
    aligned = [
        parts[:, :, 2 * row + column, row : row + side, column : column + side]
        for row in (0, 1)
        for column in (0, 1)
    ]
    return F.pixel_shuffle(torch.stack(aligned, 2).flatten(1, 2), 2)


class Layout(nn.Module):
    """Maps that the latent and condition draw directly at this size, added to the features."""

    def __init__(self, query: int, maps: int, side: int, width: int) -> None:
        super().__init__()
        self.maps, self.side = maps, side
        self.draw = nn.Linear(query, maps * side * side)
        self.weight = nn.Parameter(torch.randn(width, maps, 1, 1) * maps**-0.5)

    def forward(self, x: Tensor, query: Tensor) -> Tensor:
        drawn = self.draw(query).view(-1, self.maps, self.side, self.side)
        return x + F.conv2d(drawn, self.weight)


class Grain(nn.Module):
    """Irregular maps added to the features, in amounts that follow the style: what texture is made of.

    Without them the generator makes texture from harmonics of its own grid, and a lattice shows. In training
    the maps are fresh noise for every picture, drawn from `rng`; at rest they are fixed, so that nothing
    flickers.
    """

    def __init__(self, side: int, width: int, style: int) -> None:
        super().__init__()
        fixed = torch.randn(1, GRAIN_MAPS, side, side, generator=torch.Generator().manual_seed(side))
        self.register_buffer("maps", fixed)
        self.amount = nn.Linear(style, GRAIN_MAPS)
        nn.init.normal_(self.amount.weight, 0, 0.05)
        nn.init.ones_(self.amount.bias)
        self.weight = nn.Parameter(0.05 * torch.randn(width, GRAIN_MAPS, 1, 1))

    def forward(self, x: Tensor, style: Tensor, rng: torch.Generator | None) -> Tensor:
        maps = self.get_buffer("maps")
        if rng is not None:
            maps = torch.randn(len(x), *maps.shape[1:], generator=rng).to(x.device)
        return x + F.conv2d(maps * self.amount(style)[:, :, None, None], self.weight)


class Block(nn.Module):
    """One smooth doubling; with layout maps where `layout_maps`; a coarse one has a second, residual convolution."""

    def __init__(
        self, width_in: int, width_out: int, query: int, side: int, layout_maps: int, coarse: bool
    ) -> None:
        super().__init__()
        self.up = SmoothUpsample(width_in, width_out)
        self.norm = ConditionalNorm(width_out, STYLE_SIZE)
        self.layout = Layout(query, layout_maps, side, width_out) if layout_maps else None
        self.grain = Grain(side, width_out, STYLE_SIZE)
        self.conv = nn.Conv2d(width_out, width_out, 3, 1, 1, bias=False) if coarse else None
        self.conv_norm = ConditionalNorm(width_out, STYLE_SIZE) if coarse else None

    def forward(self, x: Tensor, query: Tensor, style: Tensor, rng: torch.Generator | None = None) -> Tensor:
        x = self.norm(self.up(x), style)
        if self.layout is not None:
            x = self.layout(x, query)
        x = F.leaky_relu(self.grain(x, style, rng), 0.2)
        if self.conv is not None and self.conv_norm is not None:
            x = F.leaky_relu(x + self.conv_norm(self.conv(x), style), 0.2)
        return x


class Head(nn.Module):
    """Features at half size to RGB: a last doubling to a few channels, then a smoothing 3 x 3 convolution.

    A sub-pixel convolution here (even with ICNR) showed a grid of pixels; after nearest-neighbour doubling
    every pixel of an even area gets the same value.
    """

    def __init__(self, width_in: int, width: int) -> None:
        super().__init__()
        self.up = SharpUpsample(width_in, width)
        self.bias = nn.Parameter(torch.zeros(width))
        self.to_rgb = nn.Conv2d(width, 3, 3)
        with torch.no_grad():  # begin with the layout alone
            self.to_rgb.weight.mul_(0.1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.leaky_relu(self.up(x) + self.bias[:, None, None], 0.2)
        rgb: Tensor = self.to_rgb(F.pad(x, (1, 1, 1, 1), mode="replicate"))
        return rgb


class Generator(nn.Module):
    """Latent float32 (batch, 64) and inner condition (batch, 11) to RGB (batch, 3, side, side) in [-1, 1].

    `side` is 8 doubled once a width: 256 with the five default widths.
    """

    def __init__(self, widths: tuple[int, ...] = WIDTHS) -> None:
        super().__init__()
        self.widths = widths
        self.side = image_side(widths)
        self.prior = LayoutPrior()
        self.steering = Steering()
        self.read_layout = nn.Conv2d(3, widths[1], 1, bias=False)
        self.read_condition = nn.Sequential(nn.Linear(CONDITION_SIZE, 64), nn.LeakyReLU(0.2))
        query = 64 + LATENT_SIZE
        self.to_style = nn.Sequential(
            nn.Linear(query, STYLE_SIZE),
            nn.LeakyReLU(0.2),
            nn.Linear(STYLE_SIZE, STYLE_SIZE),
            nn.LeakyReLU(0.2),
        )
        self.start = nn.Linear(query, widths[0] * START_SIDE**2)
        self.blocks = nn.ModuleList(
            Block(
                width_in,
                width_out,
                query,
                START_SIDE << (number + 1),
                LAYOUT_MAPS[number] if number < len(LAYOUT_MAPS) else 0,
                number < COARSE_BLOCKS,
            )
            for number, (width_in, width_out) in enumerate(pairwise(widths))
        )
        self.head = Head(widths[-1], HEAD_WIDTH)

    def forward(self, latent: Tensor, condition: Tensor) -> Tensor:
        return torch.tanh(self.before_tanh(self.steering(latent, condition), condition))

    def before_tanh(self, latent: Tensor, condition: Tensor, rng: torch.Generator | None = None) -> Tensor:
        """The picture of an unsteered latent before tanh, kept out of saturation in training; `rng`: fresh grain."""
        query = torch.cat([latent, self.read_condition(condition)], 1)
        style = self.to_style(query)
        x = F.leaky_relu(self.start(query), 0.2).view(-1, self.widths[0], START_SIDE, START_SIDE)
        x = x.contiguous(memory_format=torch.channels_last)
        layout = self.prior(latent, condition)
        for number, block in enumerate(self.blocks):
            x = block(x, query, style, rng)
            if number == 0:  # at the layout's own size
                x = x + self.read_layout(layout)
        rgb: Tensor = self.head(x) + enlarge(layout, self.side)
        return rgb
