"""All corpora by name, and which of them a folder holds."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from chromesthesia.core.user_files import one_line
from chromesthesia_training.corpora import (
    ased,
    bangla_ser,
    crema_d,
    csemotions,
    deam,
    dvisa,
    emns,
    emodb,
    emotale,
    emotify,
    emozionalmente,
    foodpics,
    jl_corpus,
    mesd,
    nemo,
    own,
    pmemo,
    prepared,
    ravdess,
    savee,
    subesco,
    tess,
    urdu,
    vgmidi,
)
from chromesthesia_training.corpora.corpus import Corpus
from chromesthesia_training.data.art import Painting
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.data.walking import folders_in, is_folder
from chromesthesia_training.errors import DataError, Report, stop

CORPORA: tuple[Corpus, ...] = (
    *prepared.CORPORA,
    bangla_ser.CORPUS,
    ravdess.CORPUS,
    crema_d.CORPUS,
    savee.CORPUS,
    tess.CORPUS,
    emodb.CORPUS,
    nemo.CORPUS,
    urdu.CORPUS,
    emotale.CORPUS,
    ased.CORPUS,
    jl_corpus.CORPUS,
    subesco.CORPUS,
    mesd.CORPUS,
    emozionalmente.CORPUS,
    emns.CORPUS,
    csemotions.CORPUS,
    deam.CORPUS,
    deam.DYNAMIC,
    pmemo.CORPUS,
    pmemo.DYNAMIC,
    emotify.CORPUS,
    vgmidi.CORPUS,
    dvisa.CORPUS,
    foodpics.CORPUS,
    own.SOUNDS,
    own.PICTURES,
)
"""In the order in which a folder is tried: what is known by a table or by names before what is known by folders."""


@dataclass(frozen=True)
class Reading:
    """What was read of one folder: clips or paintings, whichever the corpus has."""

    corpus: Corpus
    folder: Path
    clips: list[Clip] = field(default_factory=list)
    paintings: list[Painting] = field(default_factory=list)


def corpus_named(name: str) -> Corpus:
    """A corpus by name. Raises DataError listing the names for an unknown one."""
    for corpus in CORPORA:
        if corpus.name == name:
            return corpus
    known = ", ".join(corpus.name for corpus in CORPORA)
    raise DataError(f"no corpus is named {name!r}", f"use one of {known}")


def recognise(folder: Path) -> Corpus | None:
    """The corpus whose layout a folder has; None where it has none that is known."""
    return next((corpus for corpus in CORPORA if corpus.matches(folder)), None)


def find_corpora(folder: Path) -> list[tuple[Corpus, Path]]:
    """The corpus that a folder is, else those of the folders in it.

    Raises DataError where there is no folder, and where nothing in it is known.
    """
    if not is_folder(folder):
        raise DataError(f"there is no folder {one_line(folder)}", "give the folder of a corpus", "missing")
    itself = recognise(folder)
    if itself is not None and itself.prepared:
        return [(itself, folder)]
    inside = [(corpus, child) for child in folders_in(folder) if (corpus := recognise(child))]
    # the parts of one corpus look like that corpus, so only unlike ones make a folder of corpora
    if itself is not None and len({corpus.name for corpus, _ in inside}) < 2:
        return [(itself, folder)]
    if not inside:
        raise DataError(
            f"{folder} has the layout of no known corpus", "see docs/data.md for the layouts", "layout"
        )
    return inside


def read_corpus(corpus: Corpus, folder: Path, report: Report = stop) -> Reading:
    """What is usable in a folder; `report` gets the rest. Raises DataError when nothing can be read at all."""
    if corpus.read_paintings is not None:
        return Reading(corpus, folder, paintings=corpus.read_paintings(folder, report))
    assert corpus.read_clips is not None, corpus.name
    return Reading(corpus, folder, clips=corpus.read_clips(folder, report))
