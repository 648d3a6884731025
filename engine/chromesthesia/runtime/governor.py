"""Keeps frames on time: when they come late the generator is asked less often, until they are on time again."""

from __future__ import annotations

WINDOW_FRAMES = 30
LATE_LIMIT = 2
CALM_WINDOWS = 4
LOWEST = 0.125


class PaintGovernor:
    """`factor` multiplies the generator's rate: halved after a window of 30 frames with more than 2 late ones,
    raised by a quarter after four windows with none. Main thread."""

    def __init__(self) -> None:
        self.factor = 1.0
        self._frames = 0
        self._late = 0
        self._calm = 0

    def frame(self, late: bool) -> None:
        """Count one frame."""
        self._frames += 1
        self._late += late
        if self._frames < WINDOW_FRAMES:
            return
        if self._late > LATE_LIMIT:
            self.factor = max(LOWEST, self.factor * 0.5)
            self._calm = 0
        elif self._late == 0:
            self._calm += 1
            if self._calm >= CALM_WINDOWS:
                self.factor = min(1.0, self.factor * 1.25)
                self._calm = 0
        else:
            self._calm = 0
        self._frames = 0
        self._late = 0
