"""Keeps frames on time: when they come late, or nearly so, the generator is asked less often."""

from __future__ import annotations

WINDOW_FRAMES = 30
BUSY_LIMIT = 0.85
"""Share of the frame period above which a frame is nearly late."""
BUSY_FRAMES = 3
"""Nearly late frames in a window that are still fine."""
CALM_BELOW = 0.6
CALM_WINDOWS = 4
LOWEST = 0.125


class PaintGovernor:
    """`factor` multiplies the generator's rate, and changes after windows of 30 frames. Main thread.

    Halved when a frame was late or several were busy for more than 85 % of their period; raised by a quarter after
    four windows without a frame above 60 %. start: 1, or less where the processor that paints also draws.
    """

    def __init__(self, start: float = 1.0) -> None:
        self.factor = start
        self._frames = 0
        self._late = 0
        self._busy = 0
        self._longest = 0.0
        self._calm = 0

    def frame(self, late: bool, busy: float) -> None:
        """Count one frame; busy: its duration over the frame period."""
        self._frames += 1
        self._late += late
        self._busy += busy > BUSY_LIMIT
        self._longest = max(self._longest, busy)
        if self._frames < WINDOW_FRAMES:
            return
        if self._late or self._busy > BUSY_FRAMES:
            self.factor = max(LOWEST, self.factor * 0.5)
            self._calm = 0
        elif self._longest < CALM_BELOW:
            self._calm += 1
            if self._calm >= CALM_WINDOWS:
                self.factor = min(1.0, self.factor * 1.25)
                self._calm = 0
        else:
            self._calm = 0
        self._frames = self._late = self._busy = 0
        self._longest = 0.0
