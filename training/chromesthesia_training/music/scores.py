"""How well ratings are met: R2, concordance, Pearson's r, RMSE and MAE, of songs and of every 3 s."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chromesthesia_training.metrics.metrics_file import over_folds
from chromesthesia_training.metrics.scores import correlation
from chromesthesia_training.music.answers import FoldAnswers

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
SCORES = ("r", "ccc", "r2", "rmse", "mae")


def pearson(wanted: Float64, said: Float64) -> float:
    """Pearson's correlation; 0 where either does not vary. Features may be powers, whose deviations are small."""
    return correlation(wanted, said, least_deviation=1e-12)


def concordance(wanted: Float64, said: Float64) -> float:
    """Lin's concordance correlation: 1 only where the values agree, not merely rise together."""
    apart = wanted.var() + said.var() + (wanted.mean() - said.mean()) ** 2
    return (
        0.0
        if apart < 1e-24
        else float(2.0 * np.mean((wanted - wanted.mean()) * (said - said.mean())) / apart)
    )


def score(wanted: Float64, said: Float64) -> dict[str, float]:
    """All of `SCORES` of one target: wanted and said [n], in the units of the ratings."""
    off = said - wanted
    spread = float(((wanted - wanted.mean()) ** 2).mean())
    return {
        "r": pearson(wanted, said),
        "ccc": concordance(wanted, said),
        "r2": 1.0 - float((off**2).mean()) / spread if spread > 1e-24 else 0.0,
        "rmse": float(np.sqrt((off**2).mean())),
        "mae": float(np.abs(off).mean()),
    }


def figures(
    targets: Sequence[str],
    labels: Float64,
    answers: Sequence[FoldAnswers],
    labels_in_time: Float64 | None = None,
) -> dict[str, Any]:
    """Figures of a metrics file: `static.<target>.<score>` over the folds, `dynamic` where there are answers in time.

    `static.mean` is the mean over the targets; `pooled` has the songs of all folds in one.
    labels [songs, targets]; labels_in_time [chunks, targets], None where ratings do not change in time.
    """
    found: dict[str, Any] = {
        "static": _over(targets, [(labels[one.rows], one.said) for one in answers]),
    }
    timed = [
        (labels_in_time[one.chunks], one.said_in_time)
        for one in answers
        if labels_in_time is not None and one.said_in_time is not None
    ]
    if timed:
        found["dynamic"] = _over(targets, timed)
    rows = np.concatenate([one.rows for one in answers])
    said = np.concatenate([one.said for one in answers])
    found["pooled"] = {
        target: {name: round(value, 6) for name, value in score(labels[rows, place], said[:, place]).items()}
        for place, target in enumerate(targets)
    }
    return found


def _over(targets: Sequence[str], pairs: Sequence[tuple[Float64, Float64]]) -> dict[str, Any]:
    """Each score of each target, and their mean over the targets, over the folds."""
    each = [
        [score(wanted[:, place], said[:, place]) for place in range(len(targets))] for wanted, said in pairs
    ]
    found: dict[str, Any] = {
        target: {name: over_folds([fold[place][name] for fold in each]) for name in SCORES}
        for place, target in enumerate(targets)
    }
    found["mean"] = {
        name: over_folds([float(np.mean([one[name] for one in fold])) for fold in each]) for name in SCORES
    }
    return found
