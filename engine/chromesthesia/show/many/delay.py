"""How long after its time all lights show a frame: as long as the slowest of them needs, no longer."""

from __future__ import annotations

from collections import deque

LEAST_S, MOST_S = 0.04, 1.0
FIRST_S = 0.1
MARGIN_S = 0.015
MEMORY_S = 60.0
"""What a light needed is believed for so long."""
SHRINK_S = 5.0
"""It comes down by a tenth of the way in so long; it rises at once."""
DEAD_BAND_S = 0.01


class Delay:
    """fixed_s: what a person asked for, None to find out. One thread."""

    def __init__(self, fixed_s: float | None = None) -> None:
        self._fixed_s = fixed_s
        self._needs: deque[tuple[float, float]] = deque(maxlen=4096)
        self._shrink_due_s = 0.0
        self.delay_s = FIRST_S if fixed_s is None else fixed_s

    def needed(self, needs_s: float, now_s: float) -> None:
        """A light needed so long for its slowest frame of late."""
        if self._fixed_s is not None:
            return
        self._needs.append((now_s, needs_s))
        goal_s = min(max(needs_s + MARGIN_S, LEAST_S), MOST_S)
        if goal_s > self.delay_s:
            self.delay_s = goal_s
            self._shrink_due_s = now_s + SHRINK_S

    def step(self, now_s: float) -> float:
        """The delay now."""
        while self._needs and self._needs[0][0] < now_s - MEMORY_S:
            self._needs.popleft()
        if self._fixed_s is None and self._needs and now_s >= self._shrink_due_s:
            self._shrink_due_s = now_s + SHRINK_S
            goal_s = min(max(max(needs for _, needs in self._needs) + MARGIN_S, LEAST_S), MOST_S)
            if goal_s < self.delay_s - DEAD_BAND_S:
                self.delay_s += 0.1 * (goal_s - self.delay_s)
        return self.delay_s
