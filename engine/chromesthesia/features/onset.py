"""Onsets, decided in the hop in which they are heard: no look-ahead."""

from __future__ import annotations

import math
from bisect import bisect_left, insort
from collections import deque

import numpy as np

from chromesthesia.core.records import Float32
from chromesthesia.features.mel import DEFAULT_MEL

LAG_HOPS = 2
DELAY_S = 0.013
"""From a stroke to the end of the hop in which it is decided, in the middle."""
HISTORY_HOPS = 60
REFRACTORY_HOPS = 4
MARGIN = 0.16
MEAN_WEIGHT = 0.8
FULL_STRENGTH = 1.75
FLOOR_BELOW_PEAK = math.log(1e-5)
"""What is 50 dB under the loudest band of late is a floor: its own flickering is no sound."""
PEAK_FALL = 0.005
"""Nepers of power a hop: the loudest band is forgotten within seconds."""
_ONES = np.ones(DEFAULT_MEL.mels, dtype=np.float32)


def floor(loudest: float) -> float:
    """Mel power that is to be added to every band before its logarithm is looked at."""
    return math.exp(loudest + FLOOR_BELOW_PEAK)


class OnsetDetector:
    """SuperFlux (Boeck and Widmer, 2013) on the log-mel with an adaptive threshold.

    The flux is the mean rise (in nepers of power) of the mel bands against the largest of the three neighbours two hops
    ago, which keeps vibrato quiet. An onset is where it first exceeds the median plus most of the mean of the last
    0.6 s plus a margin; then nothing for 40 ms, and not again until the flux has fallen back. Not thread-safe; one
    `step` per hop.
    """

    def __init__(self) -> None:
        self._earlier: deque[Float32] = deque(maxlen=LAG_HOPS)
        self._history: deque[float] = deque()
        self._sorted: list[float] = []
        self._armed = True
        self._since_onset = REFRACTORY_HOPS
        self._peak = -math.inf
        self.rise: Float32 | None = None
        """What rose in each mel band with the newest hop, in nepers of power; None right after the beginning."""

    def loudest(self, mel: Float32) -> float:
        """Of late and in mel power float32 [mels], all above 0, the loudest band in nepers of power."""
        return max(self._peak - PEAK_FALL, math.log(float(np.maximum.reduce(mel))))

    def step(self, log_mel: Float32, loudest: float) -> tuple[float, float]:
        """log_mel: float32 [mels], with the `floor` of the `loudest` -> (flux >= 0, onset: 0 or strength in 0..1)."""
        self._peak = loudest
        self.rise = self._rise(log_mel)
        flux = _mean(self.rise)
        self._earlier.append(_widest(log_mel))
        threshold = self._threshold()
        self._remember(flux)
        self._since_onset += 1
        above = flux > threshold
        decided = above and self._armed and self._since_onset > REFRACTORY_HOPS
        if decided:
            self._since_onset = 0
        self._armed = not above
        return flux, _strength(flux, threshold) if decided else 0.0

    def peek(self, log_mel: Float32) -> tuple[float, float]:
        """The same for a spectrum that lies half a hop behind the last `step`; nothing is remembered of it.

        It is set against one that lies half a hop nearer than that of a step, so it finds less of a rise, not more.
        """
        flux = _mean(self._rise(log_mel))
        threshold = self._threshold()
        decided = flux > threshold and self._armed and self._since_onset >= REFRACTORY_HOPS
        return flux, _strength(flux, threshold) if decided else 0.0

    def _rise(self, log_mel: Float32) -> Float32 | None:
        if len(self._earlier) < LAG_HOPS:
            return None
        rise: Float32 = log_mel - self._earlier[0]
        np.maximum(rise, 0.0, out=rise)
        return rise

    def reset(self) -> None:
        """Forget the spectra before a gap, so that the gap is not taken for an onset; the threshold stays."""
        self._earlier.clear()
        self.rise = None
        self._armed = True
        self._since_onset = REFRACTORY_HOPS

    def _threshold(self) -> float:
        if not self._sorted:
            return MARGIN
        median = self._sorted[len(self._sorted) // 2]
        mean = sum(self._sorted) / len(self._sorted)
        return median + MEAN_WEIGHT * mean + MARGIN

    def _remember(self, flux: float) -> None:
        if len(self._history) == HISTORY_HOPS:
            oldest = self._history.popleft()
            del self._sorted[bisect_left(self._sorted, oldest)]
        self._history.append(flux)
        insort(self._sorted, flux)


def _mean(rise: Float32 | None) -> float:
    return 0.0 if rise is None else float(np.dot(rise, _ONES)) / len(rise)


def _strength(flux: float, threshold: float) -> float:
    return min(1.0, (flux - threshold + MARGIN) / FULL_STRENGTH)


def _widest(log_mel: Float32) -> Float32:
    """Each band's maximum with its two neighbours."""
    widest = log_mel.copy()
    upper, lower = widest[1:], widest[:-1]
    np.maximum(upper, log_mel[:-1], out=upper)
    np.maximum(lower, log_mel[1:], out=lower)
    return widest
