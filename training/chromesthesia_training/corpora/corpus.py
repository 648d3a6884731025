"""What a corpus is to us: where its sounds or pictures lie, what its labels mean, what splits are made by."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from chromesthesia_training.data.art import Painting
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.errors import Report

Kind = Literal["speech", "music", "pictures", "ratings"]


def never(folder: Path) -> bool:
    """For a corpus that is read only when asked for by name."""
    return False


@dataclass(frozen=True)
class Corpus:
    """One published corpus, or one layout of our own.

    labels: what people said of it, and on which scale; group: what is never shared between splits; here: how much
    of it this project was built with; matches: whether a folder looks like it (cheap, reads names only). One of
    `read_clips` and `read_paintings` is there: each gives what is usable and reports the rest.
    """

    name: str
    title: str
    kind: Kind
    layout: str
    labels: str
    group: str
    licence: str
    here: str
    matches: Callable[[Path], bool]
    read_clips: Callable[[Path, Report], list[Clip]] | None = None
    read_paintings: Callable[[Path, Report], list[Painting]] | None = None
    prepared: bool = False
