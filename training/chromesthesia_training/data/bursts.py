"""Vocal bursts (laughs, growls, sobs, no words) as EmoGator has them: ten categories, of which some are ours."""

from __future__ import annotations

from pathlib import Path

from chromesthesia_training.data.clips import Clip, check_disjoint, read_rows
from chromesthesia_training.data.speech import acted_clip
from chromesthesia_training.data.tables import read_table
from chromesthesia_training.errors import DataError, Report, stop

CORPUS_NAME = "emogator"
COLUMNS = ("path", "emotion", "emotion3", "speaker", "take", "split", "fold", "licence")
LABELS = {
    "Amusement": "happy",
    "Anger": "angry",
    "Contempt": "disgust",
    "Distress": "fearful",
    "Elation": "excited",
    "Fear": "fearful",
    "Neutral": "neutral",
    "Sadness": "sad",
    "Serenity": "calm",
    "Triumph": "excited",
}
"""The names of the corpus by ours."""


def read_bursts(folder: Path, report: Report = stop) -> list[Clip]:
    """Bursts of a folder with `index.csv`, split by speaker. Raises DataError for a bad label or split."""
    index = folder / "index.csv"
    clips = read_rows(read_table(index, COLUMNS), lambda row: _clip(index, row), report)
    check_disjoint(clips, report)
    return clips


def _clip(index: Path, row: dict[str, str]) -> Clip:
    label = LABELS.get(row["emotion"])
    if label is None:
        raise DataError(
            f"{index}: emotion of {row['path']} is {row['emotion']!r}",
            f"use one of {', '.join(LABELS)}",
            "label",
        )
    return acted_clip(index, row, CORPUS_NAME, label)
