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
_NOWHERE = 5
WIDTH_HOPS = 1.5
TOGETHER = 8
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
        self._turn: Float32 = np.stack([np.cos(turn), np.sin(turn)]).astype(np.float32)
        self._change, prior = _changes(self.periods)
        begun = np.repeat(prior / self.periods, self.periods)
        self._begun: Float32 = (begun / begun.sum()).astype(np.float32)
        # Rows: the hop in which a state meets its beat. Where it is before and after them all, by its period then.
        hops = np.arange(TOGETHER)[:, None]
        self._leaving: Index = self._ends - hops
        self._entering: Index = self.starts + TOGETHER - 1 - hops
        self._sequences, (self._alone, self._until, self._since) = _sequences(
            kinds, self._leaving, self._entering
        )
        self._now = self._begun.copy()
        self._next = np.empty_like(self._now)
        self._fit: Float32 = np.empty(count - TOGETHER, dtype=np.float32)
        self._fits: Float32 = np.ones((TOGETHER, _NOWHERE + 1), dtype=np.float32)
        self._heard_fits = self._fits[:, :_NOWHERE]
        self._tempi, self._total = self._sums()

    def reset(self) -> None:
        """Everything is as likely as at the beginning."""
        self._now[:] = self._begun
        self._tempi, self._total = self._sums()

    def step(self, fits: Float32) -> None:
        """Move on by `TOGETHER` hops in which what was heard fits each kind of place by float32 [TOGETHER, 5]:
        likelihoods of any scale."""
        now, after = self._now, self._next
        heard = np.divide(fits, np.maximum.reduce(fits, axis=1, keepdims=True), out=self._heard_fits)
        heard[0] *= 1.0 / self._total
        along = np.multiply.reduce(self._fits.take(self._sequences), axis=0)
        np.take(along, self._alone, out=self._fit, mode="clip")
        np.multiply(now[:-TOGETHER], self._fit, out=after[TOGETHER:])
        beats = now.take(self._leaving)
        beats *= along.take(self._until)
        beats = np.dot(beats, self._change)
        beats *= along.take(self._since)
        after[self._entering] = beats
        self._now, self._next = after, now
        self._tempi, self._total = self._sums()

    def tempi(self) -> tuple[Float32, float]:
        """The likelihood of each period, float32 [periods], and the sum of them all."""
        return self._tempi, self._total

    def place(self, low: int, high: int) -> tuple[float, float]:
        """(place in the beat 0..1, how agreed the states are on it: length of their mean, times what all the tempi of
        the indices low to high sum up to)."""
        first, last = int(self.starts[low]), int(self._ends[high]) + 1
        across, up = np.dot(self._turn[:, first:last], self._now[first:last]).tolist()
        return (math.atan2(up, across) / (2.0 * math.pi)) % 1.0, math.hypot(across, up)

    def _sums(self) -> tuple[Float32, float]:
        tempi: Float32 = np.add.reduceat(self._now, self.starts)
        return tempi, max(float(np.add.reduce(tempi)), 1e-30)


def _sequences(kinds: Index, leaving: Index, entering: Index) -> tuple[Index, list[Index]]:
    """Which kinds of places states meet, hop by hop: [TOGETHER, sequences] places in a flat table of fits by hop and
    kind; and by number of the sequence: of each state from the first `TOGETHER` on, if it meets no beat; until the beat
    of those that meet one; and since then."""
    hops = range(TOGETHER)
    beats = np.arange(TOGETHER)[:, None]
    alone = [kinds[1 + hop : len(kinds) - TOGETHER + 1 + hop] for hop in hops]
    until = [np.where(beats > hop, kinds[leaving + np.minimum(hop + 1, beats)], _NOWHERE) for hop in hops]
    begun = entering - TOGETHER + 1
    since = [np.where(beats <= hop, kinds[begun + np.maximum(hop, beats)], _NOWHERE) for hop in hops]
    base = _NOWHERE + 1
    codes = [sum(base**hop * met for hop, met in enumerate(way)) for way in (alone, until, since)]
    found, numbers = np.unique(np.concatenate([code.ravel() for code in codes]), return_inverse=True)
    table = np.stack([found // base**hop % base + base * hop for hop in hops])
    parts = np.split(numbers, np.cumsum([code.size for code in codes])[:-1])
    return table, [part.reshape(code.shape) for part, code in zip(parts, codes, strict=True)]


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
