"""The first frames after a swap decide whether it stays."""

from __future__ import annotations

from chromesthesia.core.rungs import Rung
from chromesthesia.show.ladder import Ladder
from chromesthesia.show.trial import SETTLE_FRAMES, TRIAL_FRAMES, Swap, SwapTrial


class Tried:
    """A swap, and what became of it."""

    def __init__(self) -> None:
        self.ladder = Ladder()
        self.trial = SwapTrial(self.ladder)
        self.ladder.watch = self.trial.frame
        self.failures = 0
        self.why: list[str] = []
        self.kept = 0

    def begin(self) -> None:
        self.trial.begin(Swap("pack other", self.why.append, self._keep, lambda: self.failures))

    def _keep(self) -> None:
        self.kept += 1

    def frames(self, count: int, late_every: int = 0) -> None:
        for index in range(count):
            late = late_every > 0 and index % late_every == 0
            self.ladder.frame(late, 1.2 if late else 0.5)


def test_one_that_is_fast_enough_is_kept() -> None:
    tried = Tried()
    tried.begin()
    tried.frames(TRIAL_FRAMES + SETTLE_FRAMES)
    assert (tried.kept, tried.why) == (1, [])
    assert tried.trial.counts() == {"kept": 1, "taken_back": 0}


def test_late_frames_while_a_driver_compiles_are_forgiven() -> None:
    tried = Tried()
    tried.begin()
    tried.frames(SETTLE_FRAMES, late_every=1)
    tried.frames(TRIAL_FRAMES)
    assert tried.kept == 1


def test_one_that_misses_the_frame_budget_is_taken_back_soon() -> None:
    tried = Tried()
    tried.frames(100)
    tried.begin()
    tried.frames(30, late_every=1)
    assert tried.kept == 0
    assert tried.why == ["15 of its first 21 frames were late"]
    assert tried.trial.counts() == {"kept": 0, "taken_back": 1}


def test_one_that_is_a_little_too_slow_is_taken_back_at_the_end() -> None:
    tried = Tried()
    tried.begin()
    tried.frames(TRIAL_FRAMES + SETTLE_FRAMES, late_every=5)
    assert len(tried.why) == 1


def test_it_is_not_blamed_for_what_was_late_before() -> None:
    tried = Tried()
    tried.ladder.hold(True)
    tried.frames(TRIAL_FRAMES, late_every=3)
    tried.begin()
    tried.frames(TRIAL_FRAMES + SETTLE_FRAMES, late_every=3)
    assert (tried.kept, tried.why) == (1, [])


def test_one_that_fails_is_taken_back_at_once() -> None:
    tried = Tried()
    tried.failures = 40
    tried.begin()
    tried.frames(1)
    tried.failures = 43
    tried.frames(1)
    assert tried.why == ["it failed 3 times"]


def test_the_ladder_stays_where_it_is_meanwhile_and_goes_on_after() -> None:
    tried = Tried()
    tried.begin()
    tried.frames(20, late_every=1)
    assert tried.ladder.step.rung is Rung.FULL
    tried.frames(60, late_every=1)
    assert tried.why
    assert tried.ladder.step.rung is not Rung.FULL


def test_a_second_swap_takes_the_place_of_the_one_that_is_tried() -> None:
    tried = Tried()
    tried.begin()
    tried.frames(10)
    tried.begin()
    tried.frames(1)
    assert tried.kept == 1
    tried.frames(30, late_every=1)
    assert len(tried.why) == 1
