"""Songs with what people rated, ready to be split by group: VGMIDI, Emotify, and DEAM for who has its audio."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from chromesthesia_training.corpora.deam import STATIC_FIRST, read_deam
from chromesthesia_training.corpora.music_files import find_file, join_sounds, music_clips, on_scale
from chromesthesia_training.corpora.speech_files import sound_files
from chromesthesia_training.data.clips import Clip, EmotionPoint, number
from chromesthesia_training.data.music import GEMS_VALENCE_AROUSAL, read_emotify, read_vgmidi
from chromesthesia_training.data.tables import read_table
from chromesthesia_training.errors import DataError, Report, stop
from chromesthesia_training.music.midi import check_midi

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
AXES = ("valence", "arousal")
FOLDS = 5


@dataclass(frozen=True, slots=True)
class Song:
    """One song: its ratings as a whole, `labels` [targets], and valence and arousal in time where they were rated."""

    song_id: str
    path: Path
    group: str
    fold: int
    labels: tuple[float, ...]
    points: tuple[EmotionPoint, ...] = ()


@dataclass(frozen=True)
class SongSet:
    """Songs of one collection. `scale` is the lowest and highest rating that there can be.

    dynamic: the ratings change in time, so that every 3 s have labels of their own.
    """

    name: str
    what: str
    grouped_by: str
    targets: tuple[str, ...]
    scale: tuple[float, float]
    songs: tuple[Song, ...]
    dynamic: bool = False

    @property
    def labels(self) -> Float64:
        """[songs, targets]."""
        return np.array([song.labels for song in self.songs], np.float64)

    @property
    def folds(self) -> Int64:
        """The fold of every song: [songs]."""
        return np.array([song.fold for song in self.songs], np.int64)

    @property
    def groups(self) -> list[str]:
        """Series or song, never on both sides of a split."""
        return [song.group for song in self.songs]

    def only(self, count: int) -> SongSet:
        """About `count` songs, the same number of every fold, for quick runs."""
        each = max(2, count // FOLDS)
        kept = [
            song for fold in range(FOLDS) for song in [one for one in self.songs if one.fold == fold][:each]
        ]
        return SongSet(
            self.name, self.what, self.grouped_by, self.targets, self.scale, tuple(kept), self.dynamic
        )


def read_vgmidi_songs(folder: Path, report: Report = stop) -> SongSet:
    """Piano pieces with valence and arousal in -1..1 per measure; the label of a piece is the mean of its measures.

    Raises DataError for a piece without ratings, ratings without a piece, a value outside the scale, a sound that is
    not there or is in no table, a MIDI file that does not parse.
    """
    index, dynamic = folder / "index.csv", folder / "dynamic.csv"
    rows = {row["path"]: row for row in read_table(index, ("path", "midi", "song_id"))}
    known = {row["song_id"] for row in rows.values()}
    for song_id in sorted({row["song_id"] for row in read_table(dynamic, ("song_id",))} - known):
        report(
            DataError(
                f"{dynamic} rates {song_id}, which is not in {index.name}",
                "add it or drop its rows",
                "missing",
            )
        )
    for row in rows.values():
        if row["midi"]:
            try:
                check_midi(folder / row["midi"])
            except DataError as problem:
                report(problem)
    clips = _with_sounds(folder, read_vgmidi(folder, report), report)
    ids = {folder / path: row["song_id"] for path, row in rows.items()}
    songs = tuple(
        Song(
            ids[clip.path],
            clip.path,
            clip.group,
            clip.fold,
            (
                float(np.mean([point.valence for point in clip.points])),
                float(np.mean([point.arousal for point in clip.points])),
            ),
            clip.points,
        )
        for clip in clips
    )
    what = (
        "VGMIDI, 187 piano pieces of games as prepared here, first 60 s rendered from MIDI; rated by people"
    )
    return SongSet("vgmidi", what, "game series", AXES, (-1.0, 1.0), songs, dynamic=True)


def read_emotify_songs(folder: Path, report: Report = stop) -> SongSet:
    """Songs of 30 s with the share of listeners who felt each of nine emotions, 0..1; no ratings in time.

    Raises DataError as `read_vgmidi_songs`.
    """
    index = folder / "index.csv"
    emotions = tuple(GEMS_VALENCE_AROUSAL)
    clips = _with_sounds(folder, read_emotify(folder, report), report)
    shares = {
        folder / row["path"]: tuple(number(row, emotion, index) for emotion in emotions)
        for row in read_table(index, ("path", *emotions))
    }
    songs = tuple(Song(clip.group, clip.path, clip.group, clip.fold, shares[clip.path]) for clip in clips)
    what = "Emotify, 380 songs of 30 s as prepared here; share of listeners who felt each of nine emotions"
    return SongSet("emotify", what, "song", emotions, (0.0, 1.0), songs)


def read_deam_songs(folder: Path, report: Report = stop) -> SongSet:
    """DEAM with its audio, ratings of the whole song on 1..9.

    Takes the published layout (`MEMD_audio/2.mp3` and the annotation tables), or `index.csv` with `path`, `song_id`,
    `valence_mean` and `arousal_mean`. Raises DataError as `read_vgmidi_songs`.
    """
    clips = read_deam(folder, report) if find_file(folder, STATIC_FIRST) else _deam_index(folder, report)
    songs = tuple(
        Song(
            clip.path.stem,
            clip.path,
            clip.group,
            clip.fold,
            tuple(5.0 + 4.0 * value for value in (clip.points[0].valence, clip.points[0].arousal)),
        )
        for clip in clips
    )
    return SongSet("deam", "DEAM, songs rated as a whole, 1 to 9", "song", AXES, (1.0, 9.0), songs)


def _deam_index(folder: Path, report: Report) -> list[Clip]:
    index = folder / "index.csv"
    points: dict[str, tuple[EmotionPoint, ...]] = {}
    for row in read_table(index, ("path", "song_id", "valence_mean", "arousal_mean")):
        try:
            valence, arousal = (
                on_scale(row[f"{axis}_mean"], 1.0, 9.0, f"{index.name}: {axis} of song {row['song_id']}")
                for axis in AXES
            )
        except DataError as problem:
            report(problem)
            continue
        points[row["song_id"]] = (EmotionPoint(0.0, valence, arousal),)
    return music_clips("deam", join_sounds(points, folder, "deam", report), "label")


def _with_sounds(folder: Path, clips: Sequence[Clip], report: Report) -> list[Clip]:
    """The clips whose sound is there; reports those whose is not, and sounds that no row names."""
    there = set(sound_files(folder))
    for path in sorted(there - {clip.path for clip in clips}):
        report(
            DataError(f"{path} is in no row that can be used of {folder.name}/index.csv",
                      "rate it or take the sound out", "missing")
        )  # fmt: skip
    kept = []
    for clip in clips:
        if clip.path in there:
            kept.append(clip)
        else:
            report(DataError(f"{clip.path} is rated but not there", "restore it or drop its row", "missing"))
    return kept


READERS: dict[str, Callable[[Path], SongSet]] = {
    "vgmidi": read_vgmidi_songs,
    "emotify": read_emotify_songs,
}
"""The collections that the data holds, by the name of their folder."""
DEAM = "deam"
GIVEN: dict[str, Callable[[Path], SongSet]] = {DEAM: read_deam_songs}
"""Those that a person may add."""


def labels_in_time(points: Sequence[EmotionPoint], starts_s: Float64, length_s: float) -> Float64:
    """Mean valence and arousal within windows, each point holding until the next: [windows, 2].

    A window before the first point takes the first, one behind the last takes the last.
    """
    times = np.array([point.time_s for point in points])
    values = np.array([(point.valence, point.arousal) for point in points])
    edges = np.append(times, max(times[-1], float(starts_s[-1])) + length_s)
    held = np.diff(edges)[:, None] * values
    total = np.vstack([np.zeros((1, 2)), np.cumsum(held, axis=0)])

    def until(at_s: Float64) -> Float64:
        at_s = np.clip(at_s, edges[0], edges[-1])
        return np.stack([np.interp(at_s, edges, total[:, axis]) for axis in (0, 1)], axis=1)

    ends_s = starts_s + length_s
    width = np.clip(ends_s, edges[0], edges[-1]) - np.clip(starts_s, edges[0], edges[-1])
    mean = (until(ends_s) - until(starts_s)) / np.maximum(width, 1e-9)[:, None]
    at = np.clip(np.searchsorted(times, starts_s, "right") - 1, 0, len(times) - 1)
    return np.asarray(np.where(width[:, None] > 1e-6, mean, values[at]))
