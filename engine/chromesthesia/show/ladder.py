"""Keeps frames on time: when they come late, or nearly so, the show steps down to cheaper rungs, and up again."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass

import numpy as np

from chromesthesia.core.rungs import RUNGS, Rung, below

log = logging.getLogger(__name__)

WINDOW_FRAMES = 30
BUSY_LIMIT = 0.85
"""Share of the frame period above which a frame is nearly late."""
BUSY_FRAMES = 3
"""Nearly late frames in a window that are still fine."""
LATE_FRAMES = 1
"""Late frames in a window that are blamed on something else."""
MANY_LATE = 8
"""So many late frames end a window before its time."""
HARD_LATE = 4
"""Late frames in a window before the picture gets coarser for them, rather than only painted less often."""
GIVE_UP_WINDOWS, GIVE_UP_COST = 5, 1.25
"""So many windows in a row whose frames took a quarter longer than they may on the mean, `MANY_LATE` of them late,
before nothing new is painted: that is seen for minutes, where frames that are late but all there are hardly seen. Such
a window is as long as 30 frame periods at least."""
FAR, FAR_WINDOWS, FAR_QUANTILE = 1.5, 2, 0.1
"""Where nine frames of ten took half as long again as they may, so many windows in a row, steps are left out: a picture
of a wall on a slow machine would be a show of slides until it had tried them all."""
SETTLE_FRAMES = 8
"""Frames after a step that are not judged: pictures that were asked for before it are still painted."""
ROOM = 0.7
"""A better rung is tried when its frames would take at most this share of their period."""
COST_QUANTILE = 0.9
"""What a window costs: so many of its frames took at most that share of their period."""
CALM_WINDOWS = 2
PROBE_WINDOWS = 60
"""Calm windows until a rung is tried that was too dear when it was measured: the load of then may be gone."""
HOLD_WINDOWS = 240
"""A rung that has to be left again within so many windows was a mistake: the next try comes four times later."""
MOST_PATIENCE = 64
DEAREST = 8.0
LOWEST_PACE = 0.125
PACES = (0.5, 0.25, 0.125)
"""Shares of the generator's rate on the rung that paints slower, in order."""
DETAILS = (0.75, 0.5, 0.35, 0.2)
"""Sides of the picture on the rung with fewer pixels, of its full ones, in order."""
HALF, FEWEST_LINES = 0.5, 300
"""Less than half is only for pictures that have so many lines even then: a wall's, not a small window's."""
LEAST_DETAIL = 0.35
"""The same on the smallest rung."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the ladder. pace: multiplies the generator's rate, 0: it is not asked; detail: the share of the
    picture's sides that is drawn."""

    rung: Rung
    pace: float
    detail: float = 1.0


@dataclass(frozen=True, slots=True)
class Moved:
    """The ladder was stepped. cost: share of the frame period that a frame took before; why: in words."""

    before: Step
    after: Step
    cost: float
    why: str

    @property
    def down(self) -> bool:
        """True for a cheaper rung, or a slower pace or fewer pixels on the same."""
        before, after = self.before, self.after
        if after.rung is before.rung:
            return (after.pace, after.detail) < (before.pace, before.detail)
        return below(after.rung, before.rung)


def steps_of(
    rungs: Collection[Rung] = RUNGS, ceiling: float = 1.0, lines: int = FEWEST_LINES
) -> tuple[Step, ...]:
    """Every step of these rungs, best first. ceiling: the fastest pace; below 1 where the processor that paints also
    draws. lines: of the picture."""
    slowest = max(LOWEST_PACE, ceiling * PACES[-1])
    paces: list[float] = []
    for share in PACES:
        pace = max(LOWEST_PACE, ceiling * share)
        if pace < min(paces, default=ceiling):
            paces.append(pace)
    details = [detail for detail in DETAILS if detail >= HALF or detail * lines >= FEWEST_LINES]
    fewest = details[-1] if Rung.FEWER_PIXELS in rungs else 1.0
    whole = {
        Rung.FULL: (Step(Rung.FULL, ceiling),),
        Rung.PAINT_SLOWER: tuple(Step(Rung.PAINT_SLOWER, pace) for pace in paces),
        Rung.SMALLER_GENERATOR: (Step(Rung.SMALLER_GENERATOR, slowest),),
        Rung.FEWER_PIXELS: tuple(Step(Rung.FEWER_PIXELS, slowest, detail) for detail in details),
        Rung.CACHED_LATENTS: (Step(Rung.CACHED_LATENTS, slowest, fewest),),
        Rung.SHADERS: (Step(Rung.SHADERS, 0.0, fewest),),
        Rung.SMALL: (Step(Rung.SMALL, 0.0, min(LEAST_DETAIL, fewest)),),
    }
    return tuple(step for rung in RUNGS if rung in rungs for step in whole[rung])


