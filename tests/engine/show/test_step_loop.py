"""Thread loops outlive a raising step and stop when told."""

from __future__ import annotations

import logging
import threading

import pytest

from chromesthesia.core.clock import ManualClock
from chromesthesia.health.heartbeat import Heart, LoopState
from chromesthesia.show.step_loop import StepLoop

WAIT_S = 20.0
CLOCK = ManualClock()


def test_a_raising_step_is_logged_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    calls: list[int] = []
    recovered = threading.Event()

    def step() -> bool:
        calls.append(1)
        if len(calls) < 3:
            raise OSError("the model fell over")
        recovered.set()
        return False

    heart = Heart("generator", CLOCK, 1.0)
    loop = StepLoop(heart, step)
    with caplog.at_level(logging.ERROR):
        loop.start()
        assert recovered.wait(WAIT_S)
        assert loop.stop(WAIT_S)
    assert heart.failures == 2
    assert heart.status(CLOCK.now_s()).beats == 3
    assert heart.status(CLOCK.now_s()).state is LoopState.ENDED
    assert "the model fell over" in caplog.text


def test_stop_ends_a_loop_that_would_go_on() -> None:
    running = threading.Event()

    def step() -> bool:
        running.set()
        return True

    loop = StepLoop(Heart("analysis", CLOCK, 1.0), step)
    loop.start()
    assert running.wait(WAIT_S)
    assert loop.stop(WAIT_S)
    assert not loop.running


def test_a_stuck_step_is_reported() -> None:
    let_go = threading.Event()
    inside = threading.Event()

    def step() -> bool:
        inside.set()
        return let_go.wait(WAIT_S)

    loop = StepLoop(Heart("stuck", CLOCK, 1.0), step)
    loop.start()
    assert inside.wait(WAIT_S)
    assert not loop.stop(timeout_s=0.01)
    let_go.set()
    assert loop.stop(WAIT_S)
