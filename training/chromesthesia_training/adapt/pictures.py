"""An artist's few pictures: read at their own shape, some held out, seen as random squares with formula ratings.

Nobody says what the pictures express. Pleasure is taken from brightness and saturation (Valdez and Mehrabian 1994),
stir from edges and contrast, both beside the artist's other squares: a stand-in, and called one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from chromesthesia.core.user_files import one_line, read_bytes
from chromesthesia_training.data.art import IMAGE_SUFFIXES
from chromesthesia_training.data.pictures import PictureError, load_rgb
from chromesthesia_training.data.walking import files_below, is_folder
from chromesthesia_training.errors import DataError

FEWEST, MOST = 3, 300
FEWEST_TO_HOLD_OUT = 6
"""With fewer pictures all are learned from."""
HELD_OUT_SHARE = 6
"""One picture in so many is held out, for the test for copying."""
LONGER_SIDE = 640
SHORTEST_SIDE = 64
LARGEST_FILE_BYTES = 256 * 1024 * 1024
SMALLEST_VIEW = 0.4
SUFFIXES = (*IMAGE_SUFFIXES, ".webp", ".tif", ".tiff", ".bmp")

PLEASURE = (0.69, 0.22)
"""Weights of standardised brightness and saturation."""
EDGE_LIMIT = 0.05


@dataclass(frozen=True)
class Given:
    """One picture: uint8 (3, h, w), its longer side at most 640; `sha256` of its file."""

    path: Path
    pixels: Tensor
    sha256: str


@dataclass(frozen=True)
class GivenPictures:
    """What is learned from, and what is held out."""

    learned: tuple[Given, ...]
    held_out: tuple[Given, ...]

    @property
    def all(self) -> tuple[Given, ...]:
        return (*self.learned, *self.held_out)


def read_pictures(folder: Path, tell: Callable[[str], None] = lambda line: None) -> GivenPictures:
    """The pictures below a folder; the same ones twice count once, and `tell` hears of it.

    Raises DataError for no folder, a picture that cannot be read, fewer than 3 or more than 300.
    """
    if not is_folder(folder):
        raise DataError(
            f"there is no folder {one_line(folder)}", "give the folder of your pictures", "missing"
        )
    files = files_below(folder, SUFFIXES)
    if len(files) > MOST:
        raise DataError(
            f"{one_line(folder)} holds {len(files)} pictures",
            f"give at most {MOST}; with more, `chromesthesia-train gan` learns from scratch",
        )
    given: dict[str, Given] = {}
    for path in files:
        picture = _read(path)
        if picture.sha256 in given:
            tell(
                f"{one_line(path)} is the same file as {one_line(given[picture.sha256].path)}; it counts once"
            )
        given.setdefault(picture.sha256, picture)
    if len(given) < FEWEST:
        raise DataError(
            f"{one_line(folder)} holds {len(given)} pictures ({', '.join(SUFFIXES)})",
            f"give at least {FEWEST}, better thirty",
            "empty" if not given else "small class",
        )
    return split(tuple(given.values()))


def split(given: Sequence[Given]) -> GivenPictures:
    """Hold out one in six, chosen by the files' contents, so that the same pictures always part alike."""
    count = len(given) // HELD_OUT_SHARE if len(given) >= FEWEST_TO_HOLD_OUT else 0
    chosen = {one.sha256 for one in sorted(given, key=lambda one: one.sha256)[:count]}
    return GivenPictures(
        tuple(one for one in given if one.sha256 not in chosen),
        tuple(one for one in given if one.sha256 in chosen),
    )


def _read(path: Path) -> Given:
    content = read_bytes(path, LARGEST_FILE_BYTES, DataError)
    try:
        image = load_rgb(content)
    except PictureError as error:
        raise DataError(
            f"the picture {one_line(path)} cannot be read: {error}", "replace it or take it out", "corrupt"
        ) from error
    if min(image.size) < SHORTEST_SIDE:
        raise DataError(
            f"the picture {one_line(path)} has {image.width} x {image.height} pixels",
            f"give one of at least {SHORTEST_SIDE} a side",
        )
    image.thumbnail((LONGER_SIDE, LONGER_SIDE), Image.Resampling.LANCZOS)
    pixels = torch.from_numpy(np.array(image, np.uint8)).permute(2, 0, 1).contiguous()
    return Given(path, pixels, hashlib.sha256(content).hexdigest())


