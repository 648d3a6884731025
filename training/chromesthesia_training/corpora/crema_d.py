"""CREMA-D (Cao et al. 2014): `AudioWAV/1001_DFA_ANG_XX.wav`: actor, sentence, emotion, intensity."""

from __future__ import annotations

import re
from pathlib import Path

from chromesthesia_training.corpora.corpus import Corpus
from chromesthesia_training.corpora.speech_files import (
    NORMAL,
    STRONG,
    Utterance,
    meaning,
    mostly_named,
    named,
    read_named,
)
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.errors import Report, stop

NAME = re.compile(r"(\d{4})_([A-Z]{3})_([A-Z]{3})_([A-Z]{1,2})")
EMOTION = {
    "ANG": "angry",
    "DIS": "disgust",
    "FEA": "fearful",
    "HAP": "happy",
    "NEU": "neutral",
    "SAD": "sad",
}
INTENSITY = {"LO": "low", "MD": "medium", "HI": "high", "XX": "unspecified", "X": "unspecified"}
"""The published set has one file that ends in a single X (1040_ITH_SAD_X)."""

GAIN = {"low": NORMAL, "high": STRONG}


def read_crema_d(folder: Path, report: Report = stop) -> list[Clip]:
    """Clips by actor; labels are what was acted, not what was heard. Raises DataError for a foreign name or code."""
    return read_named("crema-d", folder, _parse, report)


def _parse(path: Path) -> Utterance:
    actor, _, emotion, intensity = named(path, NAME, "like 1001_DFA_ANG_XX").groups()
    gain = GAIN.get(meaning(INTENSITY, intensity, "intensity", path), 1.0)
    return Utterance(path, actor, meaning(EMOTION, emotion, "emotion", path), gain)


CORPUS = Corpus(
    name="crema-d",
    title="CREMA-D (English)",
    kind="speech",
    layout="`AudioWAV/1001_DFA_ANG_XX.wav`: actor, sentence, emotion, intensity",
    labels="6 emotions, acted, four strengths",
    group="actor (91)",
    licence="Open Database License 1.0",
    here="no",
    matches=mostly_named(NAME),
    read_clips=read_crema_d,
)
