"""What a training clip is: where its sound lies, who made it, and what is known about its emotion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar

from chromesthesia.core.user_files import one_line
from chromesthesia_training.data.tables import below, to_number
from chromesthesia_training.errors import DataError, Report, stop

T = TypeVar("T")
Made = TypeVar("Made")

SPLITS = ("train", "val", "test")
SPLIT_ALIASES = {"validation": "val", "valid": "val", "dev": "val"}

Role = Literal["speech", "music"]
Annotation = Literal["label", "proxy"]


@dataclass(frozen=True, slots=True)
class EmotionPoint:
    """Valence and arousal, -1..1, that hold from `time_s` until the next point."""

    time_s: float
    valence: float
    arousal: float


@dataclass(frozen=True, slots=True)
class Clip:
    """One sound of a data set.

    group: speaker, game series or song, never shared between splits; emotion: one of
    `chromesthesia.core.emotions.EMOTIONS`, or None where the category is another or unknown; points: valence and
    arousal in time, empty when nothing is known; annotation: `label` when people rated valence and arousal, `proxy`
    when they were derived from categories; label: the category of the corpus by our names
    (`speech.PROXY_VALENCE_AROUSAL`), None where it has none.
    """

    path: Path
    corpus: str
    role: Role
    group: str
    split: str
    fold: int
    emotion: str | None
    points: tuple[EmotionPoint, ...]
    annotation: Annotation
    label: str | None = None


def read_rows(rows: Iterable[T], make: Callable[[T], Made | None], report: Report = stop) -> list[Made]:
    """What is made of a table's rows, or of files; left out is one of which nothing is made, and one that cannot be
    used, which goes to `report`."""
    found = []
    for row in rows:
        try:
            made = make(row)
        except DataError as problem:
            report(problem)
            continue
        if made is not None:
            found.append(made)
    return found


def number(row: dict[str, str], column: str, source: Path) -> float:
    """The number in one cell. Raises DataError naming file, row and column."""
    try:
        return to_number(row[column])
    except ValueError as error:
        raise DataError(
            f"{source}: {column} of {_named(row)} is {row[column]!r}, not a number",
            "correct that cell",
            "label",
        ) from error


def sound_of(row: dict[str, str], source: Path) -> Path:
    """The sound that a row names in its column `path`. Raises DataError where it lies outside the table's folder."""
    return below(source.parent, row["path"], f"{source}: {_named(row)}")


def _named(row: dict[str, str]) -> str:
    return one_line(row.get("path") or row.get("song_id") or "?")


def split_of(row: dict[str, str], source: Path) -> str:
    """The split of a row, `validation` and `dev` taken as val. Raises DataError when it is none of train, val, test."""
    split = SPLIT_ALIASES.get(row["split"], row["split"])
    if split not in SPLITS:
        raise DataError(
            f"{source}: split of {_named(row)} is {row['split']!r}",
            f"use one of {', '.join(SPLITS)}",
            "split",
        )
    return split


def check_disjoint(clips: Sequence[Clip], report: Report = stop) -> None:
    """Report each speaker, series or song that is in two splits or two folds: scores would flatter."""
    seen: dict[tuple[str, str], Clip] = {}
    told: set[tuple[str, str]] = set()
    for clip in clips:
        place = (clip.corpus, clip.group)
        first = seen.setdefault(place, clip)
        if place in told or (first.split, first.fold) == (clip.split, clip.fold):
            continue
        told.add(place)
        where = (
            f"both {first.split} and {clip.split}"
            if first.split != clip.split
            else f"folds {first.fold} and {clip.fold}"
        )
        report(
            DataError(
                f"{clip.corpus}: {clip.group} is in {where} (seen at {clip.path})",
                "put all clips of one speaker, series or song into one split and one fold",
                "leak",
            )
        )
