"""The questions of a survey, read from a folder: `survey.toml` beside the sounds and pictures that it names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chromesthesia.core.user_files import is_file, one_line, read_toml, shown
from chromesthesia_training.errors import DataError

FILE_NAME = "survey.toml"
TOML_BYTES = 256 * 1024
MOST_QUESTIONS = 400
MOST_MEDIA_BYTES = 20 * 1024 * 1024
CHOICES = 4
LONGEST_KEY = 60
TYPES = {
    ".wav": "audio/wav", ".ogg": "audio/ogg", ".mp3": "audio/mpeg", ".flac": "audio/flac",
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".webp": "image/webp",
}  # fmt: skip
LAYOUT = (
    "[[match]] key = 'm1', sound = 'a.wav', pictures = ['1.png', '2.png', '3.png', '4.png'], fits = 1; "
    "[[rate]] key = 'r1', picture = '1.png'"
)


@dataclass(frozen=True)
class Match:
    """Which of four pictures fits the sound? `fits`: place of the one that was made for it, 0 to 3."""

    key: str
    sound: Path
    pictures: tuple[Path, ...]
    fits: int


@dataclass(frozen=True)
class Rate:
    """How pleasant and how stirring is a picture? valence, arousal: what it was painted for, -1 to 1, if known."""

    key: str
    picture: Path
    valence: float | None = None
    arousal: float | None = None


@dataclass(frozen=True)
class Questions:
    """All questions of a folder, by key in the order of the file."""

    title: str
    matches: tuple[Match, ...]
    rates: tuple[Rate, ...]

    @property
    def media(self) -> tuple[Path, ...]:
        """Every sound and picture once, in order: a page asks for them by number."""
        files = [path for match in self.matches for path in (match.sound, *match.pictures)]
        return tuple(dict.fromkeys([*files, *(rate.picture for rate in self.rates)]))


def read_questions(folder: Path) -> Questions:
    """Read `survey.toml` of a folder.

    Raises DataError naming what is missing, unknown, twice there, outside the folder, or of a kind no browser shows.
    """
    path = folder / FILE_NAME
    table = read_toml(path, DataError, TOML_BYTES)
    _known(path, table, {"title", "match", "rate"})
    title = table.get("title", "")
    if not isinstance(title, str) or len(title) > 200:
        raise DataError(f"{one_line(path)}: title is {shown(title)}", "give a line of at most 200 letters")
    matches = tuple(_match(path, row) for row in _rows(path, table, "match"))
    rates = tuple(_rate(path, row) for row in _rows(path, table, "rate"))
    keys = [*(match.key for match in matches), *(rate.key for rate in rates)]
    if not keys or len(keys) > MOST_QUESTIONS:
        raise DataError(
            f"{one_line(path)} asks {len(keys)} questions", f"ask 1 to {MOST_QUESTIONS}: {LAYOUT}"
        )
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise DataError(
            f"{one_line(path)}: the key {shown(twice[0])} is there twice", "give each its own", "duplicate"
        )
    return Questions(title or "Sound and picture", matches, rates)


def _rows(path: Path, table: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    rows = table.get(name, [])
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise DataError(f"{one_line(path)}: {name} is {shown(rows)}", f"write tables: {LAYOUT}")
    return rows


def _known(path: Path, row: Mapping[str, Any], names: set[str]) -> None:
    unknown = sorted(set(row) - names)
    if unknown:
        raise DataError(
            f"{one_line(path)}: {shown(unknown[0])} is not known", f"use {', '.join(sorted(names))}: {LAYOUT}"
        )


def _match(path: Path, row: Mapping[str, Any]) -> Match:
    _known(path, row, {"key", "sound", "pictures", "fits"})
    key = _key(path, row)
    pictures, fits = row.get("pictures"), row.get("fits")
    if (
        not isinstance(pictures, list)
        or len(pictures) != CHOICES
        or len({str(one) for one in pictures}) != CHOICES
    ):
        raise DataError(
            f"{one_line(path)}: pictures of {key} are {shown(pictures)}", f"name {CHOICES} different ones"
        )
    if type(fits) is not int or not 1 <= fits <= CHOICES:
        raise DataError(f"{one_line(path)}: fits of {key} is {shown(fits)}", f"give 1 to {CHOICES}", "label")
    return Match(
        key,
        _media(path, row.get("sound"), key, "audio"),
        tuple(_media(path, one, key, "image") for one in pictures),
        fits - 1,
    )


def _rate(path: Path, row: Mapping[str, Any]) -> Rate:
    _known(path, row, {"key", "picture", "valence", "arousal"})
    key = _key(path, row)
    asked = {}
    for name in ("valence", "arousal"):
        value = row.get(name)
        if value is not None and (type(value) not in (int, float) or not -1.0 <= value <= 1.0):
            raise DataError(f"{one_line(path)}: {name} of {key} is {shown(value)}", "give -1 to 1", "scale")
        asked[name] = None if value is None else float(value)
    return Rate(key, _media(path, row.get("picture"), key, "image"), asked["valence"], asked["arousal"])


def _key(path: Path, row: Mapping[str, Any]) -> str:
    key = row.get("key")
    if (
        not isinstance(key, str)
        or not 1 <= len(key) <= LONGEST_KEY
        or not key.isascii()
        or not key.isprintable()
    ):
        raise DataError(
            f"{one_line(path)}: key is {shown(key)}", f"give 1 to {LONGEST_KEY} plain letters: {LAYOUT}"
        )
    return key


def _media(path: Path, name: object, key: str, kind: str) -> Path:
    if not isinstance(name, str):
        raise DataError(f"{one_line(path)}: a file of {key} is {shown(name)}", f"name a file: {LAYOUT}")
    found = path.parent / name
    if not TYPES.get(found.suffix.lower(), "").startswith(kind):
        known = ", ".join(ending for ending, of in TYPES.items() if of.startswith(kind))
        raise DataError(f"{one_line(path)}: {shown(name)} of {key} is no {kind} file", f"use one of {known}")
    if not is_file(found):
        raise DataError(
            f"{one_line(path)}: {shown(name)} of {key} is not there", "restore it or drop it", "missing"
        )
    if not found.resolve().is_relative_to(path.parent.resolve()):
        raise DataError(
            f"{one_line(path)}: {shown(name)} of {key} lies outside the folder", "copy it into it"
        )
    if found.stat().st_size > MOST_MEDIA_BYTES:
        raise DataError(
            f"{one_line(found)} is larger than {MOST_MEDIA_BYTES} bytes", "make it shorter or smaller"
        )
    return found
