"""The One Euro filter: still at rest, quick when moved."""

import numpy as np
import pytest

from chromesthesia.emotion.one_euro import OneEuro

DT_S = 0.01


def test_at_rest_it_is_a_low_pass_of_the_given_cutoff() -> None:
    smoothed = OneEuro(np.zeros(1, dtype=np.float32), beta=0.0)
    for _ in range(100):
        smoothed.step(np.ones(1, dtype=np.float32), DT_S, 1.0)
    assert smoothed.value[0] == pytest.approx(1 - (1 / (1 + 2 * np.pi * DT_S)) ** 100, rel=1e-4)


def test_jitter_is_calmed_and_a_leap_is_followed_faster_than_without_beta() -> None:
    rng = np.random.default_rng(0)
    still, quick = OneEuro(np.zeros(4, dtype=np.float32), 0.0), OneEuro(np.zeros(4, dtype=np.float32), 1.0)
    noise = (0.05 * rng.standard_normal((300, 4))).astype(np.float32)
    calm = np.array([quick.step(row, DT_S, 0.5).copy() for row in noise])
    assert calm[100:].std() < 0.5 * noise.std()
    for _ in range(10):
        still.step(np.ones(4, dtype=np.float32), DT_S, 0.5)
        quick.step(np.ones(4, dtype=np.float32), DT_S, 0.5)
    assert (quick.value > 1.5 * still.value).all()


def test_each_component_has_its_own_speed() -> None:
    smoothed = OneEuro(np.zeros(2, dtype=np.float32), 2.0)
    for _ in range(10):
        smoothed.step(np.array([1.0, 0.0], dtype=np.float32), DT_S, 0.5)
    assert smoothed.value[1] == 0.0
    assert smoothed.speed[0] > 0.0
    assert smoothed.speed[1] == 0.0


def test_a_jump_is_at_rest_where_it_lands() -> None:
    smoothed = OneEuro(np.zeros(2, dtype=np.float32), 2.0)
    smoothed.step(np.ones(2, dtype=np.float32), DT_S, 0.5)
    there = np.array([0.3, -0.3], dtype=np.float32)
    smoothed.jump(there)
    np.testing.assert_array_equal(smoothed.step(there, DT_S, 0.5), there)
