"""The frame schedule of a live show: when each frame is due, which came late; how many of anything a second."""

from __future__ import annotations

import math


class FrameSchedule:
    """Frame k is due to begin at k / fps and to be finished when frame k + 1 is due. Times are show time in seconds.

    `late_frames` counts frames that were finished after that, and every due frame that was left out because of it.
    """

    def __init__(self, fps: float) -> None:
        self.period_s = 1.0 / fps
        self.frames = 0
        self.late_frames = 0
        self._index = 0
        self._recent_s: list[float] = []

    @property
    def due_s(self) -> float:
        """When the next frame is to begin."""
        return self._index * self.period_s

    def finished(self, end_s: float) -> bool:
        """Count the frame that ended at `end_s` and move on to the next that can be on time; True when it was late."""
        self.frames += 1
        self._recent_s.append(end_s)
        del self._recent_s[:-61]
        late = end_s > self.due_s + self.period_s
        following = self._index + 1
        if late:
            # Catching up would only make more frames late: leave out the ones whose time is over.
            following = max(following, math.floor(end_s / self.period_s))
            self.late_frames += following - self._index
        self._index = following
        return late

    @property
    def recent_fps(self) -> float:
        """Frames a second over the last 60 frames; 0 before the second."""
        if len(self._recent_s) < 2:
            return 0.0
        return (len(self._recent_s) - 1) / max(1e-9, self._recent_s[-1] - self._recent_s[0])


class CountRate:
    """How fast a growing count grows, measured over windows of at least one second."""

    def __init__(self) -> None:
        self._rate = 0.0
        self._count = 0
        self._since_s: float | None = None

    def per_second(self, count: int, now_s: float) -> float:
        """Rate of the last whole window, given the count now; 0 in the first."""
        if self._since_s is None:
            self._count, self._since_s = count, now_s
        elif now_s - self._since_s >= 1.0:
            self._rate = (count - self._count) / (now_s - self._since_s)
            self._count, self._since_s = count, now_s
        return self._rate
