"""The frame schedule of a live show: when each frame is due, which came late; how many of anything a second."""

from __future__ import annotations

import math
import threading

RECENT_FRAMES = 60
RECENT_S = 2.0


class FrameSchedule:
    """Frame k is due to begin at k / fps and to be finished when frame k + 1 is due. Times are show time in seconds.

    `late_frames` counts frames that were finished after that, and every due frame that was left out: because of it, or
    because it could not be drawn (those also in `lost_frames`). `frames` counts the ones drawn.
    """

    def __init__(self, fps: float) -> None:
        self.period_s = 1.0 / fps
        self.frames = 0
        self.late_frames = 0
        self.lost_frames = 0
        self._index = 0
        self._recent_s: tuple[float, ...] = ()

    def counts(self) -> dict[str, int]:
        """Frames drawn, late and lost."""
        return {"drawn": self.frames, "late": self.late_frames, "lost": self.lost_frames}

    @property
    def due_s(self) -> float:
        """When the next frame is to begin."""
        return self._index * self.period_s

    def finished(self, end_s: float, drawn: bool = True) -> bool:
        """Count the frame that ended at `end_s` and move on to the next that can be on time; True when it was late."""
        if drawn:
            self.frames += 1
            kept = [at_s for at_s in self._recent_s[-RECENT_FRAMES:] if end_s - at_s <= RECENT_S]
            self._recent_s = (*(kept or self._recent_s[-1:]), end_s)
        else:
            self.lost_frames += 1
        late = end_s > self.due_s + self.period_s
        following = self._index + 1
        if late:
            # Catching up would only make more frames late: leave out the ones whose time is over.
            following = max(following, math.floor(end_s / self.period_s))
            self.late_frames += following - self._index
        elif not drawn:
            self.late_frames += 1
        self._index = following
        return late

    @property
    def recent_fps(self) -> float:
        """Frames a second over the last 60 frames, of at most two seconds; 0 before the second."""
        recent_s = self._recent_s
        if len(recent_s) < 2:
            return 0.0
        return (len(recent_s) - 1) / max(1e-9, recent_s[-1] - recent_s[0])

    def fps_at(self, now_s: float) -> float:
        """`recent_fps`, less and less the longer ago the last frame was drawn. Any thread."""
        fps, age_s = self.recent_fps, self.age_at(now_s)
        return 1.0 / age_s if age_s * fps > 2.0 else fps

    def age_at(self, now_s: float) -> float:
        """Seconds since the last frame was drawn, or since the start. Any thread."""
        return now_s - (self._recent_s or (0.0,))[-1]


class CountRate:
    """How fast a growing count grows, measured over windows of at least one second. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rate = 0.0
        self._count = 0
        self._since_s: float | None = None

    def per_second(self, count: int, now_s: float) -> float:
        """Rate of the last whole window, given the count now; 0 in the first."""
        with self._lock:
            if self._since_s is None:
                self._count, self._since_s = count, now_s
            elif now_s - self._since_s >= 1.0:
                self._rate = (count - self._count) / (now_s - self._since_s)
                self._count, self._since_s = count, now_s
            return self._rate
