"""BanglaSER (Das et al. 2022): `Actor 01/03-01-03-02-01-01-01.wav`: named as RAVDESS, with other meanings.

Emotion 01 is happy here and neutral there: a folder of one read as the other would be mislabelled throughout. They are
told apart by what only BanglaSER has: a third sentence, a third repetition, actors above 24.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path

from chromesthesia_training.corpora.corpus import Corpus
from chromesthesia_training.corpora.ravdess import LAST_ACTOR, NAME
from chromesthesia_training.corpora.speech_files import (
    NORMAL,
    STRONG,
    Utterance,
    meaning,
    named,
    read_named,
    sound_files,
)
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.errors import Report, stop

MODALITY, CHANNEL = {"03": "sound"}, {"01": "scripted"}
EMOTION = {"01": "happy", "02": "sad", "03": "angry", "04": "surprised", "05": "neutral"}
INTENSITY = {"01": NORMAL, "02": STRONG}
THIRD = "03"
THIRDS = {"01": "first", "02": "second", THIRD: "third"}
ACTOR = {f"{number:02d}": f"{number:02d}" for number in range(1, 35)}
LOOKED_AT = 2_000


def read_bangla_ser(folder: Path, report: Report = stop) -> list[Clip]:
    """Clips by speaker (34). Raises DataError for a name or a code that is not BanglaSER's."""
    return read_named("bangla-ser", folder, _parse, report)


def _parse(path: Path) -> Utterance:
    modality, channel, emotion, intensity, sentence, repetition, actor = named(
        path, NAME, "like 03-01-03-02-01-01-01"
    ).groups()
    meaning(MODALITY, modality, "modality", path)
    meaning(CHANNEL, channel, "kind of speech", path)
    meaning(THIRDS, sentence, "sentence", path)
    meaning(THIRDS, repetition, "repetition", path)
    if intensity not in INTENSITY:
        meaning({code: "" for code in INTENSITY}, intensity, "intensity", path)
    return Utterance(
        path,
        meaning(ACTOR, actor, "actor", path),
        meaning(EMOTION, emotion, "emotion", path),
        INTENSITY[intensity],
    )


def _matches(folder: Path) -> bool:
    files = list(islice(sound_files(folder), LOOKED_AT))
    fitting = [match.groups() for path in files if (match := NAME.fullmatch(path.stem))]
    others = any(
        THIRD in (sentence, repetition) or int(actor) > LAST_ACTOR
        for _, _, _, _, sentence, repetition, actor in fitting
    )
    return others and len(fitting) > len(files) / 2


CORPUS = Corpus(
    name="bangla-ser",
    title="BanglaSER (Bangla)",
    kind="speech",
    layout="`Actor 01/03-01-03-02-01-01-01.wav`: modality, kind, emotion (01 happy, 02 sad, 03 angry, 04 surprised, 05 "
    "neutral), intensity, sentence, repetition, actor; told from RAVDESS by third sentences and repetitions",
    labels="5 emotions, acted, two strengths",
    group="speaker (34)",
    licence="CC BY 4.0",
    here="no",
    matches=_matches,
    read_clips=read_bangla_ser,
)
