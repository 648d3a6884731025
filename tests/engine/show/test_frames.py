"""The frame schedule and what keeps it: lateness is counted, never hidden."""

from __future__ import annotations

import pytest

from chromesthesia.show.frames import FrameSchedule
from chromesthesia.show.governor import CALM_WINDOWS, LOWEST, WINDOW_FRAMES, PaintGovernor


def test_frames_on_time_are_not_late_and_keep_the_rate() -> None:
    schedule = FrameSchedule(fps=50.0)
    for _ in range(100):
        assert not schedule.finished(schedule.due_s + 0.015)
    assert (schedule.frames, schedule.late_frames) == (100, 0)
    assert schedule.due_s == pytest.approx(2.0)
    assert schedule.recent_fps == pytest.approx(50.0)


def test_a_frame_that_takes_three_periods_counts_itself_and_those_it_pushed_out() -> None:
    schedule = FrameSchedule(fps=10.0)
    schedule.finished(0.05)
    assert schedule.due_s == pytest.approx(0.1)
    assert schedule.finished(0.1 + 0.35)
    assert schedule.due_s == pytest.approx(0.4)
    assert schedule.late_frames == 3
    assert not schedule.finished(0.45)
    assert schedule.due_s == pytest.approx(0.5)


def test_the_governor_halves_when_frames_are_late_and_comes_back() -> None:
    governor = PaintGovernor()
    for index in range(WINDOW_FRAMES):
        governor.frame(late=index in (7, 20), busy=0.4)
    assert governor.factor == 0.5
    for _ in range(WINDOW_FRAMES * CALM_WINDOWS * 4):
        governor.frame(late=False, busy=0.4)
    assert governor.factor == 1.0


def test_one_late_frame_is_an_accident() -> None:
    governor = PaintGovernor()
    for index in range(WINDOW_FRAMES * 3):
        governor.frame(late=index % WINDOW_FRAMES == 7, busy=0.4)
    assert governor.factor == 1.0


def test_the_governor_acts_before_frames_are_late_and_waits_while_some_are_nearly() -> None:
    governor = PaintGovernor()
    for _ in range(WINDOW_FRAMES):
        governor.frame(late=False, busy=0.9)
    assert governor.factor == 0.5
    for index in range(WINDOW_FRAMES * 20):
        governor.frame(late=False, busy=0.9 if index % WINDOW_FRAMES == 0 else 0.5)
    assert governor.factor == 0.5


def test_the_governor_keeps_below_its_ceiling() -> None:
    governor = PaintGovernor(ceiling=0.5)
    for _ in range(WINDOW_FRAMES * 20):
        governor.frame(late=False, busy=0.1)
    assert governor.factor == 0.5


def test_the_governor_never_stops_the_generator() -> None:
    governor = PaintGovernor()
    for _ in range(WINDOW_FRAMES * 20):
        governor.frame(late=True, busy=1.5)
    assert governor.factor == LOWEST


def test_the_rate_told_falls_while_nothing_is_drawn_and_is_right_again_after() -> None:
    schedule = FrameSchedule(fps=30.0)
    for _ in range(90):
        schedule.finished(schedule.due_s + 0.01)
    assert schedule.fps_at(schedule.due_s) == pytest.approx(30.0)
    assert schedule.fps_at(schedule.due_s + 10.0) < 0.11
    while schedule.due_s < 60.0:
        schedule.finished(schedule.due_s + 0.01, drawn=False)
    assert schedule.frames == 90
    assert schedule.lost_frames == schedule.late_frames == 1710
    assert schedule.fps_at(60.0) < 0.02
    for _ in range(3):
        schedule.finished(schedule.due_s + 0.01)
    assert schedule.fps_at(schedule.due_s) == pytest.approx(30.0)


def test_a_slow_show_tells_its_rate() -> None:
    schedule = FrameSchedule(fps=0.25)
    for _ in range(4):
        schedule.finished(schedule.due_s + 0.1)
    assert schedule.fps_at(schedule.due_s) == pytest.approx(0.25)
