"""MESD (Duville et al. 2021): `Anger_C_A_abajo.wav`: emotion, voice (woman, man, child), list of words, word."""

from __future__ import annotations

import re
from pathlib import Path

from chromesthesia_training.corpora.corpus import Corpus
from chromesthesia_training.corpora.speech_files import Utterance, meaning, mostly_named, named, read_named
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.errors import Report, stop

NAME = re.compile(r"([A-Z][a-z]+)_([FMC])_([AB])_(.+)")
EMOTION = {
    "Anger": "angry",
    "Disgust": "disgust",
    "Fear": "fearful",
    "Happiness": "happy",
    "Neutral": "neutral",
    "Sadness": "sad",
}


def read_mesd(folder: Path, report: Report = stop) -> list[Clip]:
    """Clips by voice: names do not tell the eleven speakers apart, so women, men and children are the groups.

    Raises DataError for a foreign name or emotion.
    """
    return read_named("mesd", folder, _parse, report)


def _parse(path: Path) -> Utterance:
    emotion, voice, _, _ = named(path, NAME, "like Anger_C_A_abajo").groups()
    return Utterance(path, voice, meaning(EMOTION, emotion, "emotion", path))


CORPUS = Corpus(
    name="mesd",
    title="MESD (Mexican Spanish)",
    kind="speech",
    layout="`Anger_C_A_abajo.wav`: emotion, voice (F M C), list of words (A B), word",
    labels="6 emotions, acted, single words",
    group="voice: women, men, children (11 speakers that names do not tell apart)",
    licence="CC BY 4.0",
    here="no",
    matches=mostly_named(NAME),
    read_clips=read_mesd,
)
