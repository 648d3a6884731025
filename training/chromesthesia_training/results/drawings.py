"""The drawings of `docs/results/figures/`, each made where its metrics files are there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chromesthesia_training.metrics.metrics_file import Metrics
from chromesthesia_training.metrics.style import (
    EMOTION_COLOURS,
    INK,
    MUTED,
    OURS,
    SECOND,
    SERIES,
    THEIRS,
    drawing,
)
from chromesthesia_training.results.analysis_page import ANALYSIS_DRAWINGS
from chromesthesia_training.results.book import Book
from chromesthesia_training.results.generator_drawings import GENERATOR_DRAWINGS
from chromesthesia_training.results.music_drawings import MUSIC_DRAWINGS
from chromesthesia_training.results.rows import ENCODER_ROWS, EncoderRow

LABEL_PLACES = {"cnn_lstm": (2, -16), "transformer": (-66, -5), "cnn_gru": (-46, -16), "ann": (-32, -4)}
OUR_PLACES = {"cnn_gru": (-26, 9), "resnet": (-44, -4), "cnn_lstm": (9, -4), "cnn_lstm_attention": (8, 4)}
"""Where labels go, in points: at the usual place some would lie on each other."""
Draw = Callable[[Book, Path], bool]


def draw_all(book: Book, folder: Path) -> list[str]:
    """Make every drawing whose metrics are there, remove those whose are not; names of those made."""
    made = []
    for name, draw in DRAWINGS.items():
        if draw(book, folder / name):
            made.append(name)
        else:
            (folder / name).unlink(missing_ok=True)
    return made


def _encoders(book: Book, protocol: str) -> list[tuple[EncoderRow, Metrics]]:
    found = ((row, book.get(f"encoders/{row.key}.{protocol}")) for row in ENCODER_ROWS)
    return [(row, metrics) for row, metrics in found if metrics is not None]


def _protocols(book: Book, path: Path) -> bool:
    random, speaker = dict(_pairs(book, "random")), dict(_pairs(book, "speaker"))
    streaming = book.get("encoders/streaming.speaker")
    rows = [row for row in ENCODER_ROWS if row.title in random or row.title in speaker]
    if not rows:
        return False
    with drawing(path, height=4.6) as (_, (axes,)):
        places = np.arange(len(rows))
        axes.scatter(
            places - 0.22,
            [row.macro_f1 for row in rows],
            marker="D",
            s=42,
            color=THEIRS,
            label="theirs, by clip",
        )
        for offset, scores, colour, words in (
            (0.0, random, OURS, "ours, by clip at random"),
            (0.22, speaker, SECOND, "ours, by unseen speaker"),
        ):
            for place, row in zip(places, rows, strict=True):
                figure = scores.get(row.title)
                if figure is None:
                    continue
                axes.errorbar(
                    place + offset,
                    figure.mean,
                    figure.deviation or 0.0,
                    fmt="o",
                    ms=7,
                    color=colour,
                    capsize=3,
                    elinewidth=1.3,
                )
            axes.plot([], [], "o", color=colour, ms=7, label=words)
        heard = streaming.figure("macro_f1") if streaming is not None else None
        if heard is not None:
            axes.axhline(heard.mean, color=MUTED, lw=1.2, ls="--")
            axes.text(
                len(rows) - 0.45, heard.mean, "streaming,\nby speaker", color=MUTED, fontsize=8.5, va="bottom"
            )
        axes.set_xticks(
            places, [row.title.replace("CNN-LSTM-Attention", "CNN-LSTM-\nAttention") for row in rows]
        )
        axes.set_xlim(-0.6, len(rows) + 0.25)
        axes.set_ylabel("macro-F1")
        axes.set_title("The split decides: the same encoders by clip and by speaker")
        axes.legend(loc="lower left", ncols=3)
        low = min(
            [*(row.macro_f1 for row in rows), *(one.mean - (one.deviation or 0) for one in speaker.values())]
        )
        axes.set_ylim(max(0.0, low - 0.14), 1.0)
    return True


def _pairs(book: Book, protocol: str) -> list[tuple[str, Any]]:
    found = [(row.title, metrics.figure("macro_f1")) for row, metrics in _encoders(book, protocol)]
    return [(title, figure) for title, figure in found if figure is not None]


def _size_time(book: Book, path: Path) -> bool:
    found = [
        (row, size.mean / 1e6, minutes.mean, score.mean)
        for row, metrics in (_encoders(book, "random") or _encoders(book, "speaker"))
        if (size := metrics.figure("parameters"))
        and (minutes := metrics.figure("minutes"))
        and (score := metrics.figure("macro_f1"))
    ]
    if not found:
        return False
    with drawing(path, height=4.8) as (figure, (axes,)):
        axes.scatter(
            [row.millions for row in ENCODER_ROWS],
            [row.minutes for row in ENCODER_ROWS],
            s=70,
            facecolors="none",
            edgecolors=THEIRS,
            linewidths=1.6,
            label="theirs (one training, another machine)",
        )
        for row in ENCODER_ROWS:
            axes.annotate(
                row.title,
                (row.millions, row.minutes),
                LABEL_PLACES.get(row.key, (7, 5)),
                textcoords="offset points",
                color=THEIRS,
                fontsize=8,
            )
        shown = axes.scatter(
            [one[1] for one in found],
            [one[2] for one in found],
            s=90,
            c=[one[3] for one in found],
            cmap="viridis",
            label="ours (sum over the folds)",
        )
        for row, millions, spent, _ in found:
            axes.annotate(
                row.title,
                (millions, spent),
                OUR_PLACES.get(row.key, (7, -12)),
                textcoords="offset points",
                color=INK,
                fontsize=8,
            )
        axes.set(xscale="log", yscale="log", xlabel="parameters, millions", ylabel="minutes of training")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(lambda value, _: f"{value:g}")
        axes.set_title("Size against training time")
        axes.legend(loc="best")
        figure.colorbar(shown, ax=axes, label="our macro-F1, by clip", pad=0.01)
    return True


def _confusion(book: Book, path: Path) -> bool:
    found = _confusions(book, "speaker", {"streaming": "encoders/streaming.speaker"})
    return _draw_confusions(path, "By speaker", found)


def _confusion_random(book: Book, path: Path) -> bool:
    found = _confusions(book, "random", {"CNN, tuned": "encoders/cnn_tuned.random"})
    return _draw_confusions(path, "By clip at random", found)


def _confusions(book: Book, protocol: str, also: Mapping[str, str]) -> list[tuple[str, Any]]:
    """Title and counts of the reference's encoders under a protocol, and of other runs."""
    runs = [(row.title, metrics) for row, metrics in _encoders(book, protocol)]
    runs += [(title, metrics) for title, name in also.items() if (metrics := book.get(name)) is not None]
    return [(title, counts) for title, metrics in runs if (counts := metrics.get("confusion"))]


