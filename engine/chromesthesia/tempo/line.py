"""A steady tempo: which beat it is at every moment."""

from __future__ import annotations

from dataclasses import dataclass

SLOWEST_BPM, FASTEST_BPM = 20.0, 400.0
"""Outside of these nothing is taken for a tempo."""


@dataclass(frozen=True, slots=True)
class Line:
    """`beats` at the moment `at_s` of the monotonic clock, going on at `bpm`."""

    at_s: float
    beats: float
    bpm: float

    def beats_at(self, now_s: float) -> float:
        """Beats at `now_s`."""
        return self.beats + (now_s - self.at_s) * self.bpm / 60.0
