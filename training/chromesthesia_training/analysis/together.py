"""How features of sound and picture go together: of each sound, and of the paintings that lie nearest to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from chromesthesia.core.records import Float32

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
NEAREST = 5
SHUFFLES = 200
CERTAIN = 0.95


@dataclass(frozen=True)
class Together:
    """r: rank correlation of every feature of sound with every one of picture, [sounds' features, pictures'];
    chance: the size that the strongest of them all stays below in 95 of 100 shuffles of groups."""

    r: Float64
    chance: float


def seen_with(sounds: Float32, paintings: Float32, features: Float32, count: int = NEAREST) -> Float32:
    """Mean features [m, f] of the `count` paintings [m, d] nearest to each sound [n, d]: float32 [n, f]."""
    nearest = np.argpartition(-(sounds @ paintings.T), count - 1, axis=1)[:, :count]
    return np.asarray(features[nearest].mean(axis=1), np.float32)


def go_together(heard: Float32, seen: Float32, groups: Sequence[str], seed: int = 0) -> Together:
    """Rank correlations of what was heard [n, f] with what was seen [n, g].

    chance shuffles whole groups (a speaker, a song), as rows of one group are alike.
    """
    ranks_heard, ranks_seen = _ranks(heard), _ranks(seen)
    r = ranks_heard.T @ ranks_seen / len(heard)
    rng = np.random.default_rng(seed)
    _, of = np.unique(np.asarray(groups), return_inverse=True)
    rows = [np.flatnonzero(of == group) for group in range(of.max() + 1)]
    strongest = []
    for _ in range(SHUFFLES):
        order = np.concatenate([rows[group] for group in rng.permutation(len(rows))])
        laid = np.concatenate(rows)
        strongest.append(float(np.abs(ranks_heard[laid].T @ ranks_seen[order] / len(heard)).max()))
    return Together(np.asarray(r), float(np.quantile(strongest, CERTAIN)))


def within(values: Float32, labels: Int64) -> Float32:
    """The values [n, f] less the mean of their label's rows: what is left when the emotion is taken away."""
    left = values.astype(np.float64)
    for label in np.unique(labels):
        left[labels == label] -= left[labels == label].mean(axis=0)
    return left.astype(np.float32)


def _ranks(values: Float32) -> Float64:
    """Ranks of each column, of mean 0 and deviation 1; a column that never moves is 0."""
    ranks = rankdata(values, axis=0)
    ranks = ranks - ranks.mean(axis=0)
    spread = ranks.std(axis=0)
    return np.asarray(np.where(spread > 0.0, ranks / np.where(spread > 0.0, spread, 1.0), 0.0))
