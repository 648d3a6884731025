"""What a training clip is: where its sound lies, who made it, and what is known about its emotion."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from chromesthesia_training.errors import DataError, Report, stop

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
    `chromesthesia.seams.EMOTIONS`, or None where the category is another or unknown; points: valence and arousal in
    time, empty when nothing is known; annotation: `label` when people rated valence and arousal, `proxy` when they
    were derived from categories; label: the category of the corpus by our names (`speech.PROXY_VALENCE_AROUSAL`),
    None where it has none.
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


def read_rows(
    rows: Iterable[dict[str, str]], make: Callable[[dict[str, str]], Clip], report: Report = stop
) -> list[Clip]:
    """Clips of a table's rows; a row that cannot be used goes to `report` and is left out."""
    clips = []
    for row in rows:
        try:
            clips.append(make(row))
        except DataError as problem:
            report(problem)
    return clips


def read_table(path: Path, required: Iterable[str]) -> list[dict[str, str]]:
    """Rows of a csv file that must have the `required` columns. Raises DataError naming file and missing columns."""
    try:
        with path.open(newline="", encoding="utf-8") as file:
            reader = csv.DictReader(file)
            missing = sorted(set(required) - set(reader.fieldnames or ()))
            if missing:
                raise DataError(
                    f"{path} has no column {', '.join(missing)}",
                    f"it has: {', '.join(reader.fieldnames or ())}",
                    "layout",
                )
            rows = list(reader)
    except OSError as error:
        raise DataError(
            f"cannot read {path}: {error.strerror}", "give a folder that holds index.csv", "missing"
        ) from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8 text: {error.reason}", "save the table as UTF-8 csv") from error
    if not rows:
        raise DataError(f"{path} has no rows", "give a folder with at least one clip")
    return rows


def number(row: dict[str, str], column: str, source: Path) -> float:
    """The number in one cell. Raises DataError naming file, row and column."""
    try:
        return float(row[column])
    except (TypeError, ValueError) as error:
        where = row.get("path") or row.get("song_id") or "?"
        raise DataError(
            f"{source}: {column} of {where} is {row[column]!r}, not a number", "correct that cell", "label"
        ) from error


def split_of(row: dict[str, str], source: Path) -> str:
    """The split of a row, `validation` and `dev` taken as val. Raises DataError when it is none of train, val, test."""
    split = SPLIT_ALIASES.get(row["split"], row["split"])
    if split not in SPLITS:
        where = row.get("path") or row.get("song_id") or "?"
        raise DataError(
            f"{source}: split of {where} is {row['split']!r}", f"use one of {', '.join(SPLITS)}", "split"
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
