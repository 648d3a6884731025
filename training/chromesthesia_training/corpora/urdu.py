"""URDU (Latif et al. 2018): `Angry/SM1_F1_A01.wav`: speaker and gender, file, emotion and number; talk shows."""

from __future__ import annotations

import re
from pathlib import Path

from chromesthesia_training.corpora.corpus import Corpus
from chromesthesia_training.corpora.speech_files import Utterance, meaning, mostly_named, named, read_named
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.errors import DataError, Report, stop

NAME = re.compile(r"(S[MF]\d+)_F(\d+)_([A-Z])(\d+)")
EMOTION = {"A": "angry", "H": "happy", "N": "neutral", "S": "sad"}


def read_urdu(folder: Path, report: Report = stop) -> list[Clip]:
    """Clips by speaker. Raises DataError for a foreign name or code, and where folder and name disagree."""
    return read_named("urdu", folder, _parse, report)


def _parse(path: Path) -> Utterance:
    speaker, _, code, _ = named(path, NAME, "like SM1_F1_A01").groups()
    label = meaning(EMOTION, code, "emotion", path)
    said_by_folder = path.parent.name.lower()
    if said_by_folder in EMOTION.values() and said_by_folder != label:
        raise DataError(
            f"{path}: the folder says {said_by_folder}, the name {label}", "move or rename it", "label"
        )
    return Utterance(path, speaker, label)


CORPUS = Corpus(
    name="urdu",
    title="URDU (Urdu)",
    kind="speech",
    layout="`Angry/SM1_F1_A01.wav`: speaker with gender, file, emotion with number",
    labels="4 emotions, from talk shows",
    group="speaker (38)",
    licence="not stated, research",
    here="yes, prepared (28 speakers)",
    matches=mostly_named(NAME),
    read_clips=read_urdu,
)
