"""Scores: macro-F1 over clips, correlation and error on the valence-arousal plane, temperature of the confidence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score

Float64 = NDArray[np.float64]


def macro_f1(targets: Sequence[int], predictions: Sequence[int], classes: int = 3) -> float:
    """Mean over classes of the harmonic mean of precision and recall; what never occurs counts 0."""
    if not len(targets):
        return 0.0
    labels = list(range(classes))
    return float(f1_score(targets, predictions, labels=labels, average="macro", zero_division=0.0))


def correlation(targets: Float64, predictions: Float64, least_deviation: float = 1e-9) -> float:
    """Pearson's r; 0 when either does not vary: a deviation below `least_deviation`, in their unit."""
    if len(targets) < 2 or np.std(targets) < least_deviation or np.std(predictions) < least_deviation:
        return 0.0
    return float(np.corrcoef(targets, predictions)[0, 1])


def root_mean_square_error(targets: Float64, predictions: Float64) -> float:
    """RMSE in the unit of the ratings."""
    return float(np.sqrt(np.mean(np.square(targets - predictions))))


def fit_temperature(logits: Float64, targets: NDArray[np.int64]) -> float:
    """Temperature, 0.3..5, that gives softmax(logits / temperature) the least log loss (Guo et al. 2017).

    logits [n, classes], targets [n].
    """

    def negative_log_likelihood(temperature: float) -> float:
        scaled = logits / temperature
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        log_probability = scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))
        return float(-log_probability[np.arange(len(targets)), targets].mean())

    candidates = np.exp(np.linspace(np.log(0.3), np.log(5.0), 141))
    return float(min(candidates, key=negative_log_likelihood))
