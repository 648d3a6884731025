"""How close to the beat the light is: each flash beside the stroke that it belongs to."""

from __future__ import annotations

import math
import threading
from collections import deque
from statistics import median

WINDOW_S = 0.1
"""A stroke that is further from a flash belongs to no beat."""
SETTLED_S = 0.2
"""A flash that was early is compared once its stroke was surely heard."""
KEPT_STROKES = 64
LATELY = 32
KEPT_ERRORS = 4096


class BeatLight:
    """Any thread tells of strokes, the frame loop's of frames; any thread may read.

    A flash is the first frame of a beat. Only beats on which something is struck can be compared.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._strokes: deque[float] = deque(maxlen=KEPT_STROKES)
        self._flashes: deque[float] = deque(maxlen=KEPT_STROKES)
        self._errors: deque[float] = deque(maxlen=KEPT_ERRORS)
        self._beat: int | None = None

    def struck(self, at_s: float) -> None:
        """Something was struck at this time of the clock."""
        with self._lock:
            self._strokes.append(at_s)

    def shown(self, beats: float, running: bool, seen_s: float) -> None:
        """A frame with the beat at `beats` was to be seen from `seen_s` on."""
        beat = math.floor(beats) if running else None
        before, self._beat = self._beat, beat
        with self._lock:
            if beat is not None and before is not None and beat == before + 1:
                self._flashes.append(seen_s)
            while self._flashes and seen_s - self._flashes[0] > SETTLED_S:
                flash_s = self._flashes.popleft()
                error_s = min((flash_s - stroke_s for stroke_s in self._strokes), key=abs, default=math.inf)
                if abs(error_s) <= WINDOW_S:
                    self._errors.append(error_s)

    @property
    def error_ms(self) -> float | None:
        """Median distance of the newest flashes from their strokes; None before the first."""
        with self._lock:
            lately = list(self._errors)[-LATELY:]
        return 1000.0 * median(map(abs, lately)) if lately else None

    def summary(self) -> dict[str, float | int]:
        """The same of the whole show: beats compared, median and 95th percentile of the distance, and how much later
        than the beat the light was in the middle."""
        with self._lock:
            errors = list(self._errors)
        if not errors:
            return {"beats": 0}
        far = sorted(abs(error) for error in errors)
        return {
            "beats": len(errors),
            "median_ms": round(1000.0 * median(far), 2),
            "p95_ms": round(1000.0 * far[min(len(far) - 1, math.ceil(0.95 * len(far)) - 1)], 2),
            "later_ms": round(1000.0 * median(errors), 2),
        }
