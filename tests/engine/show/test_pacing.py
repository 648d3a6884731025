"""Frames are begun as late as their measured cost allows, right behind a hop, and no later where the machine stalls."""

from __future__ import annotations

import threading
from collections.abc import Callable

import numpy as np
import pytest

from chromesthesia.core.clock import ManualClock
from chromesthesia.show.frames import FrameSchedule
from chromesthesia.show.pacing import CALM_FRAMES, HOP_S, STEP_S, Arrivals, DisplayRhythm, FramePacer

FPS = 60.0
PERIOD_S = 1.0 / FPS


class HopClock(ManualClock):
    """A manual clock under which a hop arrives every 10 ms, `jitter_s` late, and a wait for one ends with it."""

    def __init__(self, first_s: float, every_s: float = HOP_S, jitter_s: float = 0.0) -> None:
        super().__init__()
        self.arrivals = Arrivals()
        self._first_s, self._every_s = first_s, every_s
        self._jitter = np.random.default_rng(1)
        self._jitter_s = jitter_s
        self._number = 0
        self._due_s = first_s
        self.unseen_s: list[float] = []

    def wait_until(self, deadline_s: float, stop: threading.Event) -> bool:
        while self._due_s <= deadline_s:
            self.set(max(self.now_s(), self._due_s))
            self.arrivals.arrived(self._due_s)
            self.unseen_s.append(self._due_s)
            self._number += 1
            late_s = float(self._jitter.uniform(0.0, self._jitter_s))
            self._due_s = self._first_s + self._number * self._every_s + late_s
            if stop is self.arrivals.fresh:
                return True
        return super().wait_until(deadline_s, stop)

    def spend(self, cost_s: float) -> None:
        """Work for so long; hops arrive meanwhile."""
        self.wait_until(self.now_s() + cost_s, threading.Event())


class Played:
    """Frames of a show whose drawing costs what `cost` says for each, and `last` of it for the last passes, which hear
    again."""

    def __init__(
        self,
        clock: HopClock,
        cost: Callable[[int], float],
        frames: int,
        waits: bool = True,
        last: float | None = None,
    ) -> None:
        schedule, pacer, stop = FrameSchedule(FPS), FramePacer(PERIOD_S), threading.Event()
        self.begun_s: list[float] = []
        self.delays_s: list[float] = []
        for number in range(frames):
            due_s = schedule.due_s + PERIOD_S
            if waits:
                pacer.wait(due_s, clock.arrivals, clock, stop)
            else:
                clock.wait_until(schedule.due_s, stop)
            begin_s, again = clock.now_s(), None
            left_s = cost(number)
            if last is not None:
                clock.spend(left_s * (1.0 - last))
                left_s *= last
                wait_s = clock.now_s()
                pacer.wait_again(due_s, clock.arrivals, clock, stop)
                again = wait_s, clock.now_s()
            shown_s = list(clock.unseen_s)
            clock.unseen_s.clear()
            clock.spend(left_s)
            end_s = clock.now_s()
            pacer.finished(begin_s, end_s, due_s, again)
            schedule.finished(end_s)
            self.begun_s.append(begin_s)
            self.delays_s += [end_s - arrived_s for arrived_s in shown_s]
        self.late = schedule.late_frames
        self.reserve_s, self.late_reserve_s = pacer.reserve_s, pacer.late_reserve_s

    def percentile_ms(self, share: float) -> float:
        """Of the time from the arrival of a hop to the end of the first frame that shows it."""
        return 1000.0 * float(np.percentile(self.delays_s[60:], share))


@pytest.mark.parametrize("first_s", [0.0011, 0.0023, 0.0037])
def test_half_the_hops_wait_for_nothing_but_the_drawing(first_s: float) -> None:
    cost_s = 0.007
    paced = Played(HopClock(first_s), lambda _: cost_s, 600)
    plain = Played(HopClock(first_s), lambda _: cost_s, 600, waits=False)
    assert paced.percentile_ms(50) < 7.2
    assert paced.percentile_ms(95) < 17.2
    assert plain.percentile_ms(50) > 12.0
    assert plain.percentile_ms(95) > 20.0
    assert paced.late == plain.late == 0
    assert len(paced.begun_s) == 600


@pytest.mark.parametrize(("every_s", "sooner_ms"), [(HOP_S, 0.5), (STEP_S, 3.0)])
@pytest.mark.parametrize("first_s", [0.0011, 0.0023, 0.0037])
def test_what_comes_while_a_frame_is_drawn_waits_for_its_last_passes_only(
    first_s: float, every_s: float, sooner_ms: float
) -> None:
    costs_s = np.random.default_rng(6).gamma(8.0, 0.0004, 1000) + 0.0055

    def played(last: float | None) -> Played:
        clock = HopClock(first_s, every_s, 0.002)
        return Played(clock, lambda number: float(costs_s[number]), 1000, last=last)

    once, twice = played(None), played(0.5)
    assert twice.late_reserve_s < twice.reserve_s - 0.003
    assert twice.percentile_ms(50) < once.percentile_ms(50) - sooner_ms
    assert twice.percentile_ms(95) < once.percentile_ms(95) - sooner_ms
    assert twice.late <= once.late + 3


