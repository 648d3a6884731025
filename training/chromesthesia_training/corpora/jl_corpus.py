"""JL-Corpus (James et al. 2018): `JL(wav+txt)/female1_angry_10a_1.wav`: speaker, emotion, sentence, session."""

from __future__ import annotations

import re
from pathlib import Path

from chromesthesia_training.corpora.corpus import Corpus
from chromesthesia_training.corpora.speech_files import Utterance, meaning, mostly_named, named, read_named
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.errors import Report, stop

NAME = re.compile(r"((?:fe)?male[12])_([a-z]+)_(\d+[ab])_([12])")
LEFT_OUT = ""
EMOTION = {
    "angry": "angry",
    "sad": "sad",
    "neutral": "neutral",
    "happy": "happy",
    "excited": "excited",
    "anxious": LEFT_OUT,
    "apologetic": LEFT_OUT,
    "assertive": LEFT_OUT,
    "concerned": LEFT_OUT,
    "encouraging": LEFT_OUT,
}
"""The five secondary emotions have no place on the circumplex that one could vouch for."""


def read_jl_corpus(folder: Path, report: Report = stop) -> list[Clip]:
    """Clips of the primary emotions by speaker (four). Raises DataError for a foreign name or emotion."""
    return read_named("jl-corpus", folder, _parse, report)


def _parse(path: Path) -> Utterance | None:
    speaker, emotion, _, _ = named(path, NAME, "like female1_angry_10a_1").groups()
    label = meaning(EMOTION, emotion, "emotion", path)
    return Utterance(path, speaker, label) if label != LEFT_OUT else None


CORPUS = Corpus(
    name="jl-corpus",
    title="JL-Corpus (New Zealand English)",
    kind="speech",
    layout="`Raw JL corpus (unchecked and unannotated)/JL(wav+txt)/female1_angry_10a_1.wav`: speaker, emotion, "
    "sentence, session",
    labels="5 primary emotions, acted; its 5 secondary ones are left out",
    group="speaker (4)",
    licence="CC0 1.0",
    here="no",
    matches=mostly_named(NAME),
    read_clips=read_jl_corpus,
)
