"""When a frame is begun: as late as it can be and still be finished when it is due, and just behind a hop.

A hop that enters while a frame is drawn waits for the next one. Frames and hops come at rates of their own, so a frame
that begins by the clock alone shows sound that has waited for half a hop and more. One that begins right behind a hop
shows it fresh. The last passes of a frame hear once more: they wait in the same way, for as long as they themselves
leave, so that a hop waits for them only.
"""

from __future__ import annotations

import threading
from collections import deque

from chromesthesia.core.protocols import Clock
from chromesthesia.core.records import HOP_SAMPLES, SAMPLE_RATE_HZ, STEP_SAMPLES

HOP_S = HOP_SAMPLES / SAMPLE_RATE_HZ
STEP_S = STEP_SAMPLES / SAMPLE_RATE_HZ
REMEMBERED_ARRIVALS = 15
REMEMBERED_FRAMES = 120
FEWEST_FRAMES = 30
"""Before so many were drawn, a frame begins when it is due."""
COST_QUANTILE, PREPARING_QUANTILE = 0.98, 0.9
"""Share of the last frames that took no longer than what is kept for the next one, and the same of pictures: a frame
hardly ever takes long just when its picture did."""
FIRST_MARGIN, LEAST_MARGIN = 0.12, 0.03
"""Shares of the period: the more time there is, the less may one frame be late."""
MARGIN_STEP_S = 0.001
"""Kept more of for every frame that waiting made late, and given back over `CALM_FRAMES` without one."""
CALM_FRAMES = 1800
PREPARE_S = 0.005
"""What a new picture takes to be worked over, until enough of them were."""
STEADY_FRAMES, STEADY_SHARE, STEADY_WITHIN = 30, 0.9, 0.04
FOLLOW = 0.1
"""Share of its distance by which the show moves towards the display with every frame."""
GRACE_S = 0.003
"""What is later than this is not waited for any longer."""


