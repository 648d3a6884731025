"""The beat's states, taken some hops at once, are those of a model that is moved on hop by hop."""

from __future__ import annotations

import numpy as np
import pytest

from chromesthesia.core.records import Float32
from chromesthesia.features import beat_space
from chromesthesia.features.beat_space import ELSEWHERE, KINDS, PLACES, TOGETHER, WIDTH_HOPS, BeatSpace


class Plain:
    """One hop at a time, every hop brought to a sum of 1, in double precision."""

    def __init__(self) -> None:
        self.periods = np.arange(beat_space.SHORTEST_HOPS, beat_space.LONGEST_HOPS + 1)
        octaves = np.log2(self.periods / beat_space.PREFERRED_HOPS) / beat_space.PRIOR_OCTAVES
        prior = np.exp(-0.5 * octaves**2)
        ratio = self.periods[None, :] / self.periods[:, None]
        change = np.exp(-beat_space.STEADINESS * np.abs(ratio - 1.0))
        change /= change.sum(axis=1, keepdims=True)
        change = (1.0 - beat_space.JUMP) * change + beat_space.JUMP * prior / prior.sum()
        self.change = change * prior**beat_space.PULL
        self.first = np.cumsum(self.periods) - self.periods
        self.now = np.repeat(prior / self.periods, self.periods)
        self.now /= self.now.sum()
        places = [(place, period) for period in self.periods.tolist() for place in range(period)]
        self.kinds = np.array([self.kind(*each) for each in places])
        self.turn = np.exp([2j * np.pi * place / period for place, period in places])

    @staticmethod
    def kind(place: int, period: int) -> int:
        for share, kind in zip(PLACES, KINDS, strict=True):
            if abs((place / period - share + 0.5) % 1.0 - 0.5) * period <= WIDTH_HOPS:
                return kind
        return ELSEWHERE

    def hop(self, fits: Float32) -> None:
        after = np.roll(self.now, 1)
        after[self.first] = self.now[self.first + self.periods - 1] @ self.change
        after *= fits[self.kinds]
        self.now = after / after.sum()

    def tempi(self) -> np.ndarray:
        return np.add.reduceat(self.now, self.first)

    def place(self, low: int, high: int) -> complex:
        part = slice(self.first[low], self.first[high + 1])
        return complex(np.dot(self.now[part], self.turn[part]))


def test_hops_at_once_are_hops_one_by_one() -> None:
    rng = np.random.default_rng(1)
    space, plain = BeatSpace(), Plain()
    for _ in range(160 // TOGETHER):
        fits = np.exp(rng.uniform(-2.5, 0.0, (TOGETHER, 5))).astype(np.float32)
        space.step(fits)
        for hop in fits:
            plain.hop(hop)
        tempi, total = space.tempi()
        np.testing.assert_allclose(tempi / total, plain.tempi(), rtol=1e-3, atol=1e-7)
        place, agreed = space.place(15, 25)
        there = plain.place(15, 25)
        assert agreed / total == pytest.approx(abs(there), rel=1e-3, abs=1e-6)
        assert (place - np.angle(there) / (2 * np.pi) + 0.5) % 1.0 - 0.5 == pytest.approx(0.0, abs=1e-3)


def test_likelihoods_of_any_scale_neither_vanish_nor_overflow() -> None:
    space = BeatSpace()
    for scale in (1e-4, 1.0, 1e3):
        for _ in range(20):
            space.step(np.full((TOGETHER, 5), scale, np.float32))
        tempi, total = space.tempi()
        assert np.isfinite(tempi).all()
        assert float((tempi / total).sum()) == pytest.approx(1.0, abs=1e-4)
        assert total > 0.0


def test_a_reset_forgets_all() -> None:
    space, fresh = BeatSpace(), BeatSpace()
    space.step(np.random.default_rng(0).random((TOGETHER, 5)).astype(np.float32))
    space.reset()
    np.testing.assert_array_equal(space.tempi()[0], fresh.tempi()[0])
