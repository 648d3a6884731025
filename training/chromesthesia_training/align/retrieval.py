"""Cross-modal retrieval: how often a sound's nearest paintings are of its emotion, beside chance and ceiling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.records import Float32
from chromesthesia_training.errors import DataError

NEAREST = 5
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Retrieval:
    """Figures of one set of queries against one gallery.

    top1: share of queries whose nearest painting has their label; balanced_top1: its mean over the labels;
    precision_at_5: share of right ones among the nearest five; mean_average_precision: over the whole gallery ranked;
    reached: share of the gallery that is the nearest of some query; chance: top1 of a painting drawn blindly.
    """

    queries: int
    gallery: int
    top1: float
    balanced_top1: float
    precision_at_5: float
    mean_average_precision: float
    reached: float
    chance: float
    per_class: dict[str, float]
    confusion: list[list[int]]


def retrieve(
    queries: Float32,
    gallery: Float32,
    query_labels: Labels,
    gallery_labels: Labels,
    names: tuple[str, ...] = EMOTIONS,
) -> Retrieval:
    """Rank the gallery (M, d) for every query (N, d) by cosine; all rows have length one.

    Raises:
        DataError: no query, or a gallery of fewer than five.
    """
    if not len(queries) or len(gallery) < NEAREST:
        raise DataError(
            f"{len(queries)} queries and {len(gallery)} paintings",
            f"give one query and {NEAREST} paintings or more",
        )
    similarity = queries @ gallery.T
    order = np.argsort(-similarity, axis=1)
    right = gallery_labels[order] == query_labels[:, None]
    found = gallery_labels[order[:, 0]]
    share = np.bincount(gallery_labels, minlength=len(names)) / len(gallery)
    confusion = np.zeros((len(names), len(names)), np.int64)
    np.add.at(confusion, (query_labels, found), 1)
    per_class = {
        name: float(right[query_labels == number, 0].mean())
        for number, name in enumerate(names)
        if (query_labels == number).any()
    }
    return Retrieval(
        queries=len(queries),
        gallery=len(gallery),
        top1=float(right[:, 0].mean()),
        balanced_top1=float(np.mean(list(per_class.values()))),
        precision_at_5=float(right[:, :NEAREST].mean()),
        mean_average_precision=float(average_precision(right).mean()),
        reached=len(np.unique(order[:, 0])) / len(gallery),
        chance=float(share[query_labels].mean()),
        per_class=per_class,
        confusion=confusion.tolist(),
    )


def average_precision(right: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Average precision of each ranking (N, M): mean of the precision at every right place; 0 without any."""
    hits = right.cumsum(axis=1)
    precision = hits / np.arange(1, right.shape[1] + 1)
    return np.asarray((precision * right).sum(axis=1) / np.maximum(right.sum(axis=1), 1))
