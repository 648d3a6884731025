"""Sheets to be looked at: squares of the pictures that were given, and below them what is painted by emotion."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
import torch.nn.functional as F
from PIL import Image, ImageDraw, ImageFont
from torch import Tensor

from chromesthesia_training.adapt.pictures import Given, draw_views, drawn_rows
from chromesthesia_training.data.condition import ConditionSpace, EngineCondition
from chromesthesia_training.gan.model import LATENT_SIZE, Generator
from chromesthesia_training.gan.sheet import as_pixels
from chromesthesia_training.measuring.evaluate import SURE
from chromesthesia_training.safe_write import whole_file

COLUMNS = 8
TILE, GAP, MARGIN, LABEL_WIDTH = 160, 6, 14, 74
GROUND, INK = (255, 255, 255), (34, 37, 43)
ROWS = {"neutral": (0.0, 0.0, 0.0, 0.0, 0.0), **SURE}
SEED = 7


def write_sheet(
    generator: Generator, space: ConditionSpace, given: Sequence[Given], folder: Path, minute: int
) -> Path:
    """Write `minute_007.png` and the same as `latest.png`: a row of given squares, then a row by emotion."""
    rng = torch.Generator().manual_seed(SEED)
    rows = {"yours": draw_views(given, drawn_rows(COLUMNS, len(given), rng), generator.side, rng)}
    latents = torch.randn(COLUMNS, LATENT_SIZE, generator=rng)
    translate = EngineCondition(space)
    with torch.no_grad():
        for name, asked in ROWS.items():
            rows[name] = generator(latents, translate(torch.tensor([asked] * COLUMNS)))
    sheet = _laid_out(rows)
    path = folder / f"minute_{minute:03d}.png"
    for place in (path, folder / "latest.png"):
        with whole_file(place) as file:
            sheet.save(file, format="PNG")
    return path


def _laid_out(rows: dict[str, Tensor]) -> Image.Image:
    width = 2 * MARGIN + LABEL_WIDTH + COLUMNS * (TILE + GAP) - GAP
    height = 2 * MARGIN + len(rows) * (TILE + GAP) - GAP
    sheet = Image.new("RGB", (width, height), GROUND)
    pen = ImageDraw.Draw(sheet)
    for number, (name, pictures) in enumerate(rows.items()):
        top = MARGIN + number * (TILE + GAP)
        pen.text((MARGIN, top + TILE // 2), name, INK, ImageFont.load_default(17), anchor="lm")
        small = F.interpolate(
            pictures, size=(TILE, TILE), mode="bilinear", align_corners=False, antialias=True
        )
        for column, tile in enumerate(as_pixels(small)):
            sheet.paste(Image.fromarray(tile), (MARGIN + LABEL_WIDTH + column * (TILE + GAP), top))
    return sheet


def pairs_sheet(pairs: Tensor) -> Image.Image:
    """Made pictures above the given squares that they are nearest to; `pairs` holds the made ones, then the squares."""
    made, squares = pairs.chunk(2)
    return _laid_out({"painted": made, "yours": squares})