def test_hearing_again_makes_no_more_frames_late_on_a_machine_that_stalls() -> None:
    rng = np.random.default_rng(5)
    costs_s = np.where(
        rng.random(2000) < 0.03, rng.uniform(0.008, 0.04, 2000), rng.uniform(0.006, 0.009, 2000)
    )
    twice = Played(HopClock(0.0011, STEP_S, 0.002), lambda number: float(costs_s[number]), 2000, last=0.5)
    plain = Played(HopClock(0.0011, STEP_S), lambda number: float(costs_s[number]), 2000, waits=False)
    assert twice.late <= plain.late + 2000 * 0.005


@pytest.mark.parametrize("every_s", [STEP_S, HOP_S])
def test_how_often_sound_comes_is_learnt_of_its_coming(every_s: float) -> None:
    arrivals, now_s = Arrivals(), 5.0
    jitter = np.random.default_rng(3)
    for _ in range(100):
        now_s += every_s
        arrivals.arrived(now_s + float(jitter.uniform(0.0, 0.002)))
    assert arrivals.every_s == pytest.approx(every_s, abs=0.001)
    arrivals.arrived(now_s + 3.0)  # it stayed away
    assert arrivals.every_s == pytest.approx(every_s, abs=0.001)


def test_no_frame_is_left_out_and_none_begins_before_the_hop_that_the_last_could_show() -> None:
    paced = Played(HopClock(0.0013), lambda _: 0.007, 600)
    number = np.arange(600)
    begun_s = np.array(paced.begun_s)
    assert np.all(begun_s + 0.007 <= (number + 1) * PERIOD_S)
    assert np.all(begun_s[60:] >= number[60:] * PERIOD_S - HOP_S)


@pytest.mark.parametrize("stalls", [0.01, 0.05])
def test_on_a_machine_that_stalls_hardly_more_frames_are_late_than_without_waiting(stalls: float) -> None:
    rng = np.random.default_rng(5)
    costs_s = np.where(
        rng.random(2000) < stalls, rng.uniform(0.008, 0.04, 2000), rng.uniform(0.006, 0.008, 2000)
    )
    paced = Played(HopClock(0.0011, jitter_s=0.002), lambda number: float(costs_s[number]), 2000)
    plain = Played(HopClock(0.0011), lambda number: float(costs_s[number]), 2000, waits=False)
    assert paced.late <= plain.late + 2000 * 0.005
    assert paced.percentile_ms(50) < plain.percentile_ms(50)


def test_frames_that_take_the_whole_period_are_begun_when_they_are_due_at_the_latest() -> None:
    paced = Played(HopClock(0.0011), lambda _: 0.0165, 300)
    plain = Played(HopClock(0.0011), lambda _: 0.0165, 300, waits=False)
    assert paced.late <= plain.late == 0


def test_it_adapts_to_frames_that_become_dearer_and_cheaper() -> None:
    paced = Played(HopClock(0.0011), lambda number: 0.004 if number < 300 else 0.011, 600)
    assert paced.late <= 8
    assert paced.reserve_s > 0.011
    assert Played(HopClock(0.0011), lambda number: 0.011 if number < 300 else 0.004, 600).reserve_s < 0.006


class Pictures:
    """A picture every `every_s`, each of which takes `cost_s` to be worked over; taken at once, or when there is
    time."""

    def __init__(self, every_s: float, cost_s: float, at_once: bool) -> None:
        self.clock = HopClock(0.0011)
        schedule, pacer, stop = FrameSchedule(FPS), FramePacer(PERIOD_S), threading.Event()
        costs_s = np.random.default_rng(7).gamma(8.0, 0.0004, 1200) + 0.005
        self.ages_s: list[float] = []
        next_s, waits_s = 0.5, None
        for number in range(1200):
            due_s = schedule.due_s + PERIOD_S
            now_s = self.clock.now_s()
            if now_s >= next_s:
                waits_s, next_s = next_s if waits_s is None else waits_s, next_s + every_s
            if waits_s is not None and (at_once or pacer.takes_picture(due_s, now_s)):
                self.clock.spend(cost_s)
                pacer.prepared(cost_s)
                self.ages_s.append(now_s - waits_s)
                waits_s = None
            pacer.wait(due_s, self.clock.arrivals, self.clock, stop)
            begin_s = self.clock.now_s()
            self.clock.spend(float(costs_s[number]))
            pacer.finished(begin_s, self.clock.now_s(), due_s)
            schedule.finished(self.clock.now_s())
            self.clock.wait_until(pacer.window_s(due_s + PERIOD_S), stop)
        self.late = schedule.late_frames