def draw_views(given: Sequence[Given], rows: Sequence[int], side: int, rng: torch.Generator) -> Tensor:
    """A random square of each picture of `rows`, mirrored half of the time: float32 (n, 3, side, side) in [-1, 1].

    A square takes 40 % to all of the picture's shorter side.
    """
    views = []
    for row in rows:
        pixels = given[row].pixels
        height, width = pixels.shape[1:]
        scale, down, across, mirror = torch.rand(4, generator=rng).tolist()
        cut = max(8, round(min(height, width) * (SMALLEST_VIEW + (1 - SMALLEST_VIEW) * scale)))
        top, left = round(down * (height - cut)), round(across * (width - cut))
        view = to_side(pixels[:, top : top + cut, left : left + cut], side)
        views.append(view.flip(2) if mirror < 0.5 else view)
    return torch.stack(views)


def to_side(square: Tensor, side: int) -> Tensor:
    """uint8 (3, n, n) to float32 (3, side, side) in [-1, 1]."""
    scaled = F.interpolate(
        square[None].float() / 127.5 - 1,
        size=(side, side),
        mode="bilinear",
        align_corners=False,
        antialias=True,
    )
    return scaled[0].clamp(-1, 1)


def drawn_rows(count: int, pictures: int, rng: torch.Generator) -> list[int]:
    """So many row numbers, every picture equally often."""
    order = [torch.randperm(pictures, generator=rng) for _ in range(-(-count // pictures))]
    rows: list[int] = torch.cat(order)[:count].tolist()
    return rows


def looks_of(views: Tensor) -> Tensor:
    """Brightness, saturation, contrast and share of edges of views (n, 3, h, w) in [-1, 1]: (n, 4), from CIELAB."""
    lab = to_lab(views)
    lightness = lab[:, 0] / 100
    chroma = lab[:, 1:].square().sum(1).sqrt() / 100
    down = (lightness[:, 1:, :-1] - lightness[:, :-1, :-1]).abs()
    across = (lightness[:, :-1, 1:] - lightness[:, :-1, :-1]).abs()
    edges = ((down.square() + across.square()).sqrt() > EDGE_LIMIT).float().mean((1, 2))
    return torch.stack([lightness.mean((1, 2)), chroma.mean((1, 2)), lightness.flatten(1).std(1), edges], 1)


@dataclass(frozen=True)
class FormulaRatings:
    """Pleasure and stir beside other views of the same artist; `mean` and `deviation` of the four looks, (4,)."""

    mean: Tensor
    deviation: Tensor

    @staticmethod
    def fit(views: Tensor) -> FormulaRatings:
        looks = looks_of(views)
        return FormulaRatings(looks.mean(0), looks.std(0).clamp_min(1e-3))

    def __call__(self, views: Tensor) -> Tensor:
        """(n, 2): pleasure and stir, about mean 0 and deviation 1 over the artist's views."""
        z = (looks_of(views) - self.mean) / self.deviation
        pleasure = (z[:, :2] @ torch.tensor(PLEASURE)) / sum(weight**2 for weight in PLEASURE) ** 0.5
        return torch.stack([pleasure, (z[:, 2] + z[:, 3]) / 2**0.5], 1)


def to_lab(images: Tensor) -> Tensor:
    """sRGB (n, 3, h, w) in [-1, 1] to CIELAB (D65)."""
    rgb = images.clamp(-1, 1) * 0.5 + 0.5
    linear = torch.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    to_xyz = torch.tensor(
        [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    ) / torch.tensor([[0.9505], [1.0], [1.089]])
    xyz = torch.einsum("ij,njhw->nihw", to_xyz, linear)
    edge = 6 / 29
    bent = torch.where(xyz > edge**3, xyz.clamp_min(1e-9) ** (1 / 3), xyz / (3 * edge**2) + 4 / 29)
    x, y, z = bent.unbind(1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], 1)
