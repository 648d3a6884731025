"""What a search found, as a metrics file and a drawing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from chromesthesia_training.metrics.metrics_file import write_metrics
from chromesthesia_training.metrics.style import drawing
from chromesthesia_training.tune.space import Space, as_plain
from chromesthesia_training.tune.study import TuneReport


def write_search(
    report: TuneReport,
    space: Space,
    section: str,
    name: str,
    about: Mapping[str, Any],
    root: Path,
    figures: Mapping[str, float] | None = None,
) -> Path:
    """Write `<root>/<section>/<name>.json` with best values, table of trials and importance.

    `about` holds what the metrics file needs beside: command, data, protocol, split, seeds and, as settings, what the
    trials had in common; notes and reference if there are any. `figures` are added to those of the best trial.
    """
    counts = {
        state: sum(row.state == state for row in report.trials) for state in ("complete", "pruned", "fail")
    }
    content = {
        **about,
        "settings": {
            **dict(about.get("settings", {})),
            "space": as_plain(space),
            "best": dict(report.best),
        },
        "figures": {
            **{f"best_{key}": round(value, 5) for key, value in report.best_figures.items()},
            "best_value": round(report.best_value, 5),
            "importance": {key: round(value, 4) for key, value in report.importance.items()},
            "trials": len(report.trials),
            **counts,
            **(figures or {}),
        },
        "curves": {
            "trials": [
                {"number": row.number, "state": row.state, "value": row.value, **row.values}
                for row in report.trials
            ]
        },
    }
    return write_metrics(section, name, content, root)


def draw_search(report: TuneReport, path: Path, title: str) -> Path:
    """PNG: importance of what was searched, and the figure of every trial with the best so far."""
    complete = [
        (row.number, row.value) for row in report.trials if row.state == "complete" and row.value is not None
    ]
    pruned = [
        (row.number, row.value) for row in report.trials if row.state == "pruned" and row.value is not None
    ]
    with drawing(path, 1, 2, 3.8) as (_, (left, right)):
        shares = sorted(report.importance.items(), key=lambda entry: entry[1])
        left.barh([name.replace("_", " ") for name, _ in shares], [share for _, share in shares], height=0.6)
        left.set(xlabel="share of the variance explained", title=f"{title}: importance (fANOVA)")
        if not shares:
            left.text(0.5, 0.5, "too few trials", ha="center", va="center", transform=left.transAxes)
        numbers, values = zip(*complete, strict=True)
        follow = np.maximum.accumulate if report.mode == "max" else np.minimum.accumulate
        right.scatter(numbers, values, s=26, label="complete")
        if pruned:
            right.scatter(*zip(*pruned, strict=True), s=26, marker="x", label="pruned")
        right.plot(numbers, follow(values), drawstyle="steps-post", label="best so far")
        right.set(xlabel="trial", ylabel="figure", title="trials")
        right.legend(loc="best")
    return path
