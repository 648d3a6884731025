"""Precision, recall, density, coverage and the judge, on sets whose overlap is known."""

from __future__ import annotations

import numpy as np
import pytest

from chromesthesia_training.measuring.overlap import judged, overlap

RNG = np.random.default_rng(3)
REAL = RNG.standard_normal((200, 6))


def test_two_draws_of_one_distribution_lie_among_each_other() -> None:
    found = overlap(REAL, RNG.standard_normal((200, 6)))
    assert found.precision > 0.6
    assert found.recall > 0.6
    assert 0.7 < found.density < 1.3
    assert found.coverage > 0.8


def test_pictures_that_are_all_alike_reach_few_paintings() -> None:
    found = overlap(REAL, 0.1 * RNG.standard_normal((200, 6)))
    assert found.precision > 0.95
    assert found.recall < 0.05
    assert found.coverage < 0.3


def test_pictures_far_from_all_paintings_lie_among_none() -> None:
    found = overlap(REAL, REAL + 50.0)
    assert found.figures() == {"precision": 0.0, "recall": 0.0, "density": 0.0, "coverage": 0.0}


def test_half_of_the_paintings_are_reached_by_pictures_of_one_of_two_kinds() -> None:
    far = np.where(np.arange(200) < 100, 0.0, 40.0)[:, None]
    found = overlap(REAL + far, RNG.standard_normal((200, 6)))
    assert found.recall == pytest.approx(0.45, abs=0.1)
    assert found.precision > 0.6


def test_too_few_pictures_are_refused() -> None:
    with pytest.raises(ValueError, match="3 and 200 vectors"):
        overlap(REAL[:3], REAL)


def test_a_judge_tells_what_differs_and_not_what_does_not() -> None:
    assert judged(REAL, RNG.standard_normal((200, 6))) < 0.65
    assert judged(REAL, REAL + 1.5) > 0.95
