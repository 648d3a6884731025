"""EMO-DB (Burkhardt et al. 2005): `wav/03a01Wa.wav`: speaker, text, emotion (German initial), version."""

from __future__ import annotations

import re
from pathlib import Path

from chromesthesia_training.corpora.corpus import Corpus
from chromesthesia_training.corpora.speech_files import Utterance, meaning, mostly_named, named, read_named
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.errors import Report, stop

NAME = re.compile(r"(\d\d)([ab]\d\d)([A-Z])([a-z])")
EMOTION = {
    "W": "angry",  # Wut
    "L": "bored",  # Langeweile
    "E": "disgust",  # Ekel
    "A": "fearful",  # Angst
    "F": "happy",  # Freude
    "T": "sad",  # Trauer
    "N": "neutral",
}


def read_emodb(folder: Path, report: Report = stop) -> list[Clip]:
    """Clips by speaker (ten). Raises DataError for a name or an emotion that is not EMO-DB's."""
    return read_named("emodb", folder, _parse, report)


def _parse(path: Path) -> Utterance:
    speaker, _, emotion, _ = named(path, NAME, "like 03a01Wa").groups()
    return Utterance(path, speaker, meaning(EMOTION, emotion, "emotion", path))


CORPUS = Corpus(
    name="emodb",
    title="EMO-DB (German)",
    kind="speech",
    layout="`wav/03a01Wa.wav`: speaker, text, emotion (W L E A F T N), version",
    labels="7 emotions, acted",
    group="speaker (10)",
    licence="CC0-1.0 by its publisher",
    here="yes, prepared (9 speakers)",
    matches=mostly_named(NAME),
    read_clips=read_emodb,
)
