"""SAVEE (Haq and Jackson 2009): `DC/a01.wav`, or flat as `DC_a01.wav`: speaker, emotion, sentence."""

from __future__ import annotations

import re
from pathlib import Path

from chromesthesia_training.corpora.corpus import Corpus
from chromesthesia_training.corpora.speech_files import Utterance, meaning, named, read_named, sound_files
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.errors import DataError, Report, stop

SPEAKERS = ("DC", "JE", "JK", "KL")
NAME = re.compile(r"(?:([A-Z]{2})_)?([a-z]{1,2})(\d\d)")
EMOTION = {
    "a": "angry",
    "d": "disgust",
    "f": "fearful",
    "h": "happy",
    "n": "neutral",
    "sa": "sad",
    "su": "surprised",
}


def read_savee(folder: Path, report: Report = stop) -> list[Clip]:
    """Clips by speaker (four men). Raises DataError for a name, speaker or emotion that is not SAVEE's."""
    return read_named("savee", folder, _parse, report)


def _speaker(path: Path, prefix: str | None) -> str:
    return prefix or path.parent.name


def _parse(path: Path) -> Utterance:
    prefix, emotion, _ = named(path, NAME, "like DC_a01, or a01 in a folder DC").groups()
    speaker = _speaker(path, prefix)
    if speaker not in SPEAKERS:
        raise DataError(f"{path}: speaker {speaker!r}", f"it is one of {', '.join(SPEAKERS)}", "label")
    return Utterance(path, speaker, meaning(EMOTION, emotion, "emotion", path))


def _matches(folder: Path) -> bool:
    files = sound_files(folder)
    fitting = [
        path
        for path in files
        if (match := NAME.fullmatch(path.stem)) and _speaker(path, match.group(1)) in SPEAKERS
    ]
    return len(fitting) > len(files) / 2


CORPUS = Corpus(
    name="savee",
    title="SAVEE (British English)",
    kind="speech",
    layout="`DC/a01.wav` or `DC_a01.wav`: speaker, emotion, sentence",
    labels="7 emotions, acted",
    group="speaker (4)",
    licence="research, on request",
    here="no",
    matches=_matches,
    read_clips=read_savee,
)
