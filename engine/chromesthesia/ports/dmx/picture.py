"""A small copy of every finished picture, behind the flash limiter, for the lamps."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from chromesthesia.core.protocols import Clock
from chromesthesia.core.records import UInt8
from chromesthesia.core.slot import LatestSlot
from chromesthesia.display.outputs import OffscreenOutput, OpenOutputs, Output
from chromesthesia.display.surface import Surface

WIDTH, HEIGHT = 64, 36


class SmallPicture(OffscreenOutput):
    """An output that reads what it shows, at most `rate_hz` times a second. On the thread of the surface."""

    def __init__(self, surface: Surface, slot: LatestSlot[UInt8], clock: Clock, rate_hz: float) -> None:
        super().__init__(surface.ctx, "lamps", WIDTH, HEIGHT)
        self._slot = slot
        self._clock = clock
        self._period_s = 1.0 / rate_hz
        self._next_s = float("-inf")

    def present(self) -> None:
        """Read the pixels when that is due."""
        now_s = self._clock.now_s()
        if now_s >= self._next_s:
            self._next_s = now_s + self._period_s
            self._slot.put(self.read_pixels(np.empty((HEIGHT, WIDTH, 3), np.uint8)))


def with_small_pictures(
    opened: OpenOutputs, slot: LatestSlot[UInt8], clock: Clock, rate_hz: float
) -> OpenOutputs:
    """What `opened` opens, and a small picture beside it whose pixels go to `slot`."""

    def both(surface: Surface) -> Sequence[Output]:
        return (*opened(surface), SmallPicture(surface, slot, clock, rate_hz))

    return both
