"""Is what is shown a picture? Told from a few small copies a second of the output itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chromesthesia.core.records import UInt8
from chromesthesia.health.show_report import BLACK_BELOW

FROZEN_S = 3.0
"""A picture that is the same to the last bit for so long stands still."""
BLACK, FROZEN, NO_NUMBERS = "black", "frozen", "not a number"
STEP = 2
"""Every second pixel of the small copy is looked at, each way."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What the picture should be like. lit: some light was asked for; moving: nobody holds it still; heard: sound is
    there that would move it."""

    lit: bool = True
    moving: bool = True
    heard: bool = True


class OutputWatch:
    """Takes small copies on one thread; `fault` and `counts` may be read from any.

    `fault` is what is wrong with the newest: `black`, `frozen`, `not a number`, or empty. In silence, while it is
    frozen by hand or has no light by wish, a picture may be black or stand still.
    """

    def __init__(self) -> None:
        self.fault = ""
        self._counts = {"looked at": 0, BLACK: 0, FROZEN: 0, NO_NUMBERS: 0}
        self._last: UInt8 | None = None
        self._same_since_s = 0.0

    def counts(self) -> dict[str, int]:
        """Copies that were looked at, and how many were at fault."""
        return dict(self._counts)

    def take(self, pixels: UInt8, numbers: bool, expected: Expected, now_s: float) -> None:
        """One copy uint8 [h, w, 3] of what was shown at `now_s`; numbers: False when a buffer held NaN or infinity."""
        grid = pixels[::STEP, ::STEP]
        if (
            self._last is None
            or not np.array_equal(self._last, grid)
            or not (expected.lit and expected.moving and expected.heard)
        ):
            self._last, self._same_since_s = grid.copy(), now_s
        self.fault = self._judge(grid, numbers, expected, now_s)
        self._counts["looked at"] += 1
        if self.fault:
            self._counts[self.fault] += 1

    def _judge(self, grid: UInt8, numbers: bool, expected: Expected, now_s: float) -> str:
        if not numbers:
            return NO_NUMBERS
        if expected.lit and expected.heard and grid.mean() < BLACK_BELOW:
            return BLACK
        return FROZEN if now_s - self._same_since_s >= FROZEN_S else ""
