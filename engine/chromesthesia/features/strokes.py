"""Onsets counted: each once, whether it was seen in its hop or between two."""

from __future__ import annotations

import math

from chromesthesia.core.records import HOP_SAMPLES, SAMPLE_RATE_HZ

DECAY_S = 0.15
_KEEP = math.exp(-HOP_SAMPLES / SAMPLE_RATE_HZ / DECAY_S)
_EARLY_HOPS = 3
"""An onset of a hop so soon behind one seen between two hops is the same one."""


class Strokes:
    """count: onsets so far; envelope: 1 at one, then fading. Not thread-safe; `hop` once for each hop."""

    def __init__(self) -> None:
        self.count = 0
        self.envelope = 0.0
        self._early_hops = 0

    def hop(self, onset: float) -> None:
        """onset: 0, or the strength of the one decided in this hop."""
        self.envelope *= _KEEP
        if onset > 0.0:
            if not self._early_hops:
                self.count += 1
            self.envelope = 1.0
            self._early_hops = 0
        self._early_hops = max(0, self._early_hops - 1)

    def glance(self, onset: float) -> None:
        """onset: as seen in a part of the next hop. What is seen early may come to its hop a little later, or never."""
        if onset > 0.0 and not self._early_hops:
            self.count += 1
            self._early_hops = _EARLY_HOPS
            self.envelope = 1.0
