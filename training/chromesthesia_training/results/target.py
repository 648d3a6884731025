"""One figure of the summary: where it is found, and what it is held against."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from chromesthesia_training.metrics.metrics_file import Figure, Metrics
from chromesthesia_training.results.book import Book

AS_FOUND = "as found"
"""In the place of a target: a figure that is told and held against nothing."""
Found = tuple[Metrics, Figure]


def held_against_nothing(book: Book) -> float | None:
    """No target: see `AS_FOUND`."""
    return None


def _no_words(book: Book) -> str:
    return ""


@dataclass(frozen=True)
class Target:
    """One figure of the summary. `wanted` may depend on other figures, None holds it against nothing; `better` tells
    which way is good. how: what the run was helped by, after `what`. beside: ceiling and floor, after `wanted_text`."""

    key: str
    what: str
    baseline: str
    wanted_text: str
    wanted: Callable[[Book], float | None]
    better: Literal["more", "less"]
    find: Callable[[Book], Found | None]
    how: Callable[[Book], str] = _no_words
    beside: Callable[[Book], str] = _no_words


def figure_of(figure: str, *names: str) -> Callable[[Book], Found | None]:
    """Finds a figure in the first of these metrics files that is there."""

    def find(book: Book) -> Found | None:
        metrics = book.get(*names)
        found = metrics.figure(figure) if metrics is not None else None
        return None if metrics is None or found is None else (metrics, found)

    return find
