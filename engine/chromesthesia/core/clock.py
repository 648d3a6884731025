"""Clocks: the monotonic one of a live show and the manual one of `render` and of tests."""

from __future__ import annotations

import threading
import time


class SystemClock:
    """Monotonic seconds (`time.perf_counter`) and interruptible waiting."""

    def now_s(self) -> float:
        """Seconds on the monotonic clock; only differences mean anything."""
        return time.perf_counter()

    def wait_until(self, deadline_s: float, stop: threading.Event) -> bool:
        """Block until `deadline_s` or until `stop` is set; True when stopped."""
        remaining_s = deadline_s - self.now_s()
        if remaining_s <= 0:
            return stop.is_set()
        return stop.wait(remaining_s)


class ManualClock:
    """A clock that moves only when told: the same input gives the same frames."""

    def __init__(self, start_s: float = 0.0) -> None:
        self._now_s = start_s

    def now_s(self) -> float:
        """The time set last, in seconds."""
        return self._now_s

    def advance(self, step_s: float) -> None:
        """Move forward by `step_s` seconds (negative steps are refused)."""
        if step_s < 0:
            raise ValueError(f"a clock does not run backwards: step_s={step_s}")
        self._now_s += step_s

    def set(self, now_s: float) -> None:
        """Jump forward to `now_s`."""
        self.advance(now_s - self._now_s)

    def wait_until(self, deadline_s: float, stop: threading.Event) -> bool:
        """Jump to the deadline at once; True when stopped."""
        if deadline_s > self._now_s:
            self._now_s = deadline_s
        return stop.is_set()
