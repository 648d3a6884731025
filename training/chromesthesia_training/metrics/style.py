"""One look for every drawing: light ground, few lines, the three emotions always in the same colours."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chromesthesia_training.safe_write import whole_file

if TYPE_CHECKING:
    from matplotlib.figure import Figure as Drawing

INK, MUTED, RULE, GROUND = "#22252b", "#6b7280", "#d9dce1", "#ffffff"
OURS, THEIRS, REAL, SECOND = "#1f6f8b", "#b08968", "#4b9b6e", "#7a5ba6"
EMOTION_COLOURS = {"angry": "#d1495b", "happy": "#e0a030", "sad": "#3d6fb6"}
SERIES = ("#1f6f8b", "#d1495b", "#e0a030", "#4b9b6e", "#7a5ba6", "#b08968", "#3d6fb6", "#8d99ae")
WIDTH_INCHES = 9.0
DOTS_PER_INCH = 130

SETTINGS: dict[Any, Any] = {
    "figure.facecolor": GROUND,
    "axes.facecolor": GROUND,
    "axes.edgecolor": RULE,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.labelsize": 10.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": RULE,
    "grid.linewidth": 0.7,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelsize": 9.5,
    "ytick.labelsize": 9.5,
    "text.color": INK,
    "font.family": "DejaVu Sans",
    "font.size": 10.5,
    "legend.frameon": False,
    "legend.fontsize": 9.5,
    "lines.linewidth": 2.0,
}


@contextmanager
def drawing(
    path: Path, rows: int = 1, columns: int = 1, height: float = 4.2
) -> Iterator[tuple[Drawing, list[Any]]]:
    """A drawing of `rows` x `columns` plots (a flat list), written to `path` when the block ends well."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    with matplotlib.rc_context(SETTINGS):
        figure, axes = pyplot.subplots(
            rows, columns, figsize=(WIDTH_INCHES, height), squeeze=False, layout="constrained"
        )
        try:
            yield figure, list(axes.flat)
            with whole_file(path) as file:
                figure.savefig(file, dpi=DOTS_PER_INCH, format="png", metadata={"Software": None})
        finally:
            pyplot.close(figure)
