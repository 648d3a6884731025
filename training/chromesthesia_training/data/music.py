"""Music: VGMIDI with valence and arousal rated by people in time, Emotify with a proxy from its felt emotions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from chromesthesia.core.emotions import CIRCUMPLEX
from chromesthesia_training.data.clips import (
    Clip,
    EmotionPoint,
    check_disjoint,
    number,
    read_rows,
    sound_of,
    split_of,
)
from chromesthesia_training.data.tables import read_table
from chromesthesia_training.errors import DataError, Report, stop

GEMS_VALENCE_AROUSAL: dict[str, tuple[float, float]] = {
    "amazement": (0.5, 0.4),
    "solemnity": (0.1, -0.2),
    "tenderness": (0.6, -0.5),
    "nostalgia": (0.1, -0.4),
    "calmness": (0.5, -0.8),
    "power": (0.4, 0.8),
    "joyful_activation": (0.8, 0.7),
    "tension": (-0.6, 0.7),
    "sadness": CIRCUMPLEX.sad,
}
"""Rough places of the nine emotions of the Geneva scale (Zentner et al. 2008) on the circumplex: a proxy."""


def read_vgmidi(folder: Path, report: Report = stop) -> list[Clip]:
    """Piano pieces of VGMIDI (Ferreira and Whitehead 2019), rated per measure, split by game series.

    Raises DataError when a piece has no row in `dynamic.csv`, or a rating lies outside -1..1.
    """
    index, dynamic = folder / "index.csv", folder / "dynamic.csv"
    points: dict[str, list[EmotionPoint]] = defaultdict(list)
    for row in read_table(dynamic, ("song_id", "time_s", "valence", "arousal")):
        try:
            points[row["song_id"]].append(_point(row, dynamic))
        except DataError as problem:
            report(problem)

    def clip(row: dict[str, str]) -> Clip:
        if row["song_id"] not in points:
            raise DataError(
                f"{dynamic} has no rating of {row['song_id']}", "add it or drop it from index.csv", "missing"
            )
        return Clip(
            path=sound_of(row, index),
            corpus="vgmidi",
            role="music",
            group=row["series"],
            split=split_of(row, index),
            fold=int(number(row, "fold", index)),
            emotion=None,
            points=tuple(sorted(points[row["song_id"]], key=lambda point: point.time_s)),
            annotation="label",
        )

    clips = read_rows(read_table(index, ("path", "song_id", "series", "split", "fold")), clip, report)
    check_disjoint(clips, report)
    return clips


def _point(row: dict[str, str], source: Path) -> EmotionPoint:
    point = EmotionPoint(*(number(row, column, source) for column in ("time_s", "valence", "arousal")))
    if not (-1.0 <= point.valence <= 1.0 and -1.0 <= point.arousal <= 1.0):
        raise DataError(
            f"{source}: {row['song_id']} at {point.time_s} s is rated ({point.valence}, {point.arousal})",
            "valence and arousal lie in -1..1",
            "scale",
        )
    return point


def gems_point(shares: Mapping[str, float]) -> EmotionPoint:
    """Mean place of the felt emotions, weighted by the share of listeners who felt each: a proxy."""
    total = max(sum(shares.values()), 1e-6)
    valence, arousal = (
        sum(share * GEMS_VALENCE_AROUSAL[emotion][axis] for emotion, share in shares.items()) / total
        for axis in (0, 1)
    )
    return EmotionPoint(0.0, valence, arousal)


def read_emotify(folder: Path, report: Report = stop) -> list[Clip]:
    """Songs of Emotify (Aljanaki et al. 2016), split by song; valence and arousal are a proxy from felt emotions.

    Raises DataError for a share outside 0..1.
    """
    index = folder / "index.csv"

    def clip(row: dict[str, str]) -> Clip:
        shares = {emotion: number(row, emotion, index) for emotion in GEMS_VALENCE_AROUSAL}
        for emotion, share in shares.items():
            if not 0.0 <= share <= 1.0:
                raise DataError(
                    f"{index}: {emotion} of song {row['song_id']} is {share:g}",
                    "give a share, 0 to 1",
                    "scale",
                )
        return Clip(
            path=sound_of(row, index),
            corpus="emotify",
            role="music",
            group=row["song_id"],
            split=split_of(row, index),
            fold=int(number(row, "fold", index)),
            emotion=None,
            points=(gems_point(shares),),
            annotation="proxy",
        )

    clips = read_rows(
        read_table(index, ("path", "song_id", "split", "fold", *GEMS_VALENCE_AROUSAL)), clip, report
    )
    check_disjoint(clips, report)
    return clips
