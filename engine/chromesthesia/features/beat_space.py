"""Where in a beat the music may be, and how fast: the states of a bar-pointer model, followed forwards in time.

After Whiteley, Cemgil and Godsill (2006) and Krebs, Boeck and Widmer (2015): a state is a period in hops and how many
hops have passed since the beat. Time moves every state on by a hop; only at a beat may the period change, and rather by
little. What is heard makes states likelier whose place in the beat it fits. No look-ahead: the forward pass alone.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.records import Float32

SHORTEST_HOPS, LONGEST_HOPS = 29, 109
"""207 to 55 beats a minute."""
PREFERRED_HOPS = 50.0
PRIOR_OCTAVES = 0.5
STEADINESS = 80.0
"""How unwillingly the period changes at a beat: the weight of a change by 1 % is exp(-0.8)."""
JUMP = 1e-4
"""Share of beats at which the music may begin at any other tempo."""
PULL = 0.6
"""How much of the preference counts at each beat."""
PLACES = (0.0, 0.5, 0.25, 0.75, 1.0 / 3.0, 2.0 / 3.0)
"""Where in a beat something may begin: on it, halfway, on the quarters, on the thirds."""
KINDS = (0, 1, 2, 2, 3, 3)
ELSEWHERE = 4
WIDTH_HOPS = 1.5

Index = NDArray[np.intp]


class BeatSpace:
    """The likelihood of every state, given all that was heard. Not thread-safe; one `step` for each hop."""

    def __init__(self) -> None:
        self.periods: Index = np.arange(SHORTEST_HOPS, LONGEST_HOPS + 1)
        self.starts: Index = np.concatenate([[0], np.cumsum(self.periods)[:-1]])
        self._ends = self.starts + self.periods - 1
        count = int(self.periods.sum())
        period = np.repeat(self.periods, self.periods)
        place = np.arange(count) - np.repeat(self.starts, self.periods)
        self._kind = _kinds(place, period)
        self._turn = np.exp(2j * np.pi * place / period).astype(np.complex64)
        octaves = np.log2(self.periods / PREFERRED_HOPS) / PRIOR_OCTAVES
        prior = np.exp(-0.5 * octaves**2)
        ratio = self.periods[None, :] / self.periods[:, None]
        change = np.exp(-STEADINESS * np.abs(ratio - 1.0))
        change /= change.sum(axis=1, keepdims=True)
        change = (1.0 - JUMP) * change + JUMP * prior / prior.sum()
        self._change: Float32 = np.ascontiguousarray(change * prior**PULL, dtype=np.float32)
        begun = np.repeat(prior / self.periods, self.periods)
        self._begun: Float32 = (begun / begun.sum()).astype(np.float32)
        self._now = self._begun.copy()
        self._next = np.empty_like(self._now)
        self._fit = np.empty_like(self._now)

    def reset(self) -> None:
        """Everything is as likely as at the beginning."""
        self._now[:] = self._begun

    def step(self, fits: Float32) -> None:
        """Move on by a hop in which what was heard fits each kind of place by float32 [5]: likelihoods of any scale."""
        now, after = self._now, self._next
        beats = now[self._ends] @ self._change
        after[1:] = now[:-1]
        after[self.starts] = beats
        np.take(fits, self._kind, out=self._fit, mode="clip")
        np.multiply(after, self._fit, out=after)
        after *= np.float32(1.0 / max(float(np.add.reduce(after)), 1e-30))
        self._now, self._next = after, now

    def tempi(self) -> Float32:
        """The likelihood of each period: float32 [periods]."""
        return np.asarray(np.add.reduceat(self._now, self.starts))

    def place(self, low: int, high: int) -> tuple[float, float]:
        """(place in the beat 0..1, how agreed the states are on it 0..1), over the periods of indices low to high."""
        first, last = int(self.starts[low]), int(self._ends[high]) + 1
        weights = self._now[first:last]
        mean = complex(np.dot(weights, self._turn[first:last]))
        total = max(float(np.add.reduce(weights)), 1e-30)
        return (math.atan2(mean.imag, mean.real) / (2.0 * math.pi)) % 1.0, abs(mean) / total


def _kinds(place: Index, period: Index) -> Index:
    """Which kind of place each state is nearest to."""
    kinds = np.full(len(place), ELSEWHERE)
    for share, kind in reversed(list(zip(PLACES, KINDS, strict=True))):
        off = np.abs((place / period - share + 0.5) % 1.0 - 0.5) * period
        kinds[off <= WIDTH_HOPS] = kind
    return kinds
