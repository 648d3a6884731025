"""Emozionalmente (Catania et al. 2025): `audio/1612872848291.wav`; `metadata/samples.csv` says who and what."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from chromesthesia_training.corpora.corpus import Corpus
from chromesthesia_training.corpora.speech_files import Listed, is_listed, read_listed
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.errors import Report, stop

COLUMNS = ("file_name", "actor", "emotion_expressed")
EMOTION = {
    "anger": "angry",
    "disgust": "disgust",
    "fear": "fearful",
    "joy": "happy",
    "neutrality": "neutral",
    "sadness": "sad",
    "surprise": "surprised",
}
LISTED = Listed("samples.csv", COLUMNS, "file_name", "actor", "emotion_expressed", EMOTION)


def read_emozionalmente(folder: Path, report: Report = stop) -> list[Clip]:
    """Clips by actor (431); labels are what was meant, not what was heard.

    Raises DataError for no table, a foreign emotion, a listed file that is missing or there twice.
    """
    return read_listed("emozionalmente", folder, LISTED, report)


CORPUS = Corpus(
    name="emozionalmente",
    title="Emozionalmente (Italian)",
    kind="speech",
    layout="`metadata/samples.csv` (`file_name`, `actor`, `emotion_expressed`), `audio/1612872848291.wav`",
    labels="7 emotions, acted by amateurs on their own microphones",
    group="actor (431)",
    licence="CC BY 4.0",
    here="its table, to try the reader on",
    matches=partial(is_listed, LISTED),
    read_clips=read_emozionalmente,
)
