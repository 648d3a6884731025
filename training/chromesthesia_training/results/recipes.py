"""What helped an encoder beside plain training, in words, from the settings that its run kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from chromesthesia_training.metrics.metrics_file import Metrics
from chromesthesia_training.results.book import Book, link


def aids(metrics: Metrics) -> list[str]:
    """A teacher, training again on the part that ended training, averaged answers: those that a run had."""
    settings = metrics["settings"]
    taught = float(settings.get("taught") or 0.0)
    found = [f"{taught:.0%} of its targets from a kernel machine that has YAMNet's layers"] if taught else []
    found += ["trained again with the part that chose the epoch"] if settings.get("refit") else []
    return found + (
        ["answers averaged over a clip and four neighbours"] if settings.get("moved_answers") else []
    )


def input_said(metrics: Metrics) -> str:
    """What stands in the place of spectra; empty where a net takes them."""
    return "takes 316 functionals, no spectrum" if metrics["settings"].get("encoder") == "ann" else ""


def shared_choices(book: Book) -> list[str]:
    """What was chosen once for all folds by speaker, and so by speakers that some folds test: Markdown lines."""
    speaker = [metrics for metrics in book.section("encoders") if metrics["protocol"] == "speaker"]
    lines = []
    for metrics in speaker:
        if metrics["settings"].get("refit"):
            own = ", ".join(map(str, own_epochs(metrics)))
            lines.append(
                f"- {link(metrics)}: for how many epochs, where the mean of all folds' curves is best"
                + (f" (each fold's own would be {own})." if own else ".")
            )
    kernels = [link(metrics) for metrics in speaker if metrics["settings"].get("encoder") == "kernel"]
    with_one = [
        link(metrics) for metrics in speaker if "kernel" in (metrics["settings"].get("members") or ())
    ]
    if kernels:
        lines.append(
            f"- {', '.join(kernels)}: ridge, width, balance and which descriptions, by training folds left out in pairs"
            + (f"; and so {', '.join(with_one)}." if with_one else ".")
        )
    if not lines:
        return []
    return [
        "By speaker nothing is trained on a speaker that it is scored on. But some things were chosen once for all "
        "five folds, and what one fold sets aside another tests, so that speakers of the test had a say in them:",
        "",
        *lines,
        "",
    ]


def own_epochs(metrics: Metrics) -> list[int]:
    """The best epoch of every fold's own curve; none where a run kept no curves."""
    curves = metrics.get("curves")
    if not isinstance(curves, Sequence):
        return []
    scores = [
        [float(point["val_macro_f1"]) for point in fold.get("points") or [] if "val_macro_f1" in point]
        for fold in curves
        if isinstance(fold, Mapping)
    ]
    return [int(np.argmax(one)) + 1 for one in scores if one]
