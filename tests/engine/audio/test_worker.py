"""A thread for what may hang: callers wait only so long, late results are put away, and it goes on afterwards."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from chromesthesia.audio.worker import Worker

WITHIN_S = 30.0


@pytest.fixture
def worker() -> Worker:
    return Worker("worker of a test")


@pytest.fixture
def gate() -> Iterator[threading.Event]:
    """Opens at the end of a test at the latest."""
    gate = threading.Event()
    yield gate
    gate.set()


def test_results_and_errors_come_back(worker: Worker) -> None:
    assert worker.call(lambda: 7, WITHIN_S) == 7
    with pytest.raises(KeyError, match="gone"):
        worker.call(lambda: dict[str, int]()["gone"], WITHIN_S)
    assert worker.call(threading.current_thread, WITHIN_S) is worker.call(threading.current_thread, WITHIN_S)


def give_up_on(worker: Worker, gate: threading.Event, discard: Callable[[bool], None] | None = None) -> None:
    """Leave a call that has begun and hangs at the gate."""
    begun = threading.Event()

    def hang() -> bool:
        begun.set()
        return gate.wait(WITHIN_S)

    def until_begun() -> None:
        assert begun.wait(WITHIN_S)

    with pytest.raises(TimeoutError, match="no answer within"):
        worker.call(hang, 0.001, discard=discard, slow=until_begun, slow_s=0.0)


def test_a_call_that_hangs_is_left_and_its_late_result_put_away(
    worker: Worker, gate: threading.Event
) -> None:
    put_away: list[bool] = []
    give_up_on(worker, gate, put_away.append)
    gate.set()
    assert worker.call(lambda: 7, WITHIN_S) == 7
    assert put_away == [True]


def test_what_was_given_up_before_it_began_never_runs(worker: Worker, gate: threading.Event) -> None:
    ran: list[str] = []
    give_up_on(worker, gate)
    for _ in range(20):
        with pytest.raises(TimeoutError):
            worker.call(lambda: ran.append("given up"), 0.0)
    with pytest.raises(TimeoutError):
        worker.call(lambda: ran.append("kept"), 0.0, keep=True)
    assert len(worker._waiting) == 1, "calls pile up behind one that hangs"
    gate.set()
    worker.call(lambda: None, WITHIN_S)
    assert ran == ["kept"]


def test_one_is_told_when_the_answer_is_slow(worker: Worker, gate: threading.Event) -> None:
    told: list[str] = []

    def slow() -> None:
        told.append("slow")
        gate.set()

    assert worker.call(lambda: gate.wait(WITHIN_S), WITHIN_S, slow=slow, slow_s=0.0)
    worker.call(lambda: None, WITHIN_S, slow=slow, slow_s=WITHIN_S)
    assert told == ["slow"]


def test_a_failure_while_putting_away_does_not_end_the_thread(worker: Worker, gate: threading.Event) -> None:
    def fail(_: object) -> None:
        raise OSError("no such device")

    give_up_on(worker, gate, fail)
    gate.set()
    assert worker.call(lambda: 7, WITHIN_S) == 7