def _draw_confusions(path: Path, protocol: str, found: Sequence[tuple[str, Any]]) -> bool:
    if not found:
        return False
    columns = min(4, len(found))
    rows = -(-len(found) // columns)
    with drawing(path, rows, columns, 2.5 * rows) as (figure, plots):
        figure.suptitle(
            f"{protocol}: rows what was acted, columns what was heard", x=0.01, ha="left", fontsize=11
        )
        for axes, (title, counts) in zip(plots, found, strict=False):
            draw_confusion(axes, np.array(counts, float), tuple(EMOTION_COLOURS), title)
        for axes in plots[len(found) :]:
            axes.axis("off")
    return True


def draw_confusion(axes: Any, counts: np.ndarray, names: Sequence[str], title: str) -> None:
    """Shares of each asked class, with the numbers in the cells."""
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for row in range(len(names)):
        for column in range(len(names)):
            colour = "white" if shares[row, column] > 0.55 else INK
            axes.text(
                column,
                row,
                f"{shares[row, column]:.2f}",
                ha="center",
                va="center",
                color=colour,
                fontsize=9.5,
            )
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(names)), names)
    axes.grid(False)
    axes.set_title(title, fontsize=10.5)


def _curves(book: Book, path: Path) -> bool:
    found = [(row.title, one) for row, metrics in _encoders(book, "random") if (one := fold_curves(metrics))]
    speaker = [
        (row.title, one) for row, metrics in _encoders(book, "speaker") if (one := fold_curves(metrics))
    ]
    plots = [(title, one) for title, one in (("by clip at random", found), ("by speaker", speaker)) if one]
    if not plots:
        return False
    with drawing(path, 1, len(plots), 4.2) as (_, axes_list):
        for axes, (title, curves) in zip(axes_list, plots, strict=True):
            for colour, (name, (steps, mean)) in zip(SERIES, curves, strict=False):
                axes.plot(steps, mean, color=colour, label=name)
            axes.set(xlabel="epoch", ylabel="macro-F1 of the held-out clips", title=title)
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.legend(loc="lower right", fontsize=8)
    return True


def fold_curves(metrics: Metrics) -> tuple[list[float], list[float]] | None:
    """Epochs and the mean over folds of validation macro-F1; None where a run kept none.

    Curves are a list of folds with points, each a table; folds are averaged as far as the shortest goes.
    """
    curves = metrics.get("curves")
    if not isinstance(curves, list) or not curves:
        return None
    folds = [fold.get("points") or [] for fold in curves if isinstance(fold, Mapping)]
    key = next(
        (
            name
            for fold in folds
            for name in (fold[0] if fold else {})
            if name.startswith("val") and "f1" in name
        ),
        None,
    )
    if key is None:
        return None
    values = [[float(point[key]) for point in fold if key in point] for fold in folds]
    length = min((len(one) for one in values if one), default=0)
    if length < 2:
        return None
    first = next(fold for fold in folds if fold)
    steps = [float(point.get("epoch", number)) for number, point in enumerate(first) if key in point][:length]
    return steps, np.mean([one[:length] for one in values if one], axis=0).tolist()