@pytest.mark.parametrize("cost_s", [0.014, 0.016])
def test_a_picture_waits_for_a_frame_that_has_time_for_it(cost_s: float) -> None:
    at_once, in_time = (Pictures(0.0413, cost_s, at_once) for at_once in (True, False))
    assert at_once.late > 50
    assert in_time.late <= at_once.late / 10
    assert len(in_time.ages_s) == len(at_once.ages_s)
    assert max(in_time.ages_s) < 3 * PERIOD_S


def test_a_picture_is_put_off_once() -> None:
    pacer = calm()
    late_s = PERIOD_S - pacer.reserve_s
    assert pacer.takes_picture(PERIOD_S, late_s - 0.020)
    for _ in range(3):
        assert not pacer.takes_picture(PERIOD_S, late_s)
        assert pacer.takes_picture(PERIOD_S, late_s)


def test_the_frame_before_a_picture_that_was_put_off_waits_for_nothing() -> None:
    pacer, clock = calm(), HopClock(0.0011)
    assert not pacer.takes_picture(0.1, 0.1)
    pacer.wait(0.1, clock.arrivals, clock, threading.Event())
    pacer.wait_again(0.1, clock.arrivals, clock, threading.Event())
    assert clock.now_s() == 0.0
    assert pacer.takes_picture(0.1, 0.1)
    pacer.wait(0.1, clock.arrivals, clock, threading.Event())
    assert clock.now_s() > 0.05


def calm() -> FramePacer:
    """One that has drawn frames of 5 ms, so many that its margin is the least."""
    pacer = FramePacer(PERIOD_S)
    for _ in range(2 * CALM_FRAMES):
        pacer.finished(0.010, 0.015, PERIOD_S)
    return pacer


def waited(pacer: FramePacer) -> None:
    """A frame that is begun late for the sound's sake."""
    pacer.wait(PERIOD_S, Arrivals(), ManualClock(), threading.Event())


def test_the_margin_that_a_late_frame_asks_for_is_given_back() -> None:
    pacer = calm()
    calm_s = pacer.reserve_s
    waited(pacer)
    pacer.finished(0.010, 0.018, PERIOD_S)
    assert pacer.reserve_s == pytest.approx(calm_s + 0.001)
    for _ in range(CALM_FRAMES):
        pacer.finished(0.010, 0.015, PERIOD_S)
    assert pacer.reserve_s == pytest.approx(calm_s)


def test_a_stall_that_no_earlier_beginning_would_have_helped_against_changes_no_margin() -> None:
    pacer = calm()
    calm_s = pacer.reserve_s
    waited(pacer)
    pacer.finished(0.010, 0.050, PERIOD_S)
    assert pacer.reserve_s == pytest.approx(calm_s)


def test_frames_that_are_late_without_having_waited_ask_for_no_margin() -> None:
    pacer = calm()
    calm_s = pacer.reserve_s
    for _ in range(20):
        pacer.finished(0.010, 0.018, PERIOD_S)
    assert pacer.reserve_s < calm_s + 0.004


def test_without_sound_nothing_is_waited_for() -> None:
    clock, pacer = ManualClock(), FramePacer(PERIOD_S)
    for _ in range(200):
        pacer.finished(0.0, 0.004, PERIOD_S)
    pacer.wait(1.0, Arrivals(), clock, threading.Event())
    assert clock.now_s() == pytest.approx(1.0 - pacer.reserve_s - HOP_S)


def test_a_stop_ends_the_waiting() -> None:
    stop = threading.Event()
    stop.set()
    clock = HopClock(0.001)
    FramePacer(PERIOD_S).wait(0.5, clock.arrivals, clock, stop)
    assert clock.now_s() <= 0.5


def test_a_display_with_the_rhythm_of_the_show_pulls_it_into_step() -> None:
    rhythm, shift_s, shown_s = DisplayRhythm(PERIOD_S), 0.0, 0.004
    for number in range(300):
        due_s = number * PERIOD_S + shift_s
        shift_s += rhythm.shown(shown_s, due_s)
        shown_s += PERIOD_S * 1.001  # 59.94 Hz
    assert rhythm.steady
    assert abs(shown_s - (300 * PERIOD_S + shift_s)) < 0.001


@pytest.mark.parametrize("intervals_s", [(1 / 72, 1 / 48), (0.010, 0.020, 0.020), (1 / 30,)])
def test_another_rhythm_pulls_nothing(intervals_s: tuple[float, ...]) -> None:
    rhythm, shown_s = DisplayRhythm(PERIOD_S), 0.0
    for number in range(300):
        assert rhythm.shown(shown_s, number * PERIOD_S) == 0.0
        shown_s += intervals_s[number % len(intervals_s)]
    assert not rhythm.steady
