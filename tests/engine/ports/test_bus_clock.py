"""The clock of another machine, found through a network that holds messages up."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from chromesthesia.ports.bus.clock import AlignedClock

AHEAD_S = 1234.5


def probes(
    clock: AlignedClock,
    seconds: float,
    out_s: float = 0.002,
    back_s: float = 0.002,
    jitter_s: float = 0.0,
    drift: float = 0.0,
    begin_s: float = 0.0,
    every_s: float = 0.5,
) -> float:
    """Probe for so long; the other clock is AHEAD_S ahead and runs faster by `drift`. Returns the time of the last."""
    chance = random.Random(5)
    now_s = begin_s
    while now_s < begin_s + seconds:
        there_s = now_s + out_s + jitter_s * chance.random() ** 2
        show_s = AHEAD_S + (1.0 + drift) * there_s
        clock.answered(now_s, show_s, there_s + back_s + jitter_s * chance.random() ** 2)
        now_s += every_s
    return now_s


def test_even_round_trips_give_the_other_clock() -> None:
    clock = AlignedClock()
    now_s = probes(clock, 2.0)
    assert clock.show_s(now_s) == pytest.approx(AHEAD_S + now_s, abs=1e-9)
    assert clock.bound_s == pytest.approx(0.002)


def test_what_the_network_holds_up_is_left_out() -> None:
    clock = AlignedClock()
    now_s = probes(clock, 20.0, jitter_s=0.080)
    assert abs(clock.show_s(now_s) - AHEAD_S - now_s) < 0.003


def test_a_drift_is_followed_where_no_answer_comes() -> None:
    clock = AlignedClock()
    now_s = probes(clock, 60.0, jitter_s=0.001, drift=80e-6)
    later_s = now_s + 30.0
    true_s = AHEAD_S + (1.0 + 80e-6) * later_s
    clock.show_s(now_s)
    assert abs(clock.show_s(later_s) - true_s) < 0.001


def test_it_never_goes_back_and_is_put_right_slowly() -> None:
    clock = AlignedClock()
    now_s = probes(clock, 1.0)
    seen_s = [clock.show_s(now_s)]
    # The other clock was 100 ms less than believed; only new answers count from here on.
    for number in range(400):
        at_s = now_s + 0.01 * number
        clock.answered(at_s, AHEAD_S - 0.1 + at_s + 0.0005, at_s + 0.001)
        seen_s.append(clock.show_s(at_s + 0.001))
    steps = [after - before for before, after in pairwise(seen_s)]
    assert min(steps) > 0.0
    assert max(steps) <= 0.0111
    assert seen_s[-1] - (AHEAD_S - 0.1 + now_s + 4.0) == pytest.approx(0.0, abs=0.02)


def test_far_behind_it_jumps_forwards_and_far_ahead_it_stands() -> None:
    clock = AlignedClock()
    clock.answered(0.0, 10.0, 0.002)
    first_s = clock.show_s(0.01)
    for number in range(250):  # the answers before are forgotten
        clock.answered(0.02 + number * 1e-4, 20.0, 0.021 + number * 1e-4)
    assert clock.show_s(0.05) > first_s + 9.0
    ahead = AlignedClock()
    ahead.answered(0.0, 20.0, 0.002)
    before_s = ahead.show_s(0.01)
    for number in range(250):
        ahead.answered(0.02 + number * 1e-4, 10.0, 0.021 + number * 1e-4)
    assert ahead.show_s(0.05) == before_s


@pytest.mark.parametrize(
    ("sent_s", "show_s", "received_s"), [(1.0, 5.0, 0.9), (0.0, float("nan"), 0.1), (0.0, 5.0, 60.0)]
)
def test_nonsense_is_left_out(sent_s: float, show_s: float, received_s: float) -> None:
    clock = AlignedClock()
    clock.answered(sent_s, show_s, received_s)
    assert not clock.aligned
