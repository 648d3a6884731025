"""Where the milliseconds go: bounded collections of measured delays, from any thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from time import perf_counter

import numpy as np

STAGES = (
    "capture",
    "heard",
    "features",
    "music",
    "encoder",
    "generator",
    "upload",
    "passes",
    "present",
    "render",
    "sound_to_light",
)
"""Stages of the report, in the order of the way of a sound.

capture: the oldest sample of a block entered -> the block is in the ring. heard: a hop, or half of
the next one, is whole -> it has been analysed. features: one hop's features computed. music: what the
ear for music does behind them.
encoder: one 80 ms step computed. generator: one image painted. upload: one image
taken over and worked over, before its frame. passes: one frame decided on and drawn. present: handed to the display.
render: both; what it waits for sound is in none of them. sound_to_light:
the oldest sample of 5 ms of sound entered -> the end of the frame that first shows them.
"""

KEPT_PER_STAGE = 1 << 16
LATELY_S = 1.0


class LatencyMeter:
    """Keeps the newest `KEPT_PER_STAGE` values of every stage in preallocated rings, so that weeks cost no memory."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        # Filled and not only reserved: memory that is there from the start does not grow while the rings fill.
        self._kept_ms = {stage: np.full(KEPT_PER_STAGE, np.nan, np.float32) for stage in STAGES}
        self._count = dict.fromkeys(STAGES, 0)
        self._lately: dict[tuple[str, float, int], tuple[float, float]] = {}

    def add(self, stage: str, value_s: float) -> None:
        """Count one delay of `value_s` seconds."""
        with self._lock:
            index = self._count[stage]
            self._kept_ms[stage][index % KEPT_PER_STAGE] = value_s * 1000.0
            self._count[stage] = index + 1

    @contextmanager
    def measure(self, stage: str) -> Iterator[None]:
        """Count how long the body takes."""
        start_s = perf_counter()
        yield
        self.add(stage, perf_counter() - start_s)

    def recent_ms(self, stage: str, newest: int = 60) -> float:
        """Median of the newest values in milliseconds; 0 before the first."""
        return self.quantile_ms(stage, 0.5, newest)

    def quantile_ms(self, stage: str, share: float, newest: int) -> float:
        """The value that so large a share of the newest lies below, in milliseconds; 0 before the first."""
        with self._lock:
            count = self._count[stage]
            if count == 0:
                return 0.0
            indices = np.arange(max(0, count - min(newest, KEPT_PER_STAGE)), count) % KEPT_PER_STAGE
            return float(np.quantile(self._kept_ms[stage][indices], share))

    def lately_ms(self, stage: str, share: float, newest: int, now_s: float) -> float:
        """`quantile_ms`, worked out at most once a second: whoever asks at every frame costs nothing."""
        key = stage, share, newest
        known = self._lately.get(key)
        if known is None or now_s - known[0] >= LATELY_S:
            known = self._lately[key] = now_s, self.quantile_ms(stage, share, newest)
        return known[1]

    def summary(self) -> Mapping[str, Mapping[str, float | int | None]]:
        """p50, p95, p99 in milliseconds and the count for every stage; None where nothing was measured."""
        with self._lock:
            kept = {
                stage: (self._kept_ms[stage][: min(self._count[stage], KEPT_PER_STAGE)].copy(), count)
                for stage, count in self._count.items()
            }
        return {stage: _percentiles(values_ms, count) for stage, (values_ms, count) in kept.items()}


def _percentiles(values_ms: np.ndarray, count: int) -> dict[str, float | int | None]:
    if count == 0:
        return {"p50": None, "p95": None, "p99": None, "count": 0}
    p50, p95, p99 = (round(float(value), 3) for value in np.percentile(values_ms, (50, 95, 99)))
    return {"p50": p50, "p95": p95, "p99": p99, "count": count}
