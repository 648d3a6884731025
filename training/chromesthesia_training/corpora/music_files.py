"""What the music corpora share: songs by number, ratings on a scale, tables with untidy headings."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from chromesthesia_training.clips import Annotation, Clip, EmotionPoint
from chromesthesia_training.corpora.dealing import deal
from chromesthesia_training.corpora.speech_files import sound_files
from chromesthesia_training.errors import DataError, Report


@dataclass(frozen=True, slots=True)
class Song:
    """One song; `group` is the song or the game it is from."""

    path: Path
    group: str
    points: tuple[EmotionPoint, ...]


def find_file(folder: Path, name: str) -> Path | None:
    """The first file of that name below a folder, whatever the folders between are called."""
    return next((path for path in sorted(folder.rglob(name)) if path.is_file()), None)


def need_file(folder: Path, name: str) -> Path:
    """As `find_file`. Raises DataError when it is not there."""
    path = find_file(folder, name)
    if path is None:
        raise DataError(f"there is no {name} below {folder}", "unpack the annotations there", "missing")
    return path


def read_tidy(path: Path, required: Iterable[str]) -> list[dict[str, str]]:
    """Rows of a csv table, headings and cells without blanks around them. Raises DataError for a missing column."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = [
            {
                (key or "").strip(): (value or "").strip()
                for key, value in row.items()
                if isinstance(value, str)
            }
            for row in csv.DictReader(file)
        ]
    if not rows:
        raise DataError(f"{path} has no rows", "restore the published table", "layout")
    if missing := sorted(set(required) - set(rows[0])):
        raise DataError(
            f"{path} has no column {', '.join(missing)}", f"it has: {', '.join(rows[0])}", "layout"
        )
    return rows


def on_scale(text: str, low: float, high: float, where: str) -> float:
    """A rating from `low`..`high` brought to -1..1. Raises DataError for anything else, naming where it stands."""
    try:
        value = float(text)
    except ValueError:
        raise DataError(f"{where} is {text!r}, not a number", "correct that cell", "label") from None
    if not low <= value <= high:
        raise DataError(f"{where} is {value:g}", f"ratings lie in {low:g}..{high:g}", "scale")
    return 2.0 * (value - low) / (high - low) - 1.0


def sounds_by_stem(folder: Path) -> dict[str, Path]:
    """Sounds below a folder by their name without suffix; of several with one name the first."""
    found: dict[str, Path] = {}
    for path in sound_files(folder):
        found.setdefault(path.stem, path)
    return found


def join_sounds(
    points: dict[str, tuple[EmotionPoint, ...]], folder: Path, group: str, report: Report
) -> list[Song]:
    """Songs that have both ratings and a sound `<number>.mp3`; reports those that lack one of them."""
    sounds = sounds_by_stem(folder)
    for stem in sounds:
        if stem.isdecimal() and stem not in points:
            report(DataError(f"{sounds[stem]} has no rating", "add it or take the song out", "missing"))
    songs = []
    for number, rated in points.items():
        if number in sounds:
            songs.append(Song(sounds[number], f"{group}_{number}", rated))
        else:
            report(
                DataError(
                    f"song {number} is rated but there is no {number}.mp3 below {folder}",
                    "add it or drop its rating",
                    "missing",
                )
            )
    return songs


def music_clips(corpus: str, songs: Sequence[Song], annotation: Annotation) -> list[Clip]:
    """Clips with splits and folds by group, balanced by quadrant of valence and arousal."""
    parts = deal([song.group for song in songs], [_quadrant(song.points) for song in songs])
    return [
        Clip(
            path=song.path,
            corpus=corpus,
            role="music",
            group=song.group,
            split=split,
            fold=fold,
            emotion=None,
            points=song.points,
            annotation=annotation,
        )
        for song, (split, fold) in zip(songs, parts, strict=True)
    ]


def _quadrant(points: Sequence[EmotionPoint]) -> str:
    valence, arousal = (sum(getattr(point, axis) for point in points) for axis in ("valence", "arousal"))
    return f"{'+' if valence >= 0 else '-'}{'+' if arousal >= 0 else '-'}"
