"""Keeps frames on time: when they come late, or nearly so, the generator is asked less often."""

from __future__ import annotations

WINDOW_FRAMES = 30
BUSY_LIMIT = 0.85
"""Share of the frame period above which a frame is nearly late."""
BUSY_FRAMES = 3
"""Nearly late frames in a window that are still fine."""
LATE_FRAMES = 1
"""Late frames in a window that are blamed on something else."""
CALM_WINDOWS = 2
LOWEST = 0.125


class PaintGovernor:
    """`factor` multiplies the generator's rate, and changes after windows of 30 frames. Main thread.

    Halved when more than one frame was late, or several were busy for more than 85 % of their period; raised by a
    quarter after two windows without a late or nearly late frame. ceiling: the most it is; below 1 where the processor
    that paints also draws.
    """

    def __init__(self, ceiling: float = 1.0) -> None:
        self.factor = ceiling
        self._ceiling = ceiling
        self._frames = 0
        self._late = 0
        self._busy = 0
        self._calm = 0

    def frame(self, late: bool, busy: float) -> None:
        """Count one frame; busy: its duration over the frame period."""
        self._frames += 1
        self._late += late
        self._busy += busy > BUSY_LIMIT
        if self._frames < WINDOW_FRAMES:
            return
        if self._late > LATE_FRAMES or self._busy > BUSY_FRAMES:
            self.factor = max(LOWEST, self.factor * 0.5)
            self._calm = 0
        elif not self._late and not self._busy:
            self._calm += 1
            if self._calm >= CALM_WINDOWS:
                self.factor = min(self._ceiling, self.factor * 1.25)
                self._calm = 0
        else:
            self._calm = 0
        self._frames = self._late = self._busy = 0
