"""A user's own folders: sounds or pictures in folders named by emotion."""

from __future__ import annotations

from pathlib import Path

from chromesthesia_training.corpora.corpus import Corpus
from chromesthesia_training.data.art import EMOTIONS, IMAGE_SUFFIXES, LABEL_ALIASES, read_paintings
from chromesthesia_training.data.folders import LABEL_OF_NAME, OWN_SUFFIXES, read_sound_folder
from chromesthesia_training.data.walking import files_below, folders_in


def _holds(folder: Path, names: set[str], suffixes: tuple[str, ...]) -> bool:
    """Some folder named by an emotion holds such a file."""
    return any(files_below(child, suffixes) for child in folders_in(folder) if child.name.lower() in names)


SOUNDS = Corpus(
    name="own-sounds",
    title="your own sounds",
    kind="speech",
    layout="`angry/maria/one.wav` or `angry/one.wav`",
    labels="the folder's name",
    group="folder below the emotion (a speaker), else file",
    licence="yours",
    here="made up in tests",
    matches=lambda folder: _holds(folder, set(LABEL_OF_NAME), OWN_SUFFIXES),
    read_clips=read_sound_folder,
)

PICTURES = Corpus(
    name="own-pictures",
    title="your own pictures",
    kind="pictures",
    layout="`sadness/klee_3.jpg`: artist up to the first underscore",
    labels="the folder's name, one of the 8 emotions; valence, arousal, dominance are typical values",
    group="artist",
    licence="yours",
    here="made up in tests",
    matches=lambda folder: _holds(folder, {*EMOTIONS, *LABEL_ALIASES}, IMAGE_SUFFIXES),
    read_paintings=read_paintings,
)
