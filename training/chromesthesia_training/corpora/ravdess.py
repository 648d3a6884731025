"""RAVDESS (Livingstone and Russo 2018): `Actor_01/03-01-05-02-01-01-01.wav`, seven codes in every file name."""

from __future__ import annotations

import re
from functools import partial
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
from chromesthesia_training.errors import DataError, Report, stop

NAME = re.compile(r"(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)-(\d\d)")
EMOTION = {
    "01": "neutral",
    "02": "calm",
    "03": "happy",
    "04": "sad",
    "05": "angry",
    "06": "fearful",
    "07": "disgust",
    "08": "surprised",
}
CHANNEL = {"01": "speech", "02": "song"}
INTENSITY = {"01": "normal", "02": "strong"}
STATEMENT = {"01": "kids", "02": "dogs"}
REPETITION = {"01": "first", "02": "second"}
LAST_ACTOR = 24


def read_ravdess(folder: Path, report: Report = stop, songs: bool = False) -> list[Clip]:
    """Clips by actor. The codes are modality, channel, emotion, intensity, statement, repetition, actor.

    songs: also take what was sung (channel 02); otherwise only what was spoken. Raises DataError for a name or a
    code that is not RAVDESS's.
    """
    return read_named("ravdess", folder, partial(_parse, songs=songs), report)


def _parse(path: Path, songs: bool) -> Utterance | None:
    _, channel, emotion, intensity, statement, repetition, actor = named(
        path, NAME, "like 03-01-05-02-01-01-01"
    ).groups()
    # BanglaSER has the same names, more of everything, and other emotions behind the same numbers
    meaning(STATEMENT, statement, "statement", path)
    meaning(REPETITION, repetition, "repetition", path)
    if not 1 <= int(actor) <= LAST_ACTOR:
        raise DataError(f"{path}: actor {actor}", f"RAVDESS has {LAST_ACTOR}: is this BanglaSER?", "label")
    if meaning(CHANNEL, channel, "vocal channel", path) == "song" and not songs:
        return None
    gain = STRONG if meaning(INTENSITY, intensity, "intensity", path) == "strong" else NORMAL
    return Utterance(path, actor, meaning(EMOTION, emotion, "emotion", path), gain)


CORPUS = Corpus(
    name="ravdess",
    title="RAVDESS (English)",
    kind="speech",
    layout="`Actor_01/03-01-05-02-01-01-01.wav`: modality, channel, emotion, intensity, statement, repetition, actor",
    labels="8 emotions, acted, two strengths",
    group="actor (24)",
    licence="CC BY-NC-SA 4.0",
    here="yes, prepared (22 actors)",
    matches=mostly_named(NAME),
    read_clips=read_ravdess,
)
