"""nEMO (Christop 2024): `samples/EB0_anger_1.wav` (speaker, emotion, sentence), listed in `data.tsv`."""

from __future__ import annotations

import re
from pathlib import Path

from chromesthesia_training.corpora.corpus import Corpus
from chromesthesia_training.corpora.speech_files import Utterance, meaning, mostly_named, named, read_named
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.data.tables import read_table
from chromesthesia_training.data.walking import is_file
from chromesthesia_training.errors import DataError, Report, stop

NAME = re.compile(r"([A-Z]{2}\d)_([a-z]+)_(\d+)")
EMOTION = {
    "anger": "angry",
    "fear": "fearful",
    "happiness": "happy",
    "neutral": "neutral",
    "sadness": "sad",
    "surprised": "surprised",
}


def read_nemo(folder: Path, report: Report = stop) -> list[Clip]:
    """Clips by speaker (nine). Where `data.tsv` is there, its list and its labels have to agree with the files.

    Raises DataError for a foreign name or code, a listed file that is missing, a label that contradicts the name.
    """
    clips = read_named("nemo", folder, _parse, report)
    table = folder / "data.tsv"
    if is_file(table):
        _compare(table, {clip.path.name: clip for clip in clips}, report)
    return clips


def _parse(path: Path) -> Utterance:
    speaker, emotion, _ = named(path, NAME, "like EB0_anger_1").groups()
    return Utterance(path, speaker, meaning(EMOTION, emotion, "emotion", path))


def _compare(table: Path, clips: dict[str, Clip], report: Report) -> None:
    # texts hold quotation marks that open and never close
    for row in read_table(table, ("file_id", "emotion"), quoted=False):
        name = row["file_id"]
        if name not in clips:
            report(DataError(f"{table} lists {name}, which is not there", "restore the file", "missing"))
        elif EMOTION.get(row["emotion"]) != clips[name].label:
            report(
                DataError(f"{table} says {row['emotion']!r} of {name}", "keep table and names alike", "label")
            )


CORPUS = Corpus(
    name="nemo",
    title="nEMO (Polish)",
    kind="speech",
    layout="`samples/EB0_anger_1.wav`: speaker, emotion, sentence; `data.tsv` lists them",
    labels="6 emotions, acted",
    group="speaker (9)",
    licence="CC BY-NC-SA 4.0",
    here="yes, prepared (8 speakers)",
    matches=mostly_named(NAME),
    read_clips=read_nemo,
)
