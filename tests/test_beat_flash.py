"""Flashes found in brightness, and held against the beats they belong to."""

from __future__ import annotations

import numpy as np
import pytest
from benchmarks.beat_flash import flashes_s, near
from numpy.typing import NDArray

FRAMES_S = np.arange(600) / 60.0


def sawtooth(beats_s: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bright at each beat, then falling."""
    since_s = np.array([min((t - b for b in beats_s if b <= t), default=9.0) for t in FRAMES_S])
    return np.asarray(np.maximum(0.0, 1.0 - 2.0 * since_s))


def test_every_flash_is_found_once_at_its_first_frame() -> None:
    beats_s = np.arange(1.0, 9.0, 0.5)
    assert flashes_s(FRAMES_S, sawtooth(beats_s + 0.001)) == pytest.approx(beats_s + 1 / 60)


def test_a_dark_show_has_none() -> None:
    assert len(flashes_s(FRAMES_S, np.zeros(600))) == 0
    nothing = near(np.arange(1.0, 5.0, 0.5), np.zeros(0))
    assert nothing.missed == 8
    assert set(nothing.figures().values()) == {None}


def test_each_beat_is_held_against_the_nearest_flash_and_none_counts_as_missed() -> None:
    beats_s = np.arange(1.0, 5.0, 0.5)
    found = near(beats_s, beats_s[:-1] + np.array([0.004, -0.006, 0.004, 0.004, 0.02, 0.004, 0.004]))
    assert found.missed == 1
    assert len(found.errors_ms) == 7
    assert found.figures() == pytest.approx({"p50_ms": 4.0, "p95_ms": 15.8, "later_ms": 4.0})
