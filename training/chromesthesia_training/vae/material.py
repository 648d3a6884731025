"""Paintings and sounds with valence and arousal in -1..1, and who is on which side of the split."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from chromesthesia_training.data.art import Painting, read_paintings
from chromesthesia_training.errors import DataError
from chromesthesia_training.music.songs import Song, SongSet, read_deam_songs, read_vgmidi_songs

Float64 = NDArray[np.float64]
Bool = NDArray[np.bool_]
Kind = Literal["image", "sound"]
KINDS: tuple[Kind, Kind] = ("image", "sound")
CHUNK_S, WHOLE_S = 5.0, 46.0
SHORTEST_WHOLE_S = 30.0
"""A piece shorter than 46 s is filled with silence, as the thesis pads; one shorter than this is left out there."""
FOLDS = 5
VALIDATE_ONE_IN = 8


@dataclass(frozen=True, slots=True)
class Item:
    """A painting, or a part of a piece of music from `start_s`; `va` is valence and arousal in -1..1."""

    kind: Kind
    path: Path
    group: str
    fold: int
    va: tuple[float, float]
    start_s: float = 0.0

    @property
    def name(self) -> str:
        """For a person, and unique."""
        return f"{self.path.name}@{self.start_s:g}" if self.kind == "sound" else self.path.name


@dataclass(frozen=True)
class Items:
    """Items of one kind, in a fixed order. `what` says which data they are."""

    kind: Kind
    what: str
    items: tuple[Item, ...]

    @property
    def va(self) -> Float64:
        """[items, 2]."""
        return np.array([item.va for item in self.items], np.float64).reshape(-1, 2)

    def split(self, fold: int) -> tuple[Bool, Bool, Bool]:
        """Who is learned from, who chooses the epoch, and who is scored: three masks [items].

        `fold` is scored; every eighth group (artist, game series) of the others chooses.
        """
        scored = np.array([item.fold == fold for item in self.items])
        chooses = np.array([zlib.crc32(item.group.encode()) % VALIDATE_ONE_IN == 0 for item in self.items])
        return ~scored & ~chooses, ~scored & chooses, scored


def check_va(va: Sequence[float], where: str) -> tuple[float, float]:
    """Two values in -1..1. Raises DataError naming the one that is not, and `where`."""
    for name, value in zip(("valence", "arousal"), va, strict=True):
        if not -1.0 <= value <= 1.0:
            raise DataError(f"{where}: {name} is {value:g}", "valence and arousal lie in -1..1", "scale")
    return float(va[0]), float(va[1])


def paintings(folder: Path, most: int | None = None) -> Items:
    """The paintings of a folder; ratings 0..1 become -1..1. Raises ArtError as `read_paintings`, DataError for few."""
    found = [_painting(one, number) for number, one in enumerate(read_paintings(folder))]
    return _checked(Items("image", "D-ViSA, abstract paintings rated by people, 0 to 1", tuple(found)), most)


def _painting(one: Painting, number: int) -> Item:
    va = check_va([2.0 * value - 1.0 for value in one.vad[:2]], str(one.path))
    fold = zlib.crc32(one.artist.encode()) % FOLDS if one.fold is None else one.fold
    return Item("image", one.path, one.artist, fold, va)


def songs_of(data_dir: Path) -> SongSet:
    """DEAM where its audio is in `deam/`, as the thesis; else VGMIDI."""
    folder = data_dir / "deam"
    return read_deam_songs(folder) if folder.is_dir() else read_vgmidi_songs(data_dir / "vgmidi")


def chunks(songs: SongSet, most: int | None = None) -> Items:
    """Every whole 5 s of every piece, labelled by the mean of its ratings in that time, else of the piece."""
    found = [
        Item("sound", song.path, song.group, song.fold, _rated(songs, song, start, CHUNK_S), start)
        for song in songs.songs
        for start in np.arange(0.0, _seconds(song.path) - CHUNK_S + 1e-6, CHUNK_S).tolist()
    ]
    return _checked(Items("sound", f"{songs.what}; parts of 5 s", tuple(found)), most)


def wholes(songs: SongSet, most: int | None = None) -> Items:
    """The first 46 s of every piece, labelled by the mean of its ratings in that time."""
    found = [
        Item("sound", song.path, song.group, song.fold, _rated(songs, song, 0.0, WHOLE_S))
        for song in songs.songs
        if _seconds(song.path) >= SHORTEST_WHOLE_S
    ]
    return _checked(Items("sound", f"{songs.what}; the first 46 s", tuple(found)), most)


def _rated(songs: SongSet, song: Song, start_s: float, length_s: float) -> tuple[float, float]:
    """The mean of ratings that hold within a part of a song: each holds until the next."""
    low, high = songs.scale
    whole = [2.0 * (value - low) / (high - low) - 1.0 for value in song.labels[:2]]
    if not song.points:
        return check_va(whole, str(song.path))
    times = np.arange(start_s + 0.05, start_s + length_s, 0.1)
    begins = np.array([point.time_s for point in song.points])
    place = np.clip(np.searchsorted(begins, times, side="right") - 1, 0, len(begins) - 1)
    points = np.array([(point.valence, point.arousal) for point in song.points])
    return check_va(points[place].mean(axis=0).tolist(), f"{song.path} at {start_s:g} s")


def _seconds(path: Path) -> float:
    import soundfile

    try:
        return float(soundfile.info(str(path)).duration)
    except (RuntimeError, OSError) as error:
        raise DataError(
            f"cannot read the sound {path}: {error}", "replace it or drop its row", "corrupt"
        ) from error


def _checked(items: Items, most: int | None) -> Items:
    if most is not None:  # an even share of every fold, for quick runs
        each = max(2, most // FOLDS)
        kept = [
            item for fold in range(FOLDS) for item in [one for one in items.items if one.fold == fold][:each]
        ]
        items = Items(items.kind, items.what, tuple(kept))
    if len({item.fold for item in items.items}) < 2:
        raise DataError(
            f"{len(items.items)} items of kind {items.kind} in fewer than two folds",
            "give items of several artists or series",
            "small class",
        )
    return items
