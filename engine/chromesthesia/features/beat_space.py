"""Where in a beat the music may be, and how fast: the states of a bar-pointer model, followed forwards in time.

After Whiteley, Cemgil and Godsill (2006) and Krebs, Boeck and Widmer (2015): a state is a period in hops and how many
hops have passed since the beat. Time moves every state on by a hop; only at a beat may the period change, and rather by
little. What is heard makes states likelier whose place in the beat it fits. No look-ahead: the forward pass alone.

Some hops are taken at once. A state meets as many places on its way, and few sequences of kinds of places occur: the
fits of each sequence are multiplied once and looked up for every state. No state meets two beats on such a way.
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
TOGETHER = 4
"""Hops that are taken at once."""

Index = NDArray[np.intp]


class BeatSpace:
    """The likelihood of every state, given all that was heard. Not thread-safe."""

    def __init__(self) -> None:
        self.periods: Index = np.arange(SHORTEST_HOPS, LONGEST_HOPS + 1)
        self.starts: Index = np.concatenate([[0], np.cumsum(self.periods)[:-1]])
        self._ends = self.starts + self.periods - 1
        count = int(self.periods.sum())
        period = np.repeat(self.periods, self.periods)
        place = np.arange(count) - np.repeat(self.starts, self.periods)
        kinds = _kinds(place, period)
        turn = 2.0 * np.pi * place / period
        self._cosine: Float32 = np.cos(turn).astype(np.float32)
        self._sine: Float32 = np.sin(turn).astype(np.float32)
        self._change, prior = _changes(self.periods)
        begun = np.repeat(prior / self.periods, self.periods)
        self._begun: Float32 = (begun / begun.sum()).astype(np.float32)
        # Of states that meet no beat: which of the sequences of kinds each has met.
        met = np.stack([kinds[TOGETHER - late : len(kinds) - late] for late in range(TOGETHER)][::-1], axis=1)
        codes, self._sequence = np.unique(met @ 5 ** np.arange(TOGETHER), return_inverse=True)
        hops = np.arange(TOGETHER)[:, None]
        self._sequences: Index = codes // 5**hops % 5 + 5 * hops
        # Of states that meet one, in the hop of the row: where they are before, and where after it.
        self._leaving: Index = self._ends - hops
        self._entering: Index = self.starts + TOGETHER - 1 - hops
        self._around = [int(kind) for kind in kinds[self._ends[0] - TOGETHER + 1 : self._ends[0] + 1]]
        self._behind = [int(kind) for kind in kinds[:TOGETHER]]
        self._now = self._begun.copy()
        self._next = np.empty_like(self._now)
        self._fit: Float32 = np.empty(count - TOGETHER, dtype=np.float32)
        self._tempi, self._total = self._sums()

    def reset(self) -> None:
        """Everything is as likely as at the beginning."""
        self._now[:] = self._begun
        self._tempi, self._total = self._sums()

    def step(self, fits: Float32) -> None:
        """Move on by `TOGETHER` hops in which what was heard fits each kind of place by float32 [TOGETHER, 5]:
        likelihoods of any scale."""
        now, after = self._now, self._next
        scale = 1.0 / self._total
        sequences = np.multiply.reduce(fits.take(self._sequences), axis=0)
        sequences *= scale
        np.take(sequences, self._sequence, out=self._fit, mode="clip")
        np.multiply(now[:-TOGETHER], self._fit, out=after[TOGETHER:])
        beats = np.dot(now.take(self._leaving), self._change)
        beats *= self._fits_at_beats(fits.tolist(), scale)
        after[self._entering] = beats
        self._now, self._next = after, now
        self._tempi, self._total = self._sums()

    def tempi(self) -> Float32:
        """The likelihood of each period: float32 [periods]."""
        return self._tempi / np.float32(self._total)

    def place(self, low: int, high: int) -> tuple[float, float]:
        """(place in the beat 0..1, how agreed the states are on it 0..1), over the periods of indices low to high."""
        first, last = int(self.starts[low]), int(self._ends[high]) + 1
        weights = self._now[first:last]
        across = float(np.dot(weights, self._cosine[first:last]))
        up = float(np.dot(weights, self._sine[first:last]))
        total = max(float(np.add.reduce(self._tempi[low : high + 1])), 1e-30 * self._total)
        return (math.atan2(up, across) / (2.0 * math.pi)) % 1.0, math.hypot(across, up) / total

    def _sums(self) -> tuple[Float32, float]:
        tempi: Float32 = np.add.reduceat(self._now, self.starts)
        return tempi, max(float(np.add.reduce(tempi)), 1e-30)

    def _fits_at_beats(self, fits: list[list[float]], scale: float) -> Float32:
        """float32 [TOGETHER, 1]: all that fits a state which meets a beat in the hop of the row."""
        found = []
        for beat in range(TOGETHER):
            fit = scale
            for hop, row in enumerate(fits):
                fit *= row[self._behind[hop - beat] if hop >= beat else self._around[hop - beat]]
            found.append((fit,))
        return np.array(found, dtype=np.float32)


def _changes(periods: Index) -> tuple[Float32, NDArray[np.float64]]:
    """(float32 [before, after]: how likely one period follows the other; how likely each is beforehand)."""
    octaves = np.log2(periods / PREFERRED_HOPS) / PRIOR_OCTAVES
    prior = np.exp(-0.5 * octaves**2)
    ratio = periods[None, :] / periods[:, None]
    change = np.exp(-STEADINESS * np.abs(ratio - 1.0))
    change /= change.sum(axis=1, keepdims=True)
    change = (1.0 - JUMP) * change + JUMP * prior / prior.sum()
    return np.ascontiguousarray(change * prior**PULL, dtype=np.float32), prior


def _kinds(place: Index, period: Index) -> Index:
    """Which kind of place each state is nearest to."""
    kinds = np.full(len(place), ELSEWHERE)
    for share, kind in reversed(list(zip(PLACES, KINDS, strict=True))):
        off = np.abs((place / period - share + 0.5) % 1.0 - 0.5) * period
        kinds[off <= WIDTH_HOPS] = kind
    return kinds
