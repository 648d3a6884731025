"""Acted speech: categories are given; valence and arousal are only a proxy derived from them."""

from __future__ import annotations

from pathlib import Path

from chromesthesia.core.emotions import CIRCUMPLEX, EMOTIONS
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

PROXY_VALENCE_AROUSAL: dict[str, tuple[float, float]] = {
    **CIRCUMPLEX.by_name(),
    "fearful": (-0.6, 0.6),
    "disgust": (-0.6, 0.2),
    "surprised": (0.3, 0.7),
    "neutral": (0.0, -0.1),
    "calm": (0.4, -0.5),
    "bored": (-0.3, -0.6),
    "excited": (0.6, 0.8),
}
"""Rough places of the categories on the circumplex of Russell (1980). Nobody rated these clips: a proxy."""

INTENSITY_GAIN = {"": 1.0, "normal": 0.8, "strong": 1.1}
COLUMNS = ("path", "emotion", "emotion3", "corpus", "speaker", "split", "intensity", "fold")


def speech_points(label: str, gain: float = 1.0) -> tuple[EmotionPoint, ...]:
    """The proxy of a category, further out for strong and closer to neutral for weak acting."""
    valence, arousal = PROXY_VALENCE_AROUSAL[label]
    return (EmotionPoint(0.0, gain * valence, gain * arousal),)


def read_speech(folder: Path, report: Report = stop) -> list[Clip]:
    """Clips of a speech folder with `index.csv`, split by speaker. Raises DataError for a bad label or split."""
    index = folder / "index.csv"
    clips = read_rows(read_table(index, COLUMNS), lambda row: _clip(index, row), report)
    check_disjoint(clips, report)
    return clips


def _clip(index: Path, row: dict[str, str]) -> Clip:
    label = row["emotion"]
    if label not in PROXY_VALENCE_AROUSAL:
        raise DataError(
            f"{index}: emotion of {row['path']} is {label!r}",
            f"use one of {', '.join(PROXY_VALENCE_AROUSAL)}",
            "label",
        )
    return acted_clip(index, row, row["corpus"], label, INTENSITY_GAIN.get(row["intensity"], 1.0))


def acted_clip(index: Path, row: dict[str, str], corpus: str, label: str, gain: float = 1.0) -> Clip:
    """A row of an index of acted voices whose category is known. Raises DataError for a bad `emotion3` or split."""
    if row["emotion3"] not in ("", *EMOTIONS):
        raise DataError(
            f"{index}: emotion3 of {row['path']} is {row['emotion3']!r}",
            f"use one of {', '.join(EMOTIONS)} or leave it empty",
            "label",
        )
    return Clip(
        path=sound_of(row, index),
        corpus=corpus,
        role="speech",
        group=row["speaker"],
        split=split_of(row, index),
        fold=int(number(row, "fold", index)),
        emotion=row["emotion3"] or None,
        points=speech_points(label, gain),
        annotation="proxy",
        label=label,
    )
