"""How pictures are looked at: the same few views for real and for made ones, each of them a vector a picture.

Pictures of any side come in as 8-bit RGB and are resized in the same way, so that a 224 pixel painting and a 128 or
256 pixel sample are seen alike. Three of the views are spaces that no discriminator here has seen: coarse pixels,
colours, and the texture of a Gabor bank.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from functools import lru_cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from chromesthesia.core.records import Float32, UInt8
from chromesthesia_training.backbones.squeezenet import FeatureNet
from chromesthesia_training.measuring.measures import colour_statistics
from chromesthesia_training.measuring.reader import pool

READER_SIDE = 112
NEIGHBOUR_SIDE = 224
TEXTURE_SIDE = 128
PIXEL_SIDE = 16
THUMBNAIL_SIDE = 32
BATCH = 32

TEXTURE_WAVELENGTHS = (4.0, 8.0, 16.0, 32.0)
TEXTURE_DIRECTIONS = 6
TEXTURE_BANDWIDTH = 0.55
"""Ratio of a log-Gabor's deviation to its frequency: about two octaves."""


@dataclass(frozen=True)
class Looks:
    """Views of N pictures, all but the thumbnails float32.

    Attributes:
        pooled: (N, p) mean and deviation of every channel of every map of the net, seen at 112 pixels.
        deep: (N, d) means of the last map's channels at 112 pixels: fire9 of SqueezeNet.
        near: (N, d) the same at 224 pixels, where neighbours are looked for.
        pixels: (N, 768) the picture in [-1, 1], averaged to 16 x 16.
        colour: (N, 44) statistics of luminance, two opponent axes and saturation.
        texture: (N, 48) log mean and log deviation of the responses of a log-Gabor bank on luminance.
        thumbnails: uint8 (N, 32, 32, 3).
    """

    pooled: Float32
    deep: Float32
    near: Float32
    pixels: Float32
    colour: Float32
    texture: Float32
    thumbnails: UInt8

    def __len__(self) -> int:
        return len(self.pixels)

    def rows(self, chosen: np.ndarray) -> Looks:
        """The views of some of the pictures."""
        return Looks(**{one.name: getattr(self, one.name)[chosen] for one in fields(self)})


def look_at(net: FeatureNet, pictures: UInt8, batch: int = BATCH) -> Looks:
    """Views of pictures uint8 (N, side, side, 3)."""
    return join([_look(net, pictures[first : first + batch]) for first in range(0, len(pictures), batch)])


def join(parts: Iterable[Looks]) -> Looks:
    """Views of several sets, one after the other."""
    listed = list(parts)
    return Looks(
        **{one.name: np.concatenate([getattr(part, one.name) for part in listed]) for one in fields(Looks)}
    )


def resized(images: Tensor, side: int) -> Tensor:
    """Bilinear, averaging where it shrinks, so that no pixel is left out."""
    if images.shape[2] == side:
        return images
    return F.interpolate(images, size=(side, side), mode="bilinear", align_corners=False, antialias=True)


def _look(net: FeatureNet, pictures: UInt8) -> Looks:
    images = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1
    last = list(net.channels)[-1]
    width = net.channels[last]
    with torch.no_grad():
        pooled = pool(net(_channels_last(resized(images, READER_SIDE))))
        near = net(_channels_last(resized(images, NEIGHBOUR_SIDE)))[last].mean((2, 3))
        colours = colour_statistics(resized(images, READER_SIDE).contiguous())
        texture = gabor_statistics(resized(images, TEXTURE_SIDE).mean(1))
    thumbnails = ((resized(images, THUMBNAIL_SIDE).clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return Looks(
        pooled.numpy(),
        pooled[:, -2 * width : -width].contiguous().numpy(),
        near.numpy(),
        F.adaptive_avg_pool2d(images, PIXEL_SIDE).flatten(1).numpy(),
        colours.numpy(),
        texture.numpy(),
        thumbnails.permute(0, 2, 3, 1).contiguous().numpy(),
    )


def _channels_last(images: Tensor) -> Tensor:
    return images.contiguous(memory_format=torch.channels_last)


def gabor_statistics(grey: Tensor) -> Tensor:
    """Log mean and log deviation of each log-Gabor filter's magnitude (Field 1987): (N, side, side) to (N, 48)."""
    statistics = []
    for magnitude in gabor_magnitudes(grey):
        statistics += [magnitude.mean((1, 2)), magnitude.std((1, 2))]
    return (torch.stack(statistics, 1) + 1e-3).log()


def gabor_magnitudes(grey: Tensor) -> Iterator[Tensor]:
    """Magnitude of each log-Gabor filter's response, four scales and six directions: (N, side, side) each."""
    spectrum = torch.fft.fft2(grey)
    for kernel in _gabor_bank(grey.shape[-1]):
        yield torch.fft.ifft2(spectrum * kernel).abs()


@lru_cache(maxsize=2)
def _gabor_bank(side: int) -> tuple[Tensor, ...]:
    """One-sided log-Gabor filters in the frequency domain, each (side, side), at four scales and six directions."""
    frequency = torch.fft.fftfreq(side)
    vertical, horizontal = torch.meshgrid(frequency, frequency, indexing="ij")
    radius = (vertical.square() + horizontal.square()).sqrt()
    radius[0, 0] = 1.0
    angle = torch.atan2(vertical, horizontal)
    bank = []
    for wavelength in TEXTURE_WAVELENGTHS:
        radial = torch.exp(-(radius * wavelength).log().square() / (2 * math.log(TEXTURE_BANDWIDTH) ** 2))
        radial[0, 0] = 0.0
        for step in range(TEXTURE_DIRECTIONS):
            away = (
                torch.remainder(angle - step * math.pi / TEXTURE_DIRECTIONS + math.pi, 2 * math.pi) - math.pi
            )
            spread = math.pi / TEXTURE_DIRECTIONS
            bank.append(radial * torch.exp(-away.square() / (2 * spread**2)))
    return tuple(bank)
