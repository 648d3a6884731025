"""Folders of paintings in every layout: our own, a user's, and those of the published corpora (docs/data.md)."""

from __future__ import annotations

from pathlib import Path

from chromesthesia_training.corpora import dvisa, foodpics
from chromesthesia_training.data import art
from chromesthesia_training.data.art import ArtSet, Painting
from chromesthesia_training.errors import Report, stop

PUBLISHED = (dvisa.CORPUS, foodpics.CORPUS)


def read_paintings(folder: Path, report: Report = stop) -> list[Painting]:
    """`art.read_paintings` that knows the published corpora."""
    return art.read_paintings(folder, report, _of_published)


def load_art(folder: Path, side: int = 176, cache_dir: Path | None = None) -> ArtSet:
    """`art.load_art` that knows the published corpora."""
    return art.load_art(folder, side, cache_dir, _of_published)


def _of_published(folder: Path, report: Report) -> list[Painting]:
    for corpus in PUBLISHED:
        if corpus.matches(folder) and corpus.read_paintings is not None:
            return corpus.read_paintings(folder, report)
    return []
