"""Retrieval figures against a brute-force count."""

from __future__ import annotations

import numpy as np
import pytest

from chromesthesia_training.align.retrieval import average_precision, retrieve
from chromesthesia_training.errors import DataError

NAMES = ("angry", "happy", "sad")


def unit(count: int, seed: int) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(count, 4))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_figures_against_brute_force() -> None:
    rng = np.random.default_rng(5)
    queries, gallery = unit(30, 1), unit(12, 2)
    asked, known = rng.integers(0, 3, 30), rng.integers(0, 3, 12)
    top1, at_5, precisions, nearest_rows = [], [], [], []
    for query, label in zip(queries, asked, strict=True):
        ranked = sorted(range(12), key=lambda row: -float(query @ gallery[row]))
        hits = [known[row] == label for row in ranked]
        top1.append(hits[0])
        at_5.append(sum(hits[:5]) / 5)
        found, total = 0, 0.0
        for place, hit in enumerate(hits, start=1):
            if hit:
                found += 1
                total += found / place
        precisions.append(total / found if found else 0.0)
        nearest_rows.append(ranked[0])
    figures = retrieve(queries, gallery, asked, known, NAMES)
    assert figures.top1 == pytest.approx(np.mean(top1))
    assert figures.precision_at_5 == pytest.approx(np.mean(at_5))
    assert figures.mean_average_precision == pytest.approx(np.mean(precisions))
    assert figures.reached == pytest.approx(len(set(nearest_rows)) / 12)
    assert figures.chance == pytest.approx(np.mean([(known == label).mean() for label in asked]))
    by_class = [
        np.mean([hit for hit, label in zip(top1, asked, strict=True) if label == one]) for one in range(3)
    ]
    assert figures.balanced_top1 == pytest.approx(np.mean(by_class))
    assert np.sum(figures.confusion) == 30
    assert np.trace(figures.confusion) == sum(top1)


def test_average_precision_by_hand() -> None:
    right = np.array([[True, False, True], [False, False, False], [False, True, True]])
    assert average_precision(right) == pytest.approx([(1 + 2 / 3) / 2, 0.0, (1 / 2 + 2 / 3) / 2])


def test_too_little_to_look_through_is_refused() -> None:
    labels = np.zeros(4, np.int64)
    with pytest.raises(DataError, match="3 queries and 4 paintings"):
        retrieve(unit(3, 0), unit(4, 1), labels[:3], labels, NAMES)
