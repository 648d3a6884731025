"""One row of the reference beside ours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from chromesthesia_training.metrics.metrics_file import Metrics
from chromesthesia_training.results.book import NOT_RUN, Book


@dataclass(frozen=True)
class Row:
    """Any other row. `needs` are metrics files, each a choice of names; `ours` speaks once all are there."""

    section: str
    what: str
    theirs: str
    needs: tuple[tuple[str, ...], ...]
    ours: Callable[[Sequence[Metrics]], str]
    work: str

    def files(self, book: Book) -> list[Metrics] | None:
        """The files that the row is made from; None while one is missing."""
        found = [book.get(*names) for names in self.needs]
        return None if any(one is None for one in found) else [one for one in found if one is not None]

    def said(self, book: Book) -> str:
        """Our cell of the row."""
        files = self.files(book)
        return f"**{NOT_RUN}**" if files is None else self.ours(files)
