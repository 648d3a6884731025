"""PMEmo (Zhang et al. 2018): choruses of pop songs, rated as a whole and twice a second, 0 to 1."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from chromesthesia_training.corpora.corpus import Corpus, never
from chromesthesia_training.corpora.music_files import (
    find_file,
    join_sounds,
    music_clips,
    need_file,
    on_scale,
)
from chromesthesia_training.data.clips import Clip, EmotionPoint, number
from chromesthesia_training.data.tables import headings_of, read_table
from chromesthesia_training.errors import DataError, Report, stop

STATIC, DYNAMIC_TABLE = "static_annotations.csv", "dynamic_annotations.csv"
ID, VALENCE, AROUSAL, TIME = "musicId", "Valence(mean)", "Arousal(mean)", "frameTime"


def read_pmemo(folder: Path, report: Report = stop) -> list[Clip]:
    """Songs `chorus/1.mp3` with one rating each, split by song. Raises DataError for a rating outside 0..1."""
    table = need_file(folder, STATIC)
    points = {
        song: tuple(rated)
        for song, rated in _points(table, read_table(table, (ID, VALENCE, AROUSAL)), report).items()
    }
    return music_clips("pmemo", join_sounds(points, folder, "pmemo", report), "label")


def read_pmemo_dynamic(folder: Path, report: Report = stop) -> list[Clip]:
    """The same songs with ratings in time (`frameTime` in seconds, every 0.5 s, from 15 s on), 0..1."""
    table = need_file(folder, DYNAMIC_TABLE)
    rows = read_table(table, (ID, TIME, VALENCE, AROUSAL))
    points = {
        song: tuple(sorted(rated, key=lambda point: point.time_s))
        for song, rated in _points(table, rows, report).items()
    }
    return music_clips("pmemo", join_sounds(points, folder, "pmemo", report), "label")


def _points(table: Path, rows: Sequence[dict[str, str]], report: Report) -> dict[str, list[EmotionPoint]]:
    points: dict[str, list[EmotionPoint]] = defaultdict(list)
    for row in rows:
        where = f"{table.name}: song {row[ID]}"
        try:
            points[row[ID]].append(
                EmotionPoint(
                    number(row, TIME, table) if TIME in row else 0.0,
                    on_scale(row[VALENCE], 0.0, 1.0, f"{where}: valence"),
                    on_scale(row[AROUSAL], 0.0, 1.0, f"{where}: arousal"),
                )
            )
        except DataError as problem:
            report(problem)
    return points


def _matches(folder: Path) -> bool:
    table = find_file(folder, STATIC)
    return table is not None and VALENCE in headings_of(table)


CORPUS = Corpus(
    name="pmemo",
    title="PMEmo, rated as a whole",
    kind="music",
    layout=f"`chorus/1.mp3`, `annotations/{STATIC}` (`{ID}`, `{AROUSAL}`, `{VALENCE}`)",
    labels="valence and arousal of a chorus, 0 to 1, rated by people",
    group="song (767)",
    licence="research",
    here="the ratings, on another scale",
    matches=_matches,
    read_clips=read_pmemo,
)

DYNAMIC = Corpus(
    name="pmemo-dynamic",
    title="PMEmo, rated in time",
    kind="music",
    layout=f"`chorus/1.mp3`, `annotations/{DYNAMIC_TABLE}` (`{ID}`, `{TIME}`, `{AROUSAL}`, `{VALENCE}`)",
    labels="valence and arousal twice a second from 15 s on, 0 to 1, rated by people",
    group="song (767)",
    licence="research",
    here="no",
    matches=never,
    read_clips=read_pmemo_dynamic,
)
