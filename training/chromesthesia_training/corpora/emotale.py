"""EmoTale (Hjuler et al. 2025): `wav/DK_004_A_5.wav`: language, speaker, emotion, sentence; Danish and English."""

from __future__ import annotations

import re
from pathlib import Path

from chromesthesia_training.corpora.corpus import Corpus
from chromesthesia_training.corpora.speech_files import Utterance, meaning, mostly_named, named, read_named
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.errors import Report, stop

NAME = re.compile(r"(DK|EN)_(\d{3})_([A-Z])_(\d)")
EMOTION = {"A": "angry", "B": "bored", "H": "happy", "N": "neutral", "S": "sad"}


def read_emotale(folder: Path, report: Report = stop) -> list[Clip]:
    """Clips by speaker, who is one in both languages. Raises DataError for a foreign name or emotion."""
    return read_named("emotale", folder, _parse, report)


def _parse(path: Path) -> Utterance:
    _, speaker, emotion, _ = named(path, NAME, "like DK_004_A_5").groups()
    return Utterance(path, speaker, meaning(EMOTION, emotion, "emotion", path))


CORPUS = Corpus(
    name="emotale",
    title="EmoTale (Danish and English)",
    kind="speech",
    layout="`wav/DK_004_A_5.wav`: language (DK, EN), speaker, emotion (A B H N S), sentence",
    labels="5 emotions, acted",
    group="speaker (18)",
    licence="none given: its datasheet says copyright, no licence",
    here="its files of 2026, to try the reader on",
    matches=mostly_named(NAME),
    read_clips=read_emotale,
)
