"""A tempo that somebody taps."""

from __future__ import annotations

from dataclasses import dataclass

from chromesthesia.tempo.line import FASTEST_BPM, SLOWEST_BPM, Line

MOST_TAPS = 16
"""So many of the newest taps make the tempo."""
PAUSE_S = 60.0 / SLOWEST_BPM
"""After a longer pause a tap begins anew."""
BOUNCE_S = 60.0 / FASTEST_BPM
"""What comes sooner is the same tap twice."""
_OFF = 0.3
"""A tap that is further than this, in beats, from any beat begins another tempo."""


@dataclass(frozen=True, slots=True)
class Tap:
    """One tap: which beat it was, from the first, and when."""

    beat: int
    at_s: float


Taps = tuple[Tap, ...]


def tapped(taps: Taps, at_s: float) -> Taps:
    """The taps after one more at `at_s`. A tap that was left out is noticed; a bounce is no tap."""
    if not taps or at_s - taps[-1].at_s > PAUSE_S:
        return (Tap(0, at_s),)
    last = taps[-1]
    if at_s - last.at_s < BOUNCE_S:
        return taps
    if len(taps) == 1:
        return (last, Tap(last.beat + 1, at_s))
    line = tap_line(taps)
    assert line is not None
    ahead = line.beats_at(at_s) - last.beat
    steps = round(ahead)
    if steps < 1 or abs(ahead - steps) > _OFF:
        return (Tap(0, last.at_s), Tap(1, at_s))
    return (*taps, Tap(last.beat + steps, at_s))[-MOST_TAPS:]


def tap_line(taps: Taps) -> Line | None:
    """The straight line through the taps; None before the second."""
    if len(taps) < 2:
        return None
    count = len(taps)
    mean_beat = sum(tap.beat for tap in taps) / count
    mean_s = sum(tap.at_s for tap in taps) / count
    spread = sum((tap.beat - mean_beat) ** 2 for tap in taps)
    period_s = sum((tap.beat - mean_beat) * (tap.at_s - mean_s) for tap in taps) / spread
    beat = taps[-1].beat
    return Line(mean_s + (beat - mean_beat) * period_s, float(beat), 60.0 / period_s)


def tap_confidence(taps: Taps) -> float:
    """0..1: a tempo of eight taps is certain."""
    return min(1.0, len(taps) / 8.0) if len(taps) > 1 else 0.0