def _optuna(book: Book, path: Path) -> bool:
    return _tuning(book.get("encoders/optuna", "encoders/tuning"), path, "best validation score")


def _cgan_tuning(book: Book, path: Path) -> bool:
    return _tuning(book.get("alignment/cgan_tuning", "alignment/cgan.tuning"), path, "consistency")


def _tuning(metrics: Metrics | None, path: Path, words: str) -> bool:
    importance = metrics["figures"].get("importance") if metrics is not None else None
    if metrics is None or not isinstance(importance, Mapping) or not importance:
        return False
    trials = _trial_values(metrics)
    with drawing(path, 1, 2 if trials else 1, 3.6) as (_, plots):
        ordered = sorted(importance.items(), key=lambda one: one[1])
        plots[0].barh(
            [name.replace("_", " ") for name, _ in ordered],
            [value for _, value in ordered],
            color=OURS,
            height=0.6,
        )
        plots[0].set(xlabel="share of the variance explained", title="Importance (fANOVA)")
        plots[0].grid(axis="y", visible=False)
        if trials:
            plots[1].scatter(range(1, len(trials) + 1), trials, s=26, color=MUTED, label="trial")
            best = np.maximum.accumulate(trials)
            plots[1].plot(
                range(1, len(trials) + 1), best, color=OURS, drawstyle="steps-post", label="best so far"
            )
            plots[1].set(xlabel="trial", ylabel=words, title="Trials")
            plots[1].xaxis.get_major_locator().set_params(integer=True)
            plots[1].legend(loc="best")
    return True


def _trial_values(metrics: Metrics) -> list[float]:
    curves = metrics.get("curves")
    trials = curves.get("trials") if isinstance(curves, Mapping) else curves
    if not isinstance(trials, list):
        return []
    values = [
        one.get("value") if one.get("state", "complete") == "complete" else None
        for one in trials
        if isinstance(one, Mapping)
    ]
    return [float(value) for value in values if isinstance(value, int | float)]


def _losses(book: Book, path: Path) -> bool:
    runs = [
        ("InfoNCE", book.get("alignment/infonce", "alignment/info_nce"), OURS),
        ("multi-positive (SupCon)", book.get("alignment/multi_positive", "alignment/supcon"), SECOND),
    ]
    curves = [
        (name, one, colour, metrics)
        for name, metrics, colour in runs
        if metrics and (one := loss_curve(metrics))
    ]
    if not curves:
        return False
    with drawing(path, height=4.2) as (_, (axes,)):
        for name, (steps, losses), colour, metrics in curves:
            axes.plot(steps, losses, color=colour, label=f"ours: {name}")
            floor = metrics.figure("loss_floor")
            if floor is not None:
                axes.axhline(floor.mean, color=colour, lw=1, ls=":")
                axes.text(
                    steps[-1], floor.mean, " floor", color=colour, fontsize=8.5, va="bottom", ha="right"
                )
        axes.plot(
            [500, 3000],
            [3.789, 3.379],
            "D--",
            color=THEIRS,
            ms=7,
            lw=1.2,
            label="theirs: InfoNCE (other data and batch)",
        )
        axes.set(xlabel="step", ylabel="loss", title="Sound and picture into one space")
        axes.legend(loc="upper right")
    return True


def loss_curve(metrics: Metrics) -> tuple[list[float], list[float]] | None:
    """Steps and losses of a run: points of step and loss, in `curves` or below a name in it; None without any."""
    curves = metrics.get("curves")
    listed = next(iter(curves.values()), None) if isinstance(curves, Mapping) else curves
    if not isinstance(listed, list):
        return None
    pairs = [
        (float(point["step"]), float(point["loss"]))
        for point in listed
        if isinstance(point, Mapping) and "step" in point and "loss" in point
    ]
    return ([step for step, _ in pairs], [loss for _, loss in pairs]) if len(pairs) > 1 else None


DRAWINGS: dict[str, Draw] = {
    "encoders_protocols.png": _protocols,
    "encoders_size_time.png": _size_time,
    "encoders_confusion.png": _confusion,
    "encoders_confusion_random.png": _confusion_random,
    "encoders_curves.png": _curves,
    "encoders_optuna.png": _optuna,
    "alignment_losses.png": _losses,
    "alignment_cgan_tuning.png": _cgan_tuning,
    **ANALYSIS_DRAWINGS,
    **GENERATOR_DRAWINGS,
    **MUSIC_DRAWINGS,
}
