"""The page of what drives the instrument, and its drawings, from `analysis/shared_space`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from chromesthesia_training.metrics.metrics_file import Metrics
from chromesthesia_training.metrics.style import MUTED, OURS, SECOND, drawing
from chromesthesia_training.results.book import Book, link, said, table
from chromesthesia_training.results.parts import picture

FILE = "analysis/shared_space"
SIDES = {"speech": "speech", "music": "music", "pictures": "paintings"}
DRIVERS_DRAWING, TOGETHER_DRAWING = "analysis_drivers.png", "analysis_together.png"
WITH = {"speech_with_pictures": "speech", "music_with_pictures": "music"}
STRONGEST = 3


def analysis_page(book: Book, shown: set[str]) -> list[str]:
    """Lines of the page above its list of runs."""
    metrics = book.get(FILE)
    if metrics is None:
        return []
    figures = metrics["figures"]
    lines = ["## Which features carry the shared space", ""]
    lines += [
        "Boosted trees learn the space from features that have names, and are asked about groups they did not meet. "
        "What they lose when one family of features is shuffled is what that family carries.",
        "",
        *table(["side", "told by the features, R2", "lost without: family by family", "strongest by SHAP"],
               [_driver_row(metrics, side, words) for side, words in SIDES.items() if side in figures]),
        "",
        *picture(DRIVERS_DRAWING, "What is lost without each feature, and its share of the SHAP values", shown),
        "## What goes with what",
        "",
        *(line for name, words in WITH.items() if name in figures for line in _said_together(figures[name], words)),
        "",
        *picture(TOGETHER_DRAWING, "Features of sound with those of the nearest paintings", shown),
    ]  # fmt: skip
    return [*lines, *_clusters(metrics)]


def _driver_row(metrics: Metrics, side: str, words: str) -> list[str]:
    found = metrics["figures"][side]
    family = ", ".join(f"{name} {lost:.2f}" for name, lost in _falling(found["lost_by_family"]))
    strongest = ", ".join(f"{name} {share:.0%}" for name, share in _falling(found["shap_share"])[:STRONGEST])
    return [words, said(metrics.figure(f"{side}.told_r2"), 2), family, strongest]


def _falling(values: Mapping[str, float]) -> list[tuple[str, float]]:
    return sorted(values.items(), key=lambda one: -abs(one[1]))


def _said_together(found: Mapping[str, Any], words: str) -> list[str]:
    """What goes with every feature of a picture, where it is more than chance."""
    whole, left = found["all"], found.get("within_one_emotion")
    rows = []
    for drawn in next(iter(whole["r"].values())):
        named = sorted(
            ((row[drawn], name) for name, row in whole["r"].items() if abs(row[drawn]) > whole["chance"]),
            key=lambda one: -abs(one[0]),
        )[:STRONGEST]
        cells = [drawn, ", ".join(f"{name} {r:+.2f}" for r, name in named) or "nothing beyond chance"]
        if left is not None:
            inside = [(left["r"][name][drawn], name) for _, name in named]
            cells.append(
                ", ".join(f"{r:+.2f}" + ("" if abs(r) > left["chance"] else " (chance)") for r, _ in inside)
                or "-"
            )
        rows.append(cells)
    headers = ["more of this in the picture", f"goes with, in {words}"] + (
        ["within one emotion"] if left is not None else []
    )
    chance = f"Chance stays below {whole['chance']:.2f}" + (
        f", within one emotion below {left['chance']:.2f}." if left is not None else "."
    )
    return [chance, "", *table(headers, rows), ""]


def _clusters(metrics: Metrics) -> list[str]:
    found, alike = metrics["figures"]["clusters"], metrics["figures"]["similarity"]
    rows = [
        [name.replace("_", " "), f"{one['accuracy']:.3f}", f"{one['mutual_information']:.3f}"]
        for name, one in found.items()
    ]
    return [
        "## Clusters and similarity",
        "",
        *table(["of", "cluster accuracy", "mutual information"], rows, (1, 2)),
        "",
        f"A sound and a picture of the same emotion have a cosine of {alike['same']:.3f}, of different ones "
        f"{alike['different']:.3f}; a picture of the sound's emotion is the nearer one in "
        f"{alike['same_is_nearer']:.1%} of all pairs ({link(metrics)}).",
        "",
    ]


def _draw_drivers(book: Book, path: Path) -> bool:
    metrics = book.get(FILE)
    if metrics is None:
        return False
    sides = [side for side in SIDES if side in metrics["figures"]]
    with drawing(path, 1, len(sides), 5.0) as (figure, axes):
        for plot, side in zip(axes, sides, strict=True):
            found = metrics["figures"][side]
            ordered = sorted(found["lost_alone"].items(), key=lambda one: one[1])
            places = np.arange(len(ordered))
            plot.barh(
                places + 0.2, [lost for _, lost in ordered], 0.38, color=OURS, label="R2 lost when shuffled"
            )
            plot.barh(
                places - 0.2,
                [found["shap_share"][name] for name, _ in ordered],
                0.38,
                color=SECOND,
                label="share of SHAP",
            )
            plot.set_yticks(places, [name for name, _ in ordered])
            plot.grid(axis="y", visible=False)
            told = metrics.figure(f"{side}.told_r2")
            plot.set_title(f"{SIDES[side]}\nR2 {said(told, 2)}", fontsize=10.5)
        figure.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=2, fontsize=9)
    return True


def _draw_together(book: Book, path: Path) -> bool:
    metrics = book.get(FILE)
    names = [name for name in WITH if metrics is not None and name in metrics["figures"]]
    if metrics is None or not names:
        return False
    with drawing(path, 1, len(names), 5.4) as (figure, axes):
        for plot, name in zip(axes, names, strict=True):
            found = metrics["figures"][name]["all"]
            heard, drawn = list(found["r"]), list(next(iter(found["r"].values())))
            values = np.array([[found["r"][row][column] for column in drawn] for row in heard])
            plot.imshow(values, cmap="RdBu_r", vmin=-0.8, vmax=0.8, aspect="auto")
            for row, column in zip(*np.nonzero(np.abs(values) > found["chance"]), strict=True):
                plot.text(column, row, f"{values[row, column]:+.1f}", ha="center", va="center", fontsize=7)
            plot.set_xticks(range(len(drawn)), drawn, rotation=55, ha="right", fontsize=8)
            plot.set_yticks(range(len(heard)), heard if plot is axes[0] else [""] * len(heard), fontsize=8)
            plot.grid(False)
            plot.set_title(f"{WITH[name]} and its nearest paintings", fontsize=10.5)
        figure.supxlabel("numbers: beyond chance", fontsize=9, color=MUTED)
    return True


ANALYSIS_DRAWINGS: dict[str, Callable[[Book, Path], bool]] = {
    DRIVERS_DRAWING: _draw_drivers,
    TOGETHER_DRAWING: _draw_together,
}
