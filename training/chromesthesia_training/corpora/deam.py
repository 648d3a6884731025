"""DEAM (Aljanaki, Yang and Soleymani 2017): 1,802 songs rated as a whole (1 to 9) and twice a second (-1 to 1)."""

from __future__ import annotations

import re
from pathlib import Path

from chromesthesia_training.corpora.corpus import Corpus, never
from chromesthesia_training.corpora.music_files import (
    find_file,
    join_sounds,
    music_clips,
    need_file,
    on_scale,
    whole_number,
)
from chromesthesia_training.data.clips import Clip, EmotionPoint
from chromesthesia_training.data.tables import read_table
from chromesthesia_training.errors import DataError, Report, stop

STATIC_FIRST = "static_annotations_averaged_songs_1_2000.csv"
STATIC_REST = "static_annotations_averaged_songs_2000_2058.csv"
SWAPPED_UP_TO = 1_000
"""The first table has valence and arousal interchanged up to this id: emoMusic has the same songs the other way."""

SAMPLE = re.compile(r"sample_(\d+)ms")


def read_deam(folder: Path, report: Report = stop, correct_swap: bool = True) -> list[Clip]:
    """Songs `MEMD_audio/2.mp3` with one rating each, brought from 1..9 to -1..1; split by song.

    correct_swap: put valence and arousal of the ids up to 1,000 right. Raises DataError for a rating outside the
    scale, a song without a sound, a sound without a rating.
    """
    tables = [need_file(folder, STATIC_FIRST)]
    if rest := find_file(folder, STATIC_REST):
        tables.append(rest)
    points: dict[str, tuple[EmotionPoint, ...]] = {}
    for table in tables:
        for row in read_table(table, ("song_id", "valence_mean", "arousal_mean")):
            try:
                valence, arousal = (
                    on_scale(row[f"{axis}_mean"], 1.0, 9.0, f"{table.name}: {axis} of song {row['song_id']}")
                    for axis in ("valence", "arousal")
                )
                number = whole_number(row["song_id"], f"{table.name}: a song_id")
            except DataError as problem:
                report(problem)
                continue
            if correct_swap and number <= SWAPPED_UP_TO:
                valence, arousal = arousal, valence
            points[row["song_id"]] = (EmotionPoint(0.0, valence, arousal),)
    return music_clips("deam", join_sounds(points, folder, "deam", report), "label")


def read_deam_dynamic(folder: Path, report: Report = stop) -> list[Clip]:
    """The same songs with ratings in time from `valence.csv` and `arousal.csv`: 2 Hz, from 15 s on, -1..1.

    Nothing is known of the first 15 s: the first point says when knowledge begins. Raises DataError as `read_deam`.
    """
    by_axis = {axis: _series(need_file(folder, f"{axis}.csv"), report) for axis in ("valence", "arousal")}
    points: dict[str, tuple[EmotionPoint, ...]] = {}
    for number in by_axis["valence"].keys() & by_axis["arousal"].keys():
        valence, arousal = by_axis["valence"][number], by_axis["arousal"][number]
        times = sorted(valence.keys() & arousal.keys())
        if times:
            points[number] = tuple(EmotionPoint(time_s, valence[time_s], arousal[time_s]) for time_s in times)
    ordered = dict(sorted(points.items(), key=lambda item: int(item[0])))
    return music_clips("deam", join_sounds(ordered, folder, "deam", report), "label")


def _series(table: Path, report: Report) -> dict[str, dict[float, float]]:
    """Song number -> time in seconds -> value; empty cells are where a song has ended."""
    series: dict[str, dict[float, float]] = {}
    for row in read_table(table, ("song_id",)):
        try:
            whole_number(row["song_id"], f"{table.name}: a song_id")
        except DataError as problem:
            report(problem)
            continue
        values = series.setdefault(row["song_id"], {})
        for column, text in row.items():
            match = SAMPLE.fullmatch(column)
            if match is None or not text:
                continue
            try:
                values[int(match.group(1)) / 1_000.0] = on_scale(
                    text, -1.0, 1.0, f"{table.name}: {column} of song {row['song_id']}"
                )
            except DataError as problem:
                report(problem)
    return series


CORPUS = Corpus(
    name="deam",
    title="DEAM, rated as a whole",
    kind="music",
    layout=f"`MEMD_audio/2.mp3`, `{STATIC_FIRST}` anywhere below",
    labels="valence and arousal of a song, 1 to 9, rated by people; ids up to 1,000 are interchanged and put right",
    group="song (1,802)",
    licence="CC, per track",
    here="4 songs and the ratings",
    matches=lambda folder: find_file(folder, STATIC_FIRST) is not None,
    read_clips=read_deam,
)

DYNAMIC = Corpus(
    name="deam-dynamic",
    title="DEAM, rated in time",
    kind="music",
    layout="`MEMD_audio/2.mp3`, `valence.csv` and `arousal.csv` (`song_id`, `sample_15000ms`, ...) anywhere below",
    labels="valence and arousal twice a second from 15 s on, -1 to 1, rated by people",
    group="song (1,802)",
    licence="CC, per track",
    here="no",
    matches=never,
    read_clips=read_deam_dynamic,
)
