"""`docs/results/` made anew from the metrics files, and checked against them."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from chromesthesia_training.metrics.metrics_file import METRICS_ROOT
from chromesthesia_training.results.book import Book
from chromesthesia_training.results.drawings import DRAWINGS, draw_all
from chromesthesia_training.results.pages import MISSED, OF_MACHINES, render
from chromesthesia_training.results.parts import OF_THE_PACK
from chromesthesia_training.results.rows import missing
from chromesthesia_training.safe_write import write_text_whole

logger = logging.getLogger(__name__)

RESULTS_DIR = METRICS_ROOT.parent
DRAWN_BY_RUNS = (
    "alignment_umap.png",
    "cgan_snapshots.jpg",
    "cgan_tuned_snapshots.jpg",
    "music_labels.png",
    "music_tsne.png",
    "vae_sound_to_image.jpg",
    "vae_image_to_sound.jpg",
)
"""Not made from metrics files but by a run: shown where they are there."""


@dataclass(frozen=True)
class Report:
    """What was written, and which rows of the reference have no run yet."""

    written: tuple[Path, ...]
    missing: tuple[str, ...]


def write_report(results_dir: Path = RESULTS_DIR, drawings: bool = True) -> Report:
    """Write every page, `summary.json` and, where asked, the drawings, from `results_dir`/metrics.

    Raises:
        TrainingError: a damaged metrics file.
        DataError: the disk is full or the folder cannot be written to.
    """
    book = Book.read(results_dir / "metrics")
    if drawings:
        draw_all(book, results_dir / "figures")
    written = []
    for name, text in render(book, shown_in(results_dir)).items():
        write_text_whole(results_dir / name, text)
        written.append(results_dir / name)
    gone = missing(book)
    logger.info("%d pages in %s, %d metrics files not there yet", len(written), results_dir, len(gone))
    return Report(tuple(written), tuple(gone))


def shown_in(results_dir: Path) -> list[str]:
    """Names of the drawings, pictures and other pages that are there to be shown."""
    drawn = [name for name in (*DRAWINGS, *DRAWN_BY_RUNS) if (results_dir / "figures" / name).is_file()]
    return drawn + [name for name in (*OF_THE_PACK, MISSED, *OF_MACHINES) if (results_dir / name).is_file()]


def complaints(results_dir: Path = RESULTS_DIR) -> list[str]:
    """Why the pages must not go out as they are: rows without a run, pages that differ from their metrics files.

    Raises:
        TrainingError: a damaged metrics file.
    """
    book = Book.read(results_dir / "metrics")
    return [
        *missing(book),
        *stale_pages(results_dir, render(book, shown_in(results_dir)).items()),
    ]


def stale_pages(results_dir: Path, pages: Iterable[tuple[str, str]]) -> list[str]:
    """Pages that are not there, or are not what the metrics files make of them."""
    found = []
    for name, text in pages:
        path = results_dir / name
        if not path.is_file():
            found.append(f"{path} is missing: run chromesthesia-train results")
        elif path.read_text(encoding="utf-8") != text:
            found.append(f"{path} differs from its metrics files: run chromesthesia-train results")
    return found
