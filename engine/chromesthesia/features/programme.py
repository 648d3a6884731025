"""Loudness of a programme: short-term and integrated (EBU Tech 3341, ITU-R BS.1770-5) and its range (EBU Tech 3342)."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

BLOCKS_SHORT = 30
"""Blocks of 100 ms in 3 s."""
BLOCKS_GATE = 4
ABSOLUTE_LUFS = -70.0
RELATIVE_LU, RANGE_RELATIVE_LU = 10.0, 20.0
STEP_LU = 0.1
HIGHEST_LUFS = 10.0
FLOOR_LUFS = -120.0
_COUNT = round((HIGHEST_LUFS - ABSOLUTE_LUFS) / STEP_LU)
_POWERS = 10.0 ** ((ABSOLUTE_LUFS + (np.arange(_COUNT) + 0.5) * STEP_LU) / 10.0)


class ProgrammeLoudness:
    """Counts loudness in steps of 0.1 LU, so that a show of months needs no more room than one of minutes. Not
    thread-safe; one `block` for each 100 ms."""

    def __init__(self) -> None:
        self._blocks: deque[float] = deque(maxlen=BLOCKS_SHORT)
        self._gated = np.zeros(_COUNT)
        self._sums = np.zeros(_COUNT)
        self._short = np.zeros(_COUNT)
        self._ungated = self._ungated_count = 0.0
        self.short_term = FLOOR_LUFS
        self.integrated = FLOOR_LUFS
        self.range_lu = 0.0

    def reset(self) -> None:
        """Begin another programme."""
        self.__init__()  # type: ignore[misc]

    def block(self, power: float) -> None:
        """Take the mean K-weighted power of 100 ms, on the scale on which 10 log10 is LUFS."""
        self._blocks.append(power)
        blocks = list(self._blocks)
        self.short_term = _lufs(sum(blocks) / BLOCKS_SHORT)
        if len(blocks) >= BLOCKS_GATE:
            gate = sum(blocks[-BLOCKS_GATE:]) / BLOCKS_GATE
            if (place := _place(_lufs(gate))) is not None:
                self._gated[place] += 1.0
                self._sums[place] += gate
                self._ungated += gate
                self._ungated_count += 1.0
                self.integrated = self._integrated()
        if len(blocks) == BLOCKS_SHORT and (place := _place(self.short_term)) is not None:
            self._short[place] += 1.0
            self.range_lu = self._range()

    def _integrated(self) -> float:
        ungated = _lufs(self._ungated / self._ungated_count)
        first = _place(max(ungated - RELATIVE_LU, ABSOLUTE_LUFS)) or 0
        count = float(np.add.reduce(self._gated[first:]))
        return _lufs(float(np.add.reduce(self._sums[first:])) / count) if count else FLOOR_LUFS

    def _range(self) -> float:
        mean = float(np.dot(self._short, _POWERS)) / float(np.add.reduce(self._short))
        first = _place(max(_lufs(mean) - RANGE_RELATIVE_LU, ABSOLUTE_LUFS)) or 0
        counts = np.add.accumulate(self._short[first:])
        whole = float(counts[-1])
        return float(counts.searchsorted(0.95 * whole) - counts.searchsorted(0.10 * whole)) * STEP_LU


def _lufs(power: float) -> float:
    return max(FLOOR_LUFS, 10.0 * math.log10(power)) if power > 0.0 else FLOOR_LUFS


def _place(lufs: float) -> int | None:
    if lufs <= ABSOLUTE_LUFS:
        return None
    return min(_COUNT - 1, int((lufs - ABSOLUTE_LUFS) / STEP_LU))
