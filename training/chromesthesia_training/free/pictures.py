"""A folder of free paintings to train a painter on: squares of brushwork, labelled by rule, each file with its licence.

Whole landscapes would teach horizons. Squares are taken where a picture has the most edges and contrast, fewer of each
from painters who left hundreds, and labelled by what the square itself looks like.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from chromesthesia.core.user_files import one_line
from chromesthesia.core.version import __version__
from chromesthesia_training.data.art import COLUMNS, STORED_SIDE
from chromesthesia_training.data.pictures import PictureError, load_rgb
from chromesthesia_training.data.tables import below, read_table
from chromesthesia_training.errors import DataError, LicenceError
from chromesthesia_training.free.forms import MEASURES, Maps, labels_of, maps_of, measures_of
from chromesthesia_training.packing.licences import free_terms
from chromesthesia_training.packing.provenance import (
    OUR_SCRIPTS,
    PROVENANCE_NAME,
    origins_of_files,
    provenance_bytes,
)
from chromesthesia_training.safe_write import whole_file

PICTURES_DIR = Path("free/pictures")
SOURCE, COMMIT = "github.com/jalpv1/wiki-art-selected-resized", "6a554204c0"
INDEX = ("path", "artist", "split", "fold", "licence")
LEARNED = ("train", "val")
SCRIPTS = ("forms.py", "pictures.py")
"""What labels the pictures."""
SIDES = (120, 152, 184)
"""Of the squares, of 224 pixels."""
STEP = 16
MOST_OF_A_PICTURE = 5
OF_A_PAINTER = 400
"""Squares of a painter that are aimed at: of one with few pictures, more of each."""
APART = 0.35
"""Two squares of a picture lie at least so far apart, as a share of the larger's side."""
QUALITY = 94

UInt8 = NDArray[np.uint8]
Advance = Callable[[int, int], None]


@dataclass(frozen=True)
class Square:
    """A square of a picture, and what it measures."""

    top: int
    left: int
    side: int
    measures: NDArray[np.float64]


def write_free_pictures(
    folder: Path, out: Path, advance: Advance = lambda done, total: None
) -> tuple[int, int]:
    """Write squares and labels of the free pictures in `folder` to `out`, as `gan --pictures` takes them.

    Beside `index.csv` lies `provenance.csv`, a row for every picture that a painter learns from, none for those of the
    split test, and one for each script that labels them. Returns the number of pictures and of squares.

    Raises LicenceError naming the first picture that is not free, DataError for a folder without pictures, a table that
    is damaged, a picture that cannot be read, or a full disk.
    """
    rows = read_table(folder / "index.csv", INDEX)
    if not rows:
        raise DataError(f"{one_line(folder)}/index.csv has no row", "give a folder of free pictures", "empty")
    for row in rows:
        if free_terms(row["licence"]) is None:
            raise LicenceError(
                f"{one_line(folder / row['path'])}: {one_line(row['licence'])!r} is not free",
                "take it out of index.csv",
            )
    painters = Counter(row["artist"] for row in rows)
    (out / "images").mkdir(parents=True, exist_ok=True)
    listed: list[tuple[dict[str, str], str, Square]] = []
    for number, row in enumerate(rows):
        picture = _picture(below(folder, row["path"], f"{one_line(folder)}/index.csv line {row.line}"))
        wanted = min(MOST_OF_A_PICTURE, max(1, round(OF_A_PAINTER / painters[row["artist"]])))
        for place, square in enumerate(squares_of(maps_of(picture), wanted)):
            name = f"images/{number:05d}-{place}.jpg"
            _save(picture, square, out / name)
            listed.append((dict(row), name, square))
        advance(number + 1, len(rows))
    labels = labels_of(np.stack([square.measures for _, _, square in listed]))
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow((*COLUMNS, "fold", "licence", *MEASURES))
    for (of, name, square), emotion, vad in zip(listed, labels.emotions, labels.vad, strict=True):
        rated = [f"{value:.4f}" for value in vad]
        measured = [f"{value:.4f}" for value in square.measures]
        writer.writerow(
            (name, of["artist"], emotion, *rated, of["split"], of["fold"], of["licence"], *measured)
        )
    files = [(folder / row["path"], row["licence"]) for row in rows if row["split"] in LEARNED]
    here = Path(__file__).parent
    scripts = [(here / name, "made by script") for name in SCRIPTS]
    origins = origins_of_files(files, folder, "generator", SOURCE, COMMIT)
    origins += origins_of_files(scripts, here.parent, "generator", OUR_SCRIPTS, __version__)
    with whole_file(out / PROVENANCE_NAME) as file:
        file.write(provenance_bytes(origins))
    with whole_file(out / "index.csv") as file:
        file.write(text.getvalue().encode())
    return len(rows), len(listed)


def squares_of(maps: Maps, wanted: int) -> list[Square]:
    """The `wanted` squares with the most edges and contrast, apart from each other; fewer where there is no room."""
    height, width = maps.light.shape
    found = []
    for side in SIDES:
        for top in range(0, height - side + 1, STEP):
            for left in range(0, width - side + 1, STEP):
                inside = slice(top, top + side), slice(left, left + side)
                busy = maps.edge[inside].mean() + maps.light[inside].std()
                found.append((busy, top, left, side))
    kept: list[Square] = []
    for _, top, left, side in sorted(found, reverse=True):
        if all(_apart(one, top, left, side) for one in kept):
            kept.append(Square(top, left, side, measures_of(maps.cut(top, left, side))))
        if len(kept) == wanted:
            break
    return kept


def _apart(one: Square, top: int, left: int, side: int) -> bool:
    down = one.top + one.side / 2 - top - side / 2
    across = one.left + one.side / 2 - left - side / 2
    return bool(np.hypot(down, across) >= APART * max(one.side, side))


def _picture(path: Path) -> UInt8:
    try:
        square = load_rgb(path.read_bytes()).resize((STORED_SIDE, STORED_SIDE), Image.Resampling.LANCZOS)
    except PictureError as error:
        raise DataError(
            f"{one_line(path)} is damaged or no picture: {error}", "replace it or drop its row", "corrupt"
        ) from error
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise DataError(
            f"cannot read the picture {one_line(path)}: {said}", "restore it or drop its row", "missing"
        ) from error
    return np.asarray(square, np.uint8)


def _save(picture: UInt8, square: Square, path: Path) -> None:
    cut = picture[square.top : square.top + square.side, square.left : square.left + square.side]
    with whole_file(path) as file:
        Image.fromarray(cut).save(file, format="JPEG", quality=QUALITY, subsampling=0)
