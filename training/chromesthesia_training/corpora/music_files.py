"""What the music corpora share: songs by number, ratings on a scale."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from chromesthesia.core.user_files import one_line
from chromesthesia_training.corpora.grouped_split import grouped_split
from chromesthesia_training.corpora.speech_files import sound_files
from chromesthesia_training.data.clips import Annotation, Clip, EmotionPoint
from chromesthesia_training.data.tables import to_number
from chromesthesia_training.data.walking import files_below
from chromesthesia_training.errors import DataError, Report


@dataclass(frozen=True, slots=True)
class Song:
    """One song; `group` is the song or the game it is from."""

    path: Path
    group: str
    points: tuple[EmotionPoint, ...]


def find_file(folder: Path, name: str) -> Path | None:
    """The first file of that name or pattern below a folder, whatever the folders between are called."""
    return next((path for path in files_below(folder) if fnmatchcase(path.name, name)), None)


def need_file(folder: Path, name: str) -> Path:
    """As `find_file`. Raises DataError when it is not there."""
    path = find_file(folder, name)
    if path is None:
        raise DataError(f"there is no {name} below {folder}", "unpack the annotations there", "missing")
    return path


def on_scale(text: str, low: float, high: float, where: str) -> float:
    """A rating from `low`..`high` brought to -1..1. Raises DataError for anything else, naming where it stands."""
    try:
        value = to_number(text)
    except ValueError:
        raise DataError(f"{where} is {text!r}, not a number", "correct that cell", "label") from None
    if not low <= value <= high:
        raise DataError(f"{where} is {value:g}", f"ratings lie in {low:g}..{high:g}", "scale")
    return 2.0 * (value - low) / (high - low) - 1.0


def whole_number(text: str, where: str) -> int:
    """The number of a song. Raises DataError for anything else, naming where it stands."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise DataError(f"{where} is {one_line(text)!r}, not a whole number", "correct that cell", "label")
    return int(text)


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
    parts = grouped_split([song.group for song in songs], [_quadrant(song.points) for song in songs])
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
