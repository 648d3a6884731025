"""Contact sheets: many small labelled pictures on one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from chromesthesia.core.records import Float32, UInt8
from chromesthesia.recording.files import prepare_file
from chromesthesia.recording.stills import write_png

CELL_WIDTH = 320
GAP = 6
LABEL_HEIGHT = 22
LABEL_SIZE = 14
BACKGROUND = (14, 14, 16)
LABEL_COLOUR = (205, 205, 210)


@dataclass(frozen=True, slots=True)
class Cell:
    """One picture, uint8 [H, W, 3] with row 0 at the top, and the words under it (none: no space is kept for them)."""

    label: str
    pixels: UInt8


def contact_sheet(cells: Sequence[Cell], columns: int, cell_width: int = CELL_WIDTH) -> UInt8:
    """Lay `cells` out row by row in `columns` columns; answers uint8 [H, W, 3].

    Each picture is scaled to `cell_width` keeping its shape; all cells take the height of the tallest. Raises
    ValueError when there is no cell.
    """
    if not cells or columns < 1:
        raise ValueError(
            f"a contact sheet needs a picture and a column: {len(cells)} pictures, {columns} columns"
        )
    pictures = [_scaled(cell.pixels, cell_width) for cell in cells]
    label_height = LABEL_HEIGHT if any(cell.label for cell in cells) else 0
    picture_height = max(picture.height for picture in pictures)
    step_x, step_y = cell_width + GAP, picture_height + label_height + GAP
    columns = min(columns, len(cells))
    rows = -(-len(cells) // columns)
    sheet = Image.new("RGB", (columns * step_x + GAP, rows * step_y + GAP), BACKGROUND)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(LABEL_SIZE)
    for index, (cell, picture) in enumerate(zip(cells, pictures, strict=True)):
        left, top = GAP + index % columns * step_x, GAP + index // columns * step_y
        sheet.paste(picture, (left, top))
        draw.text((left + 2, top + picture_height + 2), cell.label, LABEL_COLOUR, font)
    return np.asarray(sheet)


def _scaled(pixels: UInt8, width: int) -> Image.Image:
    image = Image.fromarray(np.ascontiguousarray(pixels))
    height = max(1, round(width * image.height / image.width))
    return image.resize(
        (width, height), Image.Resampling.BOX if image.width > width else Image.Resampling.BICUBIC
    )


class ContactSheet:
    """A FrameSink that lays pictures from the whole show on one sheet, however long the show is.

    Keeps at most twice as many small pictures as the sheet has cells; when full, every second one goes and the
    interval doubles. About 1 ms on the caller's thread for a frame that is kept, nothing otherwise. Raises RecordError
    at once when `path` cannot be written, and from `close`.
    """

    def __init__(self, path: Path, columns: int = 4, rows: int = 3, first_interval_s: float = 0.5) -> None:
        prepare_file(path, (".png",))
        self.path = path
        self._columns = columns
        self._count = columns * rows
        self._interval_s = first_interval_s
        self._next_s = 0.0
        self._kept: list[tuple[float, UInt8]] = []

    def frame(self, pixels: UInt8, time_s: float) -> None:
        """Keep a small copy of this frame if one is due."""
        if time_s < self._next_s:
            return
        self._next_s = (time_s // self._interval_s + 1) * self._interval_s
        self._kept.append((time_s, np.array(_scaled(pixels, CELL_WIDTH))))
        if len(self._kept) >= 2 * self._count:
            self._kept = self._kept[::2]
            self._interval_s *= 2

    def sound(self, samples: Float32, start_s: float) -> None:
        """Pictures are silent."""

    def close(self) -> None:
        """Write the sheet; a show without a single frame leaves none."""
        if not self._kept:
            return
        shown = np.unique(np.linspace(0, len(self._kept) - 1, self._count).round().astype(int))
        cells = [Cell(f"{self._kept[i][0]:.1f} s", self._kept[i][1]) for i in shown]
        write_png(self.path, contact_sheet(cells, self._columns))