class Arrivals:
    """Tells the thread that draws when something new has been heard. `arrived` on the thread that listens."""

    def __init__(self) -> None:
        self.newest_s = -HOP_S
        """When the newest came, on the clock."""
        self.every_s = HOP_S
        """How far apart they usually come: a hop, or half of one where the source hands over so little at a time."""
        self._intervals_s: deque[float] = deque(maxlen=REMEMBERED_ARRIVALS)
        self.fresh = threading.Event()
        """Set whenever one comes."""

    def arrived(self, now_s: float) -> None:
        """Something was heard."""
        self._intervals_s.append(now_s - self.newest_s)
        self.every_s = min(HOP_S, max(STEP_S, sorted(self._intervals_s)[len(self._intervals_s) // 2]))
        self.newest_s = now_s
        self.fresh.set()


class FramePacer:
    """Keeps what the last frames took, and says when the next is to begin. Times of the clock in seconds; main thread.

    What is kept for a frame is a high quantile of what the last took, and a margin that grows with every frame that
    would have been on time without waiting: on a machine that stalls, frames begin earlier, and never later than they
    are due to.
    """

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._whole, self._last = _Costs(period_s, COST_QUANTILE), _Costs(period_s, COST_QUANTILE)
        self._preparing = _Costs(PREPARE_S, PREPARING_QUANTILE)
        self._makes_room = False
        """A picture waits: the frame that is drawn meanwhile waits for nothing."""
        self._margin_s = FIRST_MARGIN * period_s
        self._waited_s = 0.0
        """For sound, before and in the frame that is being drawn."""

    @property
    def reserve_s(self) -> float:
        """Kept for the next frame: its time of the clock, and the margin."""
        return min(self._period_s, self._whole.high_s + self._margin_s)

    @property
    def late_reserve_s(self) -> float:
        """Kept for the last passes of a frame that is being drawn."""
        return min(self._period_s, self._last.high_s + self._margin_s)

    def finished(
        self, begin_s: float, end_s: float, shown_s: float, again: tuple[float, float] | None = None
    ) -> None:
        """A frame was drawn from `begin_s` to `end_s` that was to be finished at `shown_s`.

        again: from when to when it waited to hear once more; None where it did not.
        """
        wait_s, went_on_s = (begin_s, begin_s) if again is None else again
        cost_s = end_s - begin_s - (went_on_s - wait_s)
        self._whole.add(cost_s)
        self._last.add(end_s - went_on_s)
        waited_s, self._waited_s = self._waited_s, 0.0
        if end_s > shown_s >= end_s - waited_s:
            self._margin_s = min(self._period_s, self._margin_s + MARGIN_STEP_S)
        else:
            self._margin_s = max(LEAST_MARGIN * self._period_s, self._margin_s - MARGIN_STEP_S / CALM_FRAMES)

    def prepared(self, cost_s: float) -> None:
        """A picture was worked over in so long."""
        self._preparing.add(cost_s)

    def takes_picture(self, shown_s: float, now_s: float) -> bool:
        """Whether the frame that is to be finished at `shown_s` has time to work over the picture that waits.

        Where it has not, it is drawn at once and without the picture, and the next one takes it: as much time as there
        can be is left between the two.
        """
        fits = now_s + self._preparing.high_s <= shown_s - self.reserve_s
        self._makes_room = not (fits or self._makes_room)
        return not self._makes_room

    def window_s(self, shown_s: float) -> float:
        """When to look at what the frame that is to be finished at `shown_s` needs beside sound."""
        return shown_s - self.reserve_s - HOP_S - self._preparing.high_s

    def wait(self, shown_s: float, arrivals: Arrivals, clock: Clock, stop: threading.Event) -> None:
        """Return when the frame that is to be finished at `shown_s` is to begin, or when `stop` is set."""
        self._wait(shown_s - self.reserve_s, arrivals, clock, stop)

    def wait_again(self, shown_s: float, arrivals: Arrivals, clock: Clock, stop: threading.Event) -> None:
        """Return when the last passes of that frame are to be drawn, or when `stop` is set."""
        self._wait(shown_s - self.late_reserve_s, arrivals, clock, stop)

    def _wait(self, latest_s: float, arrivals: Arrivals, clock: Clock, stop: threading.Event) -> None:
        if self._makes_room:
            return
        begin_s = now_s = clock.now_s()
        # In so long a time one comes: the last that the frame can still show.
        clock.wait_until(latest_s - arrivals.every_s, stop)
        while not stop.is_set():
            arrivals.fresh.clear()
            now_s = clock.now_s()
            next_s = arrivals.newest_s + arrivals.every_s
            if next_s > latest_s or now_s >= next_s + GRACE_S or now_s >= latest_s:
                break
            clock.wait_until(min(latest_s, next_s + GRACE_S), arrivals.fresh)
        self._waited_s += now_s - begin_s


class _Costs:
    """What the last took, and what a share of them kept within; until there were some, `first_s`."""

    def __init__(self, first_s: float, quantile: float) -> None:
        self._quantile = quantile
        self._costs_s: deque[float] = deque(maxlen=REMEMBERED_FRAMES)
        self.high_s = first_s

    def add(self, cost_s: float) -> None:
        self._costs_s.append(cost_s)
        if len(self._costs_s) >= FEWEST_FRAMES:
            ordered = sorted(self._costs_s)
            self.high_s = ordered[int(self._quantile * len(ordered))]


class DisplayRhythm:
    """Finds out whether frames are shown at a display's own rhythm, and by how much the show is out of step with it.

    A display that waits for its next picture shows one every period; where that is the show's period too, frames are
    to be finished just before. Main thread.
    """

    def __init__(self, period_s: float) -> None:
        self._period_s = period_s
        self._intervals_s: deque[float] = deque(maxlen=STEADY_FRAMES)
        self._last_s: float | None = None

    @property
    def steady(self) -> bool:
        """True while nearly every frame is shown one period after the last."""
        allowed_s = STEADY_WITHIN * self._period_s
        near = sum(abs(interval_s - self._period_s) <= allowed_s for interval_s in self._intervals_s)
        return near >= STEADY_SHARE * STEADY_FRAMES

    def shown(self, shown_s: float, due_s: float) -> float:
        """A frame due at `due_s` was shown at `shown_s`: by how much the frames to come are to be due later."""
        if self._last_s is not None:
            self._intervals_s.append(shown_s - self._last_s)
        self._last_s = shown_s
        if not self.steady:
            return 0.0
        half_s = self._period_s / 2
        return FOLLOW * ((shown_s - due_s + half_s) % self._period_s - half_s)
