"""SUBESCO (Sultana et al. 2021): `F_02_MONIKA_S_1_NEUTRAL_5.wav`: gender, number and name, sentence, emotion, take."""

from __future__ import annotations

import re
from pathlib import Path

from chromesthesia_training.corpora.corpus import Corpus
from chromesthesia_training.corpora.speech_files import Utterance, meaning, mostly_named, named, read_named
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.errors import Report, stop

NAME = re.compile(r"([MF])_(\d\d)_([A-Z]+)_S_(\d+)_([A-Z]+)_(\d+)\]?")
"""One published file ends in `3]`. The names of speakers are not taken over: gender and number tell them apart."""
EMOTION = {
    "ANGRY": "angry",
    "DISGUST": "disgust",
    "FEAR": "fearful",
    "HAPPY": "happy",
    "NEUTRAL": "neutral",
    "SAD": "sad",
    "SURPRISE": "surprised",
}


def read_subesco(folder: Path, report: Report = stop) -> list[Clip]:
    """Clips by speaker (20). Raises DataError for a foreign name or emotion."""
    return read_named("subesco", folder, _parse, report)


def _parse(path: Path) -> Utterance:
    gender, number, _, _, emotion, _ = named(path, NAME, "like F_02_MONIKA_S_1_NEUTRAL_5").groups()
    return Utterance(path, f"{gender}{number}", meaning(EMOTION, emotion, "emotion", path))


CORPUS = Corpus(
    name="subesco",
    title="SUBESCO (Bangla)",
    kind="speech",
    layout="`F_02_MONIKA_S_1_NEUTRAL_5.wav`: gender, speaker's number and name, sentence, emotion, take",
    labels="7 emotions, acted",
    group="speaker (20)",
    licence="CC BY 4.0",
    here="no",
    matches=mostly_named(NAME),
    read_clips=read_subesco,
)
