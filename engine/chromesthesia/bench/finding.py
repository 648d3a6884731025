"""Clicks found again in what was shown: the first frame that is brighter than the ones before it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

WITHIN_S = 0.35
"""A click that is answered later than this is missed: the next may already be on its way."""
BEFORE_S = 0.1
RISE_SHARE = 0.25
"""Share of the usual answer that a frame must be brighter by than the frames before the click."""


@dataclass(frozen=True, slots=True)
class Found:
    """Delays of the clicks that were answered, in seconds, and how many were not."""

    delays_s: tuple[float, ...]
    missed: int


def find_clicks(clicks_s: Sequence[float], shown_s: Sequence[float], levels: Sequence[float]) -> Found:
    """clicks_s: when each entered. shown_s, levels: when each frame was shown, and its brightness, both by frame.

    A frame answers a click when it is brighter than every frame of the tenth of a second before the click, by a
    quarter of the median answer.
    """
    times, bright = np.asarray(shown_s), np.asarray(levels, float)
    windows = []
    for click_s in clicks_s:
        first, last = np.searchsorted(times, (click_s, click_s + WITHIN_S))
        before = bright[np.searchsorted(times, click_s - BEFORE_S) : first]
        windows.append((first, last, float(before.max()) if len(before) else None))
    rises = [
        float(bright[first:last].max()) - base
        for first, last, base in windows
        if base is not None and last > first
    ]
    usual = float(np.median(rises)) if rises else 0.0
    delays_s: list[float] = []
    for click_s, (first, last, base) in zip(clicks_s, windows, strict=True):
        if base is None or usual <= 0.0:
            continue
        answering = np.flatnonzero(bright[first:last] > base + RISE_SHARE * usual)
        if len(answering):
            delays_s.append(float(times[first + answering[0]] - click_s))
    return Found(tuple(delays_s), len(clicks_s) - len(delays_s))


def percentiles_ms(values_s: Sequence[float]) -> dict[str, float | int | None]:
    """p50, p95, p99, least and most in milliseconds, and the count; None where there is nothing."""
    if not len(values_s):
        return {"p50": None, "p95": None, "p99": None, "least": None, "most": None, "count": 0}
    p50, p95, p99 = (round(float(value) * 1e3, 2) for value in np.percentile(values_s, (50, 95, 99)))
    least, most = (round(float(value) * 1e3, 2) for value in (min(values_s), max(values_s)))
    return {"p50": p50, "p95": p95, "p99": p99, "least": least, "most": most, "count": len(values_s)}
