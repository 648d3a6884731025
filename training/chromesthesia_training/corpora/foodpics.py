"""Food-pics (Blechert et al. 2014, extended 2019): photographs of food rated for valence and arousal.

The corpus is given out on request, and its layout could not be looked up. Read is what its papers describe:
pictures named by their number (`0001.jpg`) and a table of mean ratings on visual analogue scales from 0 to 100. The
published spreadsheet has to be saved as `ratings.csv` with the columns `image`, `valence` and `arousal`.
"""

from __future__ import annotations

import math
from pathlib import Path

from chromesthesia_training.corpora.corpus import Corpus
from chromesthesia_training.corpora.grouped_split import grouped_split
from chromesthesia_training.corpora.music_files import find_file, need_file, on_scale
from chromesthesia_training.data.art import IMAGE_SUFFIXES, TYPICAL_VAD, Painting
from chromesthesia_training.data.tables import headings_of, read_table
from chromesthesia_training.data.walking import files_below
from chromesthesia_training.errors import DataError, Report, stop

TABLE = "ratings.csv"
COLUMNS = ("image", "valence", "arousal")


def read_foodpics(folder: Path, report: Report = stop) -> list[Painting]:
    """Pictures split by picture. The emotion, and dominance, are those of the nearest typical place: a proxy.

    Raises DataError for a rating outside 0..100 and for a picture that is not there.
    """
    table = need_file(folder, TABLE)
    pictures = {_number(path.stem): path for path in files_below(folder, IMAGE_SUFFIXES)}
    found: list[tuple[Path, str, tuple[float, float, float]]] = []
    for row in read_table(table, COLUMNS):
        where = f"{table.name}: picture {row['image']}"
        try:
            if _number(row["image"]) not in pictures:
                raise DataError(f"{where} is not there", f"put it below {folder}", "missing")
            valence, arousal = (
                0.5 * (on_scale(row[axis], 0.0, 100.0, f"{where}: {axis}") + 1.0)
                for axis in ("valence", "arousal")
            )
        except DataError as problem:
            report(problem)
            continue
        emotion = nearest_emotion(valence, arousal)
        found.append((pictures[_number(row["image"])], emotion, (valence, arousal, TYPICAL_VAD[emotion][2])))
    parts = grouped_split([path.stem for path, _, _ in found], [emotion for _, emotion, _ in found])
    return [
        Painting(path, path.stem, emotion, vad, split, fold)
        for (path, emotion, vad), (split, fold) in zip(found, parts, strict=True)
    ]


def nearest_emotion(valence: float, arousal: float) -> str:
    """The emotion whose typical valence and arousal, 0 to 1, lie nearest."""
    return min(TYPICAL_VAD, key=lambda emotion: math.dist(TYPICAL_VAD[emotion][:2], (valence, arousal)))


def _number(name: str) -> str:
    """`0001`, `1` and `0001.jpg` are the same picture."""
    stem = Path(name).stem
    return stem.lstrip("0") or "0" if stem.isdecimal() else stem


def _matches(folder: Path) -> bool:
    table = find_file(folder, TABLE)
    return table is not None and headings_of(table) >= set(COLUMNS)


CORPUS = Corpus(
    name="food-pics",
    title="Food-pics",
    kind="pictures",
    layout=f"`images/0001.jpg`, `{TABLE}` ({', '.join(f'`{name}`' for name in COLUMNS)}): not verified, see the reader",
    labels="valence and arousal, 0 to 100; the emotion is a proxy",
    group="picture",
    licence="research, on request",
    here="no",
    matches=_matches,
    read_paintings=read_foodpics,
)
