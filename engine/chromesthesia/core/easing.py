"""How values travel: shares of a way, and how fast one follows another."""

from __future__ import annotations

import math


def approach(dt_s: float, time_s: float) -> float:
    """Share 0..1 of the way to its goal that a follower with time constant `time_s` goes in `dt_s`."""
    return 1.0 - math.exp(-dt_s / time_s)


def smooth_step(share: float) -> float:
    """0..1 to 0..1, slow at both ends."""
    return share * share * (3.0 - 2.0 * share)


def share_of(value: float, low: float, high: float) -> float:
    """Where `value` lies between low (0) and high (1), held there."""
    return min(1.0, max(0.0, (value - low) / (high - low)))
