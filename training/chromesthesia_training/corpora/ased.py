"""ASED (Retta et al. 2022): `05Angry/a5-03-01-02-50.wav`: emotion and folder, sentence, repetition, gender, speaker."""

from __future__ import annotations

import re
from pathlib import Path

from chromesthesia_training.corpora.corpus import Corpus
from chromesthesia_training.corpora.speech_files import Utterance, meaning, mostly_named, named, read_named
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.errors import DataError, Report, stop

NAME = re.compile(r"([A-Za-z])(\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)")
EMOTION = {"n": "neutral", "f": "fearful", "h": "happy", "s": "sad", "a": "angry"}
"""One published file begins with a capital."""
FOLDER = re.compile(r"0[1-5](Neutral|Fearful|Happy|Sad|Angry)")


def read_ased(folder: Path, report: Report = stop) -> list[Clip]:
    """Clips by speaker (65). Raises DataError for a foreign name or emotion, and where folder and name disagree."""
    return read_named("ased", folder, _parse, report)


def _parse(path: Path) -> Utterance:
    code, _, _, _, _, speaker = named(path, NAME, "like a5-03-01-02-50").groups()
    label = meaning(EMOTION, code.lower(), "emotion", path)
    said_by_folder = FOLDER.fullmatch(path.parent.name)
    if said_by_folder is not None and said_by_folder.group(1).lower() != label:
        raise DataError(
            f"{path}: the folder says {said_by_folder.group(1).lower()}, the name {label}",
            "move or rename it",
            "label",
        )
    return Utterance(path, speaker, label)


CORPUS = Corpus(
    name="ased",
    title="ASED (Amharic)",
    kind="speech",
    layout="`05Angry/a5-03-01-02-50.wav`: emotion (n f h s a) and number of its folder, sentence, repetition, gender, "
    "speaker",
    labels="5 emotions, acted, kept where five of eight judges agreed",
    group="speaker (65)",
    licence="not stated, research",
    here="its files of 2023, to try the reader on",
    matches=mostly_named(NAME),
    read_clips=read_ased,
)
