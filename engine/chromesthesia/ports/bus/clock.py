"""The clock of a show on another machine, from round trips: pure arithmetic, no network."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

WINDOW_S = 60.0
"""So long a round trip is remembered."""
MOST_SAMPLES = 240
DRIFT_AFTER_S = 10.0
"""Before so much was seen a drift would be made up of noise."""
MOST_DRIFT = 500e-6
"""Clocks of computers drift less."""
SLEW = 0.05
"""By so much faster or slower the clock runs while it is put right: nobody sees it in a picture."""
STEP_S = 0.25
"""Farther off than this it is put right at once, forwards."""
LONGEST_ROUND_S = 2.0


@dataclass(frozen=True, slots=True)
class _Sample:
    at_s: float
    offset_s: float
    round_s: float


class AlignedClock:
    """Show time on this machine. Use under one lock; times in seconds, `now_s` of this machine's clock.

    The quickest round trips tell most: what a network adds, it adds to one way. Of those a line is fitted: where the
    other clock is, and how fast it runs away. `show_s` never goes back.
    """

    def __init__(self) -> None:
        self._samples: deque[_Sample] = deque(maxlen=MOST_SAMPLES)
        self._offset_s = 0.0
        self._drift = 0.0
        self._at_s = 0.0
        self._shown: tuple[float, float] | None = None
        self.bound_s = math.inf
        """By how much it may be wrong: half of the quickest round trip."""

    @property
    def aligned(self) -> bool:
        """True once an answer came."""
        return bool(self._samples)

    def answered(self, sent_s: float, show_s: float, received_s: float) -> None:
        """A probe was sent, answered at show_s on the other machine, and the answer is here. Nonsense is left out."""
        round_s = received_s - sent_s
        if not 0.0 <= round_s <= LONGEST_ROUND_S or not math.isfinite(show_s):
            return
        middle_s = (sent_s + received_s) / 2.0
        self._samples.append(_Sample(middle_s, show_s - middle_s, round_s))
        while self._samples[0].at_s < middle_s - WINDOW_S:
            self._samples.popleft()
        self._fit(middle_s)

    def show_s(self, now_s: float) -> float:
        """Show time; ever newer `now_s` give ever newer times."""
        goal_s = self._goal_s(now_s)
        if self._shown is None:
            self._shown = now_s, goal_s
            return goal_s
        before_now_s, before_s = self._shown
        passed_s = max(0.0, now_s - before_now_s)
        error_s = goal_s - (before_s + passed_s)
        if error_s > STEP_S:
            shown_s = goal_s
        else:
            most_s = SLEW * passed_s if error_s > -STEP_S else passed_s
            shown_s = before_s + passed_s + min(max(error_s, -most_s), most_s)
        self._shown = max(now_s, before_now_s), shown_s
        return shown_s

    def local_s(self, show_s: float, now_s: float) -> float:
        """When it will be `show_s`, on this machine's clock, as it looks at `now_s`."""
        return now_s + (show_s - self.show_s(now_s))

    def _goal_s(self, now_s: float) -> float:
        return now_s + self._offset_s + self._drift * (now_s - self._at_s)

    def _fit(self, now_s: float) -> None:
        quickest_s = min(sample.round_s for sample in self._samples)
        ordered = sorted(self._samples, key=lambda sample: sample.round_s)
        kept = [s for s in ordered[: max(3, len(ordered) // 4)] if s.round_s <= 2.0 * quickest_s + 0.001]
        self.bound_s = quickest_s / 2.0
        middle_s = sum(s.at_s for s in kept) / len(kept)
        offset_s = sum(s.offset_s for s in kept) / len(kept)
        drift = 0.0
        if max(s.at_s for s in kept) - min(s.at_s for s in kept) >= DRIFT_AFTER_S:
            spread = sum((s.at_s - middle_s) ** 2 for s in kept)
            drift = sum((s.at_s - middle_s) * (s.offset_s - offset_s) for s in kept) / spread
            drift = min(max(drift, -MOST_DRIFT), MOST_DRIFT)
        self._drift = drift
        self._at_s = now_s
        self._offset_s = offset_s + drift * (now_s - middle_s)
