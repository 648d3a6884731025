"""The first frames with another pack or other shaders: what is too slow or fails is taken back."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from chromesthesia.show.ladder import Ladder

log = logging.getLogger(__name__)

TRIAL_FRAMES = 60
SETTLE_FRAMES = 6
"""The first frames may be late: a driver finishes compiling when something is drawn for the first time."""
LATE_SHARE = 0.15
"""More late frames than this, and than twice as many as before, are too many."""
MANY_LATE = 15
FAILURES = 3


def no_failures() -> int:
    """For what cannot fail but by being slow."""
    return 0


@dataclass(frozen=True, slots=True)
class Swap:
    """What is tried. back: puts the former in its place again and tells why; keep: the former is not needed any more;
    failures: how often it failed so far, counted from anywhere."""

    what: str
    back: Callable[[str], None]
    keep: Callable[[], None]
    failures: Callable[[], int] = no_failures


class SwapTrial:
    """Watches the frames after a swap. `begin` on any thread, the rest on the main thread.

    Meanwhile the ladder stays where it is. One swap is tried at a time: a newer one takes the place of the one before,
    which is then kept.
    """

    def __init__(self, ladder: Ladder) -> None:
        self._ladder = ladder
        self._asked: deque[Swap] = deque()
        self._lock = threading.Lock()
        self._tried: Swap | None = None
        self._recent: deque[bool] = deque(maxlen=TRIAL_FRAMES)
        self._late_before = 0.0
        self._failures_before = 0
        self._frames = 0
        self._late = 0
        self.taken_back = 0
        self.kept = 0

    def counts(self) -> dict[str, int]:
        """Swaps that were kept, and that were taken back."""
        return {"kept": self.kept, "taken_back": self.taken_back}

    def begin(self, swap: Swap) -> None:
        """Try this from the next frame on."""
        with self._lock:
            self._asked.append(swap)

    def frame(self, late: bool, busy: float) -> None:
        """One frame was drawn; busy: its duration over the frame period."""
        self._take_asked()
        tried = self._tried
        if tried is None:
            self._recent.append(late)
            return
        self._frames += 1
        if self._frames > SETTLE_FRAMES:
            self._late += late
        failures = tried.failures() - self._failures_before
        if failures >= FAILURES:
            self._end(f"it failed {failures} times")
        elif self._late >= max(MANY_LATE, 2.0 * self._late_before * TRIAL_FRAMES):
            self._end(f"{self._late} of its first {self._frames} frames were late")
        elif self._frames >= TRIAL_FRAMES + SETTLE_FRAMES:
            too_many = self._late > TRIAL_FRAMES * max(LATE_SHARE, 2.0 * self._late_before)
            self._end(f"{self._late} of its first {self._frames} frames were late" if too_many else "")

    def _take_asked(self) -> None:
        with self._lock:
            asked = list(self._asked)
            self._asked.clear()
        for swap in asked:
            if self._tried is not None:
                self._end("")
            self._tried = swap
            self._frames = self._late = 0
            self._failures_before = swap.failures()
            self._late_before = sum(self._recent) / len(self._recent) if self._recent else 0.0
            self._ladder.hold(True)

    def _end(self, fault: str) -> None:
        tried, self._tried = self._tried, None
        assert tried is not None
        self._recent.clear()
        self._ladder.hold(False)
        if fault:
            self.taken_back += 1
            log.warning("%s is taken back: %s", tried.what, fault)
            tried.back(fault)
        else:
            self.kept += 1
            tried.keep()
