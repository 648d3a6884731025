"""Pulses that come early and late, all at once, or not at all; and taps by a hand."""

from __future__ import annotations

import random
from collections.abc import Iterable

import pytest

from chromesthesia.tempo.pulses import PER_BEAT, Pulses, heard_pulse
from chromesthesia.tempo.taps import MOST_TAPS, Taps, tap_confidence, tap_line, tapped


def pulses(count: int, bpm: float, start_s: float = 0.0) -> list[float]:
    return [start_s + index * 60.0 / bpm / PER_BEAT for index in range(count)]


def after(times_s: Iterable[float], state: Pulses | None = None) -> Pulses:
    state = state or Pulses()
    for at_s in times_s:
        state = heard_pulse(state, at_s)
    return state


@pytest.mark.parametrize("bpm", [40.0, 97.3, 120.0, 180.0, 300.0])
def test_an_even_clock_is_known_within_a_beat(bpm: float) -> None:
    state = after(pulses(PER_BEAT + 1, bpm))
    assert state.bpm == pytest.approx(bpm, rel=1e-6)
    assert state.confidence > 0.99
    assert state.line(0).beats_at(60.0 / bpm) == pytest.approx(1.0)


def test_jitter_of_three_milliseconds_moves_the_beat_by_less_than_a_millisecond() -> None:
    source = random.Random(1)
    exact = pulses(10 * PER_BEAT, 126.0)
    late = sorted(at_s + abs(source.gauss(0.0, 0.003)) for at_s in exact)
    state = Pulses()
    worst_ms = 0.0
    lag_s = 0.0024  # the mean of what is late cannot be known
    for number, at_s in enumerate(late):
        state = heard_pulse(state, at_s)
        if number > 4 * PER_BEAT:
            assert state.bpm == pytest.approx(126.0, abs=0.5)
            worst_ms = max(worst_ms, abs(state.at_s - exact[number] - lag_s) * 1000.0)
    assert worst_ms < 1.2
    assert state.confidence > 0.7


def test_pulses_that_are_held_up_and_come_all_at_once_are_all_counted() -> None:
    times_s = pulses(5 * PER_BEAT, 120.0)
    stalled_s = times_s[60] + 0.13
    held_up = [max(at_s, stalled_s + 1e-4 * number) if 60 <= number <= 66 else at_s
               for number, at_s in enumerate(times_s)]  # fmt: skip
    state = after(held_up)
    assert state.index == len(times_s) - 1
    assert state.line(0).beats_at(times_s[-1]) == pytest.approx((len(times_s) - 1) / PER_BEAT, abs=0.02)


def test_pulses_that_never_come_are_counted_too() -> None:
    times_s = pulses(5 * PER_BEAT, 120.0)
    state = after(times_s[:50] + times_s[57:])
    assert state.index == len(times_s) - 1
    assert state.bpm == pytest.approx(120.0, rel=0.01)


@pytest.mark.parametrize("bpm", [50.0, 63.0, 75.0, 90.0, 113.0, 128.0, 174.0, 300.0])
def test_another_tempo_is_followed_within_two_beats(bpm: float) -> None:
    before = pulses(6 * PER_BEAT, 120.0)
    new = pulses(2 * PER_BEAT, bpm, before[-1] + 60.0 / bpm / PER_BEAT)
    state = after(new, after(before))
    assert state.bpm == pytest.approx(bpm, rel=0.01)
    assert state.at_s == pytest.approx(new[-1], abs=0.004)
    assert state.index == len(before) + len(new) - 1


def test_after_a_long_silence_the_tempo_is_learned_anew() -> None:
    state = after(pulses(PER_BEAT, 120.0))
    state = heard_pulse(state, state.heard_s + 30.0)
    assert state.bpm == 0.0
    again = after(pulses(PER_BEAT + 1, 90.0, state.heard_s)[1:], state)
    assert again.bpm == pytest.approx(90.0)


def tap_all(times_s: Iterable[float]) -> Taps:
    taps: Taps = ()
    for at_s in times_s:
        taps = tapped(taps, at_s)
    return taps


def test_two_taps_are_a_tempo_and_more_make_it_exact() -> None:
    assert tap_line(tap_all([1.0])) is None
    two = tap_line(tap_all([1.0, 1.5]))
    assert two is not None
    assert (two.bpm, two.beats_at(2.0)) == pytest.approx((120.0, 2.0))
    source = random.Random(3)
    taps = tap_all(index * 0.5 + source.uniform(-0.02, 0.02) for index in range(40))
    line = tap_line(taps)
    assert line is not None
    assert len(taps) == MOST_TAPS
    assert line.bpm == pytest.approx(120.0, abs=0.8)
    assert line.beats_at(39 * 0.5) == pytest.approx(39.0, abs=0.03)
    assert tap_confidence(taps) == 1.0


def test_a_tap_left_out_a_bounce_a_pause_and_another_tempo() -> None:
    missed = tap_line(tap_all([0.0, 0.5, 1.0, 2.0, 2.5]))
    assert missed is not None
    assert (missed.bpm, missed.beats) == pytest.approx((120.0, 5.0))
    bounced = tap_line(tap_all([0.0, 0.5, 0.51, 1.0]))
    assert bounced is not None
    assert (bounced.bpm, bounced.beats) == pytest.approx((120.0, 2.0))
    assert len(tap_all([0.0, 0.5, 1.0, 20.0])) == 1
    other = tap_line(tap_all([0.0, 0.5, 1.0, 1.7, 2.4]))
    assert other is not None
    assert other.bpm == pytest.approx(60.0 / 0.7)
