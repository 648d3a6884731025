"""Drawings of the music models that are made from their metrics files."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chromesthesia_training.metrics.metrics_file import Metrics
from chromesthesia_training.metrics.style import MUTED, OURS, SECOND, THEIRS, drawing
from chromesthesia_training.results.book import Book
from chromesthesia_training.results.music_page import models_of


def _draw_models(book: Book, path: Path) -> bool:
    vgmidi, emotify = models_of(book, "vgmidi"), models_of(book, "emotify")
    if not vgmidi and not emotify:
        return False
    most = max(len(vgmidi), len(emotify))
    with drawing(path, 1, 2, 1.1 + 0.3 * most) as (_, axes):
        _bars(
            axes[0], "VGMIDI, by game series", vgmidi,
            (("valence", "static.valence.r", OURS), ("arousal", "static.arousal.r", SECOND)),
        )  # fmt: skip
        _bars(axes[1], "Emotify, nine emotions", emotify, (("mean", "static.mean.r", OURS),))
    return True


def _bars(
    axes: Any, title: str, models: list[tuple[str, Metrics]], parts: Sequence[tuple[str, str, str]]
) -> None:
    height = 0.8 / len(parts)
    for number, (label, name, colour) in enumerate(parts):
        for place, (_, metrics) in enumerate(models):
            figure = metrics.figure(name)
            if figure is not None:
                axes.barh(
                    place + (number - (len(parts) - 1) / 2.0) * height,
                    figure.mean,
                    height * 0.9,
                    xerr=figure.deviation,
                    color=colour,
                    error_kw={"ecolor": MUTED, "elinewidth": 0.9},
                )
        axes.plot([], [], "s", color=colour, label=label)
    axes.set_yticks(range(len(models)), [title for title, _ in models])
    axes.invert_yaxis()
    axes.grid(axis="y", visible=False)
    axes.set(xlim=(0.0, 1.0), xlabel="r, mean and deviation", title=title)
    if len(parts) > 1:
        axes.set_ylim(len(models) + 0.6, -0.7)  # a row for the legend
        axes.legend(loc="lower right", ncols=2)


def _draw_importance(book: Book, path: Path) -> bool:
    metrics = book.get("music/vgmidi.selection")
    found = metrics["figures"].get("importance") if metrics is not None else None
    if not found:
        return False
    with drawing(path, 2, 2, 7.4) as (figure, axes):
        for row, (target, both) in enumerate(found.items()):
            for column, (kind, words) in enumerate(
                (("pearson", "Pearson's r"), ("shap", "mean size of SHAP values"))
            ):
                plot, values = axes[2 * row + column], both[kind]
                colours = [SECOND if name in both.get("in_both", ()) else OURS for name in values]
                plot.barh(np.arange(len(values)), list(values.values()), color=colours)
                plot.set_yticks(np.arange(len(values)), [name.replace("_", " ") for name in values])
                plot.invert_yaxis()
                plot.grid(axis="y", visible=False)
                plot.axvline(0.0, color=THEIRS, lw=0.8)
                plot.locator_params(axis="x", nbins=5)
                plot.set_title(f"{target}: {words}", fontsize=10.5)
        figure.suptitle(
            "The 15 features of VGMIDI that tell most; violet: among both fifteen",
            x=0.01,
            ha="left",
            fontsize=10.5,
        )
    return True


MUSIC_DRAWINGS: dict[str, Callable[[Book, Path], bool]] = {
    "music_models.png": _draw_models,
    "music_importance.png": _draw_importance,
}
