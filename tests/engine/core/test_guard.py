"""The guard of a loop: goes on, counts, and a fault that lasts a week does not fill the disk."""

from __future__ import annotations

import logging

import pytest

from chromesthesia.core.clock import ManualClock
from chromesthesia.core.guard import LOG_PERIOD_S, Guard
from chromesthesia.core.logs import LONGEST_S


def fail(guard: Guard, name: str, error: BaseException) -> None:
    with guard.part(name):
        raise error


def test_what_raises_is_counted_by_part_and_gone_on_from() -> None:
    guard = Guard(ManualClock())
    for error in (ValueError("a"), MemoryError(), RecursionError()):
        fail(guard, "outputs", error)
    fail(guard, "drawing", OSError("b"))
    assert guard.failures == {"outputs": 3, "drawing": 1}


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
def test_who_asks_for_the_end_gets_it(error: type[BaseException]) -> None:
    guard = Guard(ManualClock())
    with pytest.raises(error):
        fail(guard, "drawing", error())
    assert not guard.failures


def test_a_fault_in_every_frame_says_a_line_now_and_then(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    guard = Guard(clock)
    with caplog.at_level(logging.WARNING):
        for _ in range(int(10 * LOG_PERIOD_S) * 30):
            fail(guard, "drawing", ValueError("two\nlines"))
            clock.advance(1 / 30)
    assert len(caplog.records) == 4
    assert "two lines" in caplog.messages[0]
    assert sum(record.exc_info is not None for record in caplog.records) == 1


def test_another_reason_is_told_with_its_traceback(caplog: pytest.LogCaptureFixture) -> None:
    clock = ManualClock()
    guard = Guard(clock)
    with caplog.at_level(logging.WARNING):
        for text in ("one", "one", "other"):
            fail(guard, "drawing", ValueError(text))
            clock.advance(LONGEST_S)
    assert [record.exc_info is not None for record in caplog.records] == [True, False, True]
