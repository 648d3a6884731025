"""TESS (Pichora-Fuller and Dupuis 2020): `OAF_angry/OAF_back_angry.wav`: speaker, word, emotion."""

from __future__ import annotations

import re
from pathlib import Path

from chromesthesia_training.corpora.corpus import Corpus
from chromesthesia_training.corpora.speech_files import Utterance, meaning, mostly_named, named, read_named
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.errors import Report, stop

NAME = re.compile(r"(OAF?|YAF)_([^_]+)_([a-z]+)")
SPEAKER = {"OAF": "OAF", "OA": "OAF", "YAF": "YAF"}
"""One published file is named OA_bite_neutral."""

EMOTION = {
    "angry": "angry",
    "disgust": "disgust",
    "fear": "fearful",
    "happy": "happy",
    "neutral": "neutral",
    "ps": "surprised",
    "sad": "sad",
}


def read_tess(folder: Path, report: Report = stop) -> list[Clip]:
    """Clips by speaker. There are only two, an older and a younger woman, one word a clip: figures with TESS flatter.

    Raises DataError for a name or an emotion that is not TESS's.
    """
    return read_named("tess", folder, _parse, report)


def _parse(path: Path) -> Utterance:
    speaker, _, emotion = named(path, NAME, "like OAF_back_angry").groups()
    return Utterance(path, SPEAKER[speaker], meaning(EMOTION, emotion, "emotion", path))


CORPUS = Corpus(
    name="tess",
    title="TESS (English)",
    kind="speech",
    layout="`OAF_angry/OAF_back_angry.wav`: speaker, word, emotion (`ps`: pleasant surprise)",
    labels="7 emotions, acted",
    group="speaker (2)",
    licence="CC BY-NC-ND 4.0",
    here="yes, prepared",
    matches=mostly_named(NAME),
    read_clips=read_tess,
)
