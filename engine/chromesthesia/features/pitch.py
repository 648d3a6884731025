"""The pitch of one voice at a time: YIN (de Cheveigne and Kawahara, 2002) on the newest 64 ms."""

from __future__ import annotations

import math

import numpy as np

from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32

RATE_HZ = SAMPLE_RATE_HZ // 2
WINDOW = 512
LONGEST = 216
"""Longest period looked for, in samples at `RATE_HZ`: 56 Hz."""
SHORTEST = 7
"""1,700 Hz."""
DIP = 0.15
"""The first dip below this is the period; the share of the sound that is not periodic."""
WORST_DIP = 0.35
"""Above this there is no pitch."""
QUIETEST_DBFS = -55.0
BELOW_LOUDEST_DB = 30.0
"""What is so much softer than the loudest of late is the end of a tone, or the room."""
FALL_DB = 0.06
"""So much a step the loudest of late is forgotten."""
DELAY_S = 0.03
"""From a sound to the middle of the window in which its pitch is measured."""

_LAGS = np.arange(1, LONGEST + 1, dtype=np.float32)
_MEAN = np.full(WINDOW + LONGEST, 1.0 / (WINDOW + LONGEST), dtype=np.float32)
_LEAST = np.float32(1e-12)


class PitchTracker:
    """Pitch of a stream. Not thread-safe."""

    def __init__(self) -> None:
        self._loudest_db = QUIETEST_DBFS

    def reset(self) -> None:
        """Forget how loud it was."""
        self._loudest_db = QUIETEST_DBFS

    def of(self, newest: Float32) -> tuple[float, float]:
        """float32 [2 * (WINDOW + LONGEST)] at 24 kHz, the newest last: (Hz or 0, how periodic 0..1)."""
        backwards = newest[::-2] + newest[-2::-2]
        backwards -= np.dot(backwards, _MEAN)
        late = backwards[:WINDOW]
        power = float(np.dot(late, late)) / (4.0 * WINDOW)
        level_db = 10.0 * math.log10(power + 1e-12)
        self._loudest_db = max(level_db, self._loudest_db - FALL_DB)
        if level_db < max(QUIETEST_DBFS, self._loudest_db - BELOW_LOUDEST_DB):
            return 0.0, 0.0
        return period_of(backwards)


def period_of(backwards: Float32) -> tuple[float, float]:
    """float32 [WINDOW + LONGEST] at `RATE_HZ`, the newest first: (Hz or 0, how periodic 0..1). The newest samples are
    compared with those before them."""
    alike = np.correlate(backwards, backwards[:WINDOW])
    squares = np.square(backwards)
    # Each lag's window holds one sample more of the past, and one less of the present.
    difference = np.add.accumulate(squares[WINDOW:] - squares[:LONGEST])
    unlike = alike[0] - alike[1:]
    unlike += unlike
    difference += unlike
    np.maximum(difference, _LEAST, out=difference)
    sums = np.add.accumulate(difference)
    difference *= _LAGS
    difference /= sums
    low = difference[SHORTEST - 1 :]
    below = low < DIP
    place = int(below.argmax())
    if below[place]:
        while place + 1 < len(low) and low[place + 1] < low[place]:
            place += 1
    else:
        place = int(low.argmin())
        if low[place] > WORST_DIP:
            return 0.0, max(0.0, 1.0 - float(low[place]))
    depth = float(low[place])
    lag = float(place + SHORTEST)
    if 0 < place < len(low) - 1:
        before, after = float(low[place - 1]), float(low[place + 1])
        bend = before - 2.0 * depth + after
        if bend > 0.0:
            lag += 0.5 * (before - after) / bend
    return RATE_HZ / lag, max(0.0, 1.0 - depth)
