"""Following a train of pulses that come early and late: MIDI clock, 24 to the beat.

The filter is the straight line through the last pulses, in the form that needs no memory of them: its gains fall with
every pulse, down to those of `MEMORY` pulses. When the pulses run away from the line to one side, the tempo has
changed, and the line is learned anew from few.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from chromesthesia.tempo.line import FASTEST_BPM, SLOWEST_BPM, Line

PER_BEAT = 24
"""Pulses of MIDI clock to the beat."""
MEMORY = 3 * PER_BEAT
_RELEARN = 6
_DRIFT_GAIN = 0.15
_DRIFT_LIMIT = 0.2
"""Mean error, in periods, from which on the tempo counts as changed; jitter of 3 ms at 120 bpm is a fifth of it."""
_MISSED = 0.75
_LONGEST_S = 60.0 / SLOWEST_BPM / PER_BEAT
_SHORTEST_S = 60.0 / FASTEST_BPM / PER_BEAT


@dataclass(frozen=True, slots=True)
class Pulses:
    """What is known of a train of pulses.

    index: of the newest; at_s: when that one should have come; period_s: 0 before the second; heard_s: when it came;
    known: how many the line goes through; owed: pulses that were taken as missed and may still come late, all at once;
    gap_s: time between the last two; drift, spread: mean error and mean size of the error, in periods.
    """

    index: int = -1
    at_s: float = 0.0
    period_s: float = 0.0
    heard_s: float = 0.0
    known: int = 0
    owed: int = 0
    gap_s: float = 0.0
    drift: float = 0.0
    spread: float = 0.0

    @property
    def bpm(self) -> float:
        """Tempo; 0 while it is not known."""
        return 60.0 / (self.period_s * PER_BEAT) if self.known > 2 and self.period_s > 0.0 else 0.0

    @property
    def confidence(self) -> float:
        """0..1: by how many pulses were heard and how evenly they come."""
        return min(1.0, self.known / PER_BEAT) * max(0.0, 1.0 - self.spread) if self.bpm else 0.0

    def line(self, origin: int) -> Line:
        """The tempo as a line on which pulse number `origin` is beat 0."""
        return Line(self.at_s, (self.index - origin) / PER_BEAT, self.bpm)


def heard_pulse(pulses: Pulses, at_s: float) -> Pulses:
    """The state after one more pulse came at `at_s`."""
    gap_s = at_s - pulses.heard_s
    if pulses.known == 0 or gap_s < 0.0:
        return Pulses(pulses.index + 1, at_s, 0.0, at_s, 1)
    if pulses.known == 1 or pulses.period_s <= 0.0:
        if not 0.0 < gap_s <= _LONGEST_S:
            return Pulses(pulses.index + 1, at_s, 0.0, at_s, 1)
        return Pulses(pulses.index + 1, at_s, max(gap_s, _SHORTEST_S), at_s, 2)
    period_s = pulses.period_s
    error = (at_s - pulses.at_s) / period_s - 1.0
    if error < -_MISSED and pulses.owed > 0:
        # It was taken as missed, and was only held up on its way.
        return replace(pulses, owed=pulses.owed - 1, heard_s=at_s)
    # By the gap and not by the line: a slower tempo falls ever further behind the line, and misses nothing.
    missed = round(gap_s / period_s) - 1 if gap_s > (1.0 + _MISSED) * period_s else 0
    if missed and pulses.owed and abs(gap_s - pulses.gap_s) < 0.25 * period_s:
        # Twice the same long gap is a slower tempo, and the pulses before were none too few.
        return Pulses(pulses.index + 1 - pulses.owed, at_s, min(gap_s, _LONGEST_S), at_s, 2)
    error = min(max(error - missed, -1.0), 1.0)
    if missed > PER_BEAT:
        # The sender was away for longer than a beat: nobody knows at which tempo it comes back.
        return Pulses(pulses.index + 1 + missed, at_s, 0.0, at_s, 1)
    drift = pulses.drift + _DRIFT_GAIN * (error - pulses.drift)
    spread = pulses.spread + _DRIFT_GAIN * (abs(error) - pulses.spread)
    n = min(pulses.known + 1, MEMORY)
    if abs(drift) > _DRIFT_LIMIT and n > _RELEARN:
        n, drift = _RELEARN, 0.0
    place_gain = 2.0 * (2 * n - 1) / (n * (n + 1))
    period_gain = 6.0 / (n * (n + 1))
    steps = missed + 1
    return Pulses(
        index=pulses.index + steps,
        at_s=pulses.at_s + (steps + place_gain * error) * period_s,
        period_s=min(max(period_s * (1.0 + period_gain * error / steps), _SHORTEST_S), _LONGEST_S),
        heard_s=at_s,
        known=n,
        owed=missed,
        gap_s=gap_s,
        drift=drift,
        spread=spread,
    )
