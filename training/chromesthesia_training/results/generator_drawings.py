"""Drawings of the generator's figures: distances, consistency, control."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chromesthesia_training.metrics.metrics_file import Figure, Metrics
from chromesthesia_training.metrics.style import INK, MUTED, REAL, RULE, SERIES, THEIRS, drawing
from chromesthesia_training.results.book import Book

SPACES = {
    "fire9": "fire9\n(112 px)",
    "fire9_at_224": "fire9\n(224 px)",
    "pixels": "16 x 16\npixels",
    "colour": "colour",
    "texture": "texture",
}


Bars = tuple[str, str, Sequence[Figure | None]]
"""Name, colour and one figure for each place."""


def _side_by_side(axes: Any, share: float, bars: Sequence[Bars]) -> None:
    """Groups of bars with their deviations at 0, 1, ...; share: of the distance between two groups."""
    width = share / len(bars)
    for number, (name, colour, figures) in enumerate(bars):
        offset = (number - (len(bars) - 1) / 2) * width
        axes.bar(
            np.arange(len(figures)) + offset,
            [one.mean if one else np.nan for one in figures],
            width * 0.9,
            yerr=[(one.deviation or 0.0) if one else 0.0 for one in figures],
            ecolor=MUTED,
            error_kw={"elinewidth": 1.2},
            color=colour,
            label=name,
        )


def _made(book: Book) -> list[Metrics]:
    """Without the free pack: it paints other things than these distances are to."""
    measured = [metrics for metrics in book.section("generator") if metrics.figure("frechet.fire9.made")]
    return [metrics for metrics in measured if metrics.name != "free"]


def _distances(book: Book, path: Path) -> bool:
    files = _made(book)
    if not files:
        return False
    with drawing(path, height=4.0) as (_, (axes,)):
        places = np.arange(len(SPACES))
        width = 0.7 / len(files)
        for number, metrics in enumerate(files):
            shares, spread = [], []
            for space in SPACES:
                made, real = (metrics.figure(f"frechet.{space}.{name}") for name in ("made", "real_held_out"))
                if made is None or real is None:
                    shares.append(0.0)
                    spread.append(0.0)
                    continue
                shares.append(made.mean / real.mean)
                spread.append((made.deviation or 0.0) / real.mean)
            offset = (number - (len(files) - 1) / 2) * width
            bars = axes.bar(
                places + offset,
                shares,
                width * 0.9,
                yerr=spread,
                color=SERIES[number],
                ecolor=MUTED,
                error_kw={"elinewidth": 1.2},
                label=metrics.name,
            )
            axes.bar_label(bars, [f"{share:.2f}" for share in shares], fontsize=8.5, color=INK, padding=2)
        axes.axhline(1.0, color=REAL, lw=1.6)
        axes.text(len(SPACES) - 0.42, 1.02, "real,\nunseen\nartists", color=REAL, fontsize=8.5, va="bottom")
        axes.set_xticks(places, SPACES.values())
        axes.set_xlim(-0.6, len(SPACES) + 0.05)
        axes.set(
            ylabel="Frechet distance over that of real", title="Distance to the paintings, less is better"
        )
        axes.grid(axis="x", visible=False)
        axes.legend(loc="upper left", ncols=len(files))
        axes.margins(y=0.2)
    return True


def _consistency(book: Book, path: Path) -> bool:
    files = _made(book)
    if not files:
        return False
    real = files[-1]
    bars: list[Bars] = [
        (
            "real, leaving one out",
            REAL,
            [real.figure(f"three_emotions.real_leaving_one_out_by_k.k{k}") for k in (1, 5, 11)],
        ),
        (
            "real, other artists",
            "#9cc9ae",
            [real.figure(f"three_emotions.real_other_artists_by_k.k{k}") for k in (1, 5, 11)],
        ),
    ]
    for number, metrics in enumerate(files):
        bars.append(
            (
                metrics.name,
                SERIES[number],
                [metrics.figure(f"three_emotions.made_by_k.k{k}") for k in (1, 5, 11)],
            )
        )
    cgan = book.get("alignment/cgan")
    if cgan is not None and cgan.figure("consistency_k5"):
        bars.append(
            ("reference cGAN, rebuilt", THEIRS, [cgan.figure(f"consistency_k{k}") for k in (1, 5, 11)])
        )
    floor = real.figure("three_emotions.real_shuffled")
    with drawing(path, height=4.0) as (_, (axes,)):
        _side_by_side(axes, 0.8, bars)
        if floor is not None:
            axes.axhline(floor.mean, color=INK, lw=1.2, ls="--")
            axes.text(2.62, floor.mean + 0.005, "shuffled", color=INK, fontsize=8.5, va="bottom")
        axes.set_xticks(range(3), [f"k = {k}" for k in (1, 5, 11)])
        axes.set_xlim(-0.6, 2.95)
        axes.set_ylim(0.2, None)
        axes.set(
            ylabel="balanced accuracy",
            title="Emotion consistency, three emotions, balanced vote of k neighbours",
        )
        axes.grid(axis="x", visible=False)
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.1), ncols=3)
    return True


def _control(book: Book, path: Path) -> bool:
    files = _made(book)
    if not files:
        return False
    readers = {"deep": "deep features", "colour": "colour", "colour_texture": "colour and texture"}
    with drawing(path, 1, 2, 3.8) as (_, plots):
        for axes, rating in zip(plots, ("valence", "arousal"), strict=True):
            groups = [
                (metrics.name, SERIES[number], metrics, "made_r") for number, metrics in enumerate(files)
            ]
            groups.append(("real paintings, rated by people", REAL, files[0], "real_held_out_r"))
            bars = [
                (
                    name,
                    colour,
                    [metrics.figure(f"asked_and_read.{reader}.{rating}.{figure}") for reader in readers],
                )
                for name, colour, metrics, figure in groups
            ]
            _side_by_side(axes, 0.75, bars)
            axes.set_xticks(range(len(readers)), readers.values())
            axes.set(title=f"{rating}: r of asked and read", ylim=(0, 1))
            axes.grid(axis="x", visible=False)
        plots[0].axhline(0.75, color=RULE, lw=1.4, ls="--")
        plots[0].text(-0.42, 0.765, "target", fontsize=8.5, color=MUTED)
        plots[1].legend(loc="upper right")
    return True


GENERATOR_DRAWINGS: dict[str, Callable[[Book, Path], bool]] = {
    "generator_distances.png": _distances,
    "consistency.png": _consistency,
    "generator_control.png": _control,
}