def _ignored(moved: Moved) -> None:
    pass


def _unwatched(late: bool, busy: float) -> None:
    pass


class Ladder:
    """Steps down and up by what frames take, in windows of 30. Main thread; `step` and `counts` may be read from any.

    Down to painting less often when more than one frame of a window was late, or several were busy for more than 85 %
    of their period; to a coarser picture when four were late; to where nothing new is painted only after five windows
    of frames that cannot all be drawn. Up after calm windows, when the better rung is
    expected to have room: every step measures how much dearer the rung above is than the one below, under the load of
    that moment. A rung that had to be left soon after it was tried is tried ever more seldom, so that nothing swings.
    """

    def __init__(
        self,
        steps: Collection[Step] | None = None,
        start: Rung = Rung.FULL,
        moved: Callable[[Moved], None] = _ignored,
        within: float = 1.0,
    ) -> None:
        """steps: best first, of `steps_of`; start: begin at its first step, or the next cheaper one there is. moved:
        called on the main thread right after a step. within: the share of the picture's sides to begin with at most,
        where a step draws so few and still paints."""
        self._steps = tuple(steps or steps_of())
        self._at = next(
            (index for index, step in enumerate(self._steps) if not below(start, step.rung)),
            len(self._steps) - 1,
        )
        self._moved = moved
        self._ratios: list[float | None] = [None] * len(self._steps)
        first = next(
            (at for at in self._painting_from(self._at) if self._steps[at].detail <= within), self._at
        )
        self._leave_out(self._at, first)
        self._at = first
        self._patience = [1] * len(self._steps)
        self._took: list[float] = []
        self._late = 0
        self._settle = 0
        self._calm = 0
        self._slow_windows = self._far_windows = 0
        self._windows_here = 0
        self._climbed = False
        self._before: tuple[int, float] | None = None
        self._held = False
        self.downs = 0
        self.ups = 0
        self.watch: Callable[[bool, float], None] = _unwatched
        """Told of every frame before it is judged: whether it was late, and its share of the period."""

    @property
    def step(self) -> Step:
        """Where it stands."""
        return self._steps[self._at]

    @property
    def factor(self) -> float:
        """Multiplies the generator's rate."""
        return self.step.pace

    def counts(self) -> dict[str, int]:
        """Steps so far, by their direction."""
        return {"down": self.downs, "up": self.ups}

    def hold(self, held: bool) -> None:
        """Stay where it stands, whatever frames take, while something else is tried."""
        self._held = held
        self._begin_window()

    def frame(self, late: bool, busy: float) -> None:
        """Count one frame; busy: its duration over the frame period."""
        self.watch(late, busy)
        if self._held:
            return
        if self._settle:
            self._settle -= 1
            return
        self._took.append(busy)
        self._late += late
        if not self._window_is_over():
            return
        took, lates = np.array(self._took), self._late
        self._begin_window()
        slow = lates >= MANY_LATE and float(took.mean()) > GIVE_UP_COST
        self._slow_windows = self._slow_windows + 1 if slow else 0
        least = float(np.quantile(took, FAR_QUANTILE))
        self._far_windows = self._far_windows + 1 if lates >= MANY_LATE and least > FAR else 0
        self._judge(float(np.quantile(took, COST_QUANTILE)), lates, int((took > BUSY_LIMIT).sum()))

    def _window_is_over(self) -> bool:
        if len(self._took) >= WINDOW_FRAMES:
            return True
        if self._late < MANY_LATE:
            return False
        # What starts beside a show takes both cores for a moment: that is no reason to stop painting.
        gives_up = self._at + 1 < len(self._steps) and below(
            self._steps[self._at + 1].rung, Rung.FEWER_PIXELS
        )
        return not gives_up or sum(self._took) >= WINDOW_FRAMES

    def _judge(self, cost: float, lates: int, busy_frames: int) -> None:
        self._windows_here += 1
        self._learn(cost)
        if self._climbed and self._windows_here > HOLD_WINDOWS:
            self._climbed = False
            self._patience[self._at] = max(1, self._patience[self._at] // 4)
        if lates > LATE_FRAMES or busy_frames > BUSY_FRAMES:
            self._calm = 0
            if self._at + 1 < len(self._steps) and self._may_give(self._steps[self._at + 1].rung, lates):
                to = self._far_enough(cost) if self._far_windows >= FAR_WINDOWS else self._at + 1
                self._go(to, cost, f"{lates} late frames, {busy_frames} nearly late")
        elif lates or busy_frames:
            self._calm = 0
        else:
            self._calm += 1
            if self._at and self._may_climb(cost):
                self._go(self._at - 1, cost, "there is room")

    def _learn(self, cost: float) -> None:
        """How much dearer the upper of two steps is: what both cost right before and after the step between them."""
        if self._before is None:
            return
        at, cost_before = self._before
        self._before = None
        upper = min(at, self._at)
        dearer = cost_before / max(cost, 1e-3) if at < self._at else cost / max(cost_before, 1e-3)
        self._ratios[upper] = min(DEAREST, max(1.0, dearer))

    def _may_give(self, rung: Rung, lates: int) -> bool:
        """Whether that many late frames are worth stepping down to `rung`."""
        if not below(rung, Rung.PAINT_SLOWER):
            return True
        if not below(rung, Rung.FEWER_PIXELS):
            return lates >= HARD_LATE
        return self._slow_windows >= GIVE_UP_WINDOWS

    def _far_enough(self, cost: float) -> int:
        """The first step below whose frames would be in time by their pixels alone, else the one of fewest pixels."""
        found, now = self._at + 1, self.step.detail
        for index in self._painting_from(self._at + 1):
            step = self._steps[index]
            if step.detail < now:
                found = index
                if cost * (step.detail / now) ** 2 <= 1.0:
                    break
        return found

    def _may_climb(self, cost: float) -> bool:
        upper = self._at - 1
        ratio = self._ratios[upper]
        # A rung that was never on show here was left out for a reason that the ladder does not know.
        roomy = ratio is not None and cost * ratio < ROOM
        wait = CALM_WINDOWS if roomy else PROBE_WINDOWS
        return cost < ROOM and self._calm >= wait * self._patience[upper]

    def _go(self, to: int, cost: float, why: str) -> None:
        at, before = self._at, self.step
        if to > at:
            self.downs += 1
            if self._climbed:
                self._patience[at] = min(MOST_PATIENCE, self._patience[at] * 4)
            self._climbed = False
        else:
            self.ups += 1
            self._climbed = True
        self._before = (at, cost) if abs(to - at) == 1 else None
        if to > at + 1:
            self._leave_out(at, to)
        self._at = to
        self._calm = self._windows_here = self._slow_windows = 0
        self._settle = SETTLE_FRAMES
        self._moved(Moved(before, self.step, cost, why))

    def _painting_from(self, at: int) -> Iterator[int]:
        """Steps from `at` on that change nothing but how often and how fine the picture is painted and drawn."""
        for index in range(at, len(self._steps)):
            if below(self._steps[index].rung, Rung.FEWER_PIXELS):
                return
            yield index

    def _leave_out(self, at: int, to: int) -> None:
        # What is left out is not measured: it costs what its pixels say until it is.
        for upper in range(at, to):
            if self._ratios[upper] is None:
                self._ratios[upper] = (self._steps[upper].detail / self._steps[upper + 1].detail) ** 2

    def _begin_window(self) -> None:
        self._took.clear()
        self._late = 0
