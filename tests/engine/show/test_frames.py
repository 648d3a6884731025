"""The frame schedule and what keeps it: lateness is counted, never hidden."""

from __future__ import annotations

import pytest

from chromesthesia.show.frames import FrameSchedule


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
