"""Scores: macro-F1 over clips, correlation and error on the valence-arousal plane, temperature of the confidence."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Float64 = NDArray[np.float64]


def macro_f1(wanted: Sequence[int], answered: Sequence[int], classes: int = 3) -> float:
    """Mean over classes of the harmonic mean of precision and recall; a class that never occurs counts 0."""
    wanted_array, answered_array = np.asarray(wanted), np.asarray(answered)
    scores = []
    for label in range(classes):
        hits = np.sum((wanted_array == label) & (answered_array == label))
        asked, said = np.sum(wanted_array == label), np.sum(answered_array == label)
        scores.append(2.0 * hits / max(asked + said, 1))
    return float(np.mean(scores))


def correlation(wanted: Float64, answered: Float64) -> float:
    """Pearson's r; 0 when either does not vary."""
    if len(wanted) < 2 or np.std(wanted) < 1e-9 or np.std(answered) < 1e-9:
        return 0.0
    return float(np.corrcoef(wanted, answered)[0, 1])


def root_mean_square_error(wanted: Float64, answered: Float64) -> float:
    """RMSE in the unit of the ratings."""
    return float(np.sqrt(np.mean(np.square(wanted - answered))))


def fit_temperature(logits: Float64, wanted: NDArray[np.int64]) -> float:
    """Temperature, 0.3..5, that gives softmax(logits / temperature) the least log loss (Guo et al. 2017).

    logits [n, classes], wanted [n].
    """

    def negative_log_likelihood(temperature: float) -> float:
        scaled = logits / temperature
        scaled = scaled - scaled.max(axis=1, keepdims=True)
        log_probability = scaled - np.log(np.exp(scaled).sum(axis=1, keepdims=True))
        return float(-log_probability[np.arange(len(wanted)), wanted].mean())

    candidates = np.exp(np.linspace(np.log(0.3), np.log(5.0), 141))
    return float(min(candidates, key=negative_log_likelihood))
