"""EMNS (Noriy et al. 2023): `metadata.csv` with bars between columns, and one recording a row, as wav or WebM."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from chromesthesia_training.corpora.corpus import Corpus
from chromesthesia_training.corpora.speech_files import Listed, is_listed, read_listed
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.errors import Report, stop

COLUMNS = ("audio_recording", "emotion", "user_id")
EMOTION = {
    "Angry": "angry",
    "Disgust": "disgust",
    "Excited": "excited",
    "Happy": "happy",
    "Neutral": "neutral",
    "Sad": "sad",
    "Surprised": "surprised",
    "Sarcastic": "",
}
"""Sarcasm has no place on the circumplex: it is left out."""
LISTED = Listed("metadata.csv", COLUMNS, "audio_recording", "user_id", "emotion", EMOTION, any_ending=True)


def read_emns(folder: Path, report: Report = stop) -> list[Clip]:
    """Clips of the one speaker. A row names `wavs/NAME.webm` wherever the file lies, as .webm or as .wav; a row without
    a recording is passed over.

    Raises DataError for no table, a foreign emotion, a listed recording that is missing or there twice.
    """
    return read_listed("emns", folder, LISTED, report)


CORPUS = Corpus(
    name="emns",
    title="EMNS (British English)",
    kind="speech",
    layout="`metadata.csv` with bars between columns (`audio_recording`, `emotion`, `user_id`, ...), "
    "`raw_webm/NAME.webm` or `NAME.wav`: the columns are known from programs that read it, the table itself was not "
    "seen",
    labels="7 of 8 emotions, acted; sarcasm is left out",
    group="speaker (1: it only trains)",
    licence="Apache-2.0",
    here="no",
    matches=partial(is_listed, LISTED),
    read_clips=read_emns,
)
