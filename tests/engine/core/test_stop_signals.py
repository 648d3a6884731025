"""A signal ends a show in order, however often it comes."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator

import pytest

from chromesthesia.core.stop_signals import SIGNALS, stop_on_signals

WAIT_S = 60.0


@pytest.fixture(params=SIGNALS, ids=lambda number: number.name)
def number(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    """Each signal, with a handler that a test survives underneath."""
    before = signal.signal(request.param, lambda *_: None)
    yield request.param
    signal.signal(request.param, before)


def test_every_polite_signal_is_taken() -> None:
    names = {number.name for number in SIGNALS}
    assert {"SIGINT", "SIGTERM"} < names
    assert names & {"SIGHUP", "SIGBREAK"}


def test_a_signal_and_a_second_one_set_stop_and_end_nothing_else(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    stop = threading.Event()
    with stop_on_signals(stop):
        for _ in range(2):
            stop.clear()
            os.kill(os.getpid(), number)
            assert stop.wait(WAIT_S)
    assert signal.getsignal(number) is before
    assert signal.set_wakeup_fd(-1) == -1
    assert "signals" not in {thread.name for thread in threading.enumerate()}


def test_a_signal_in_the_middle_of_the_wait_that_it_ends_does_not_lock_up() -> None:
    stop = threading.Event()
    with stop_on_signals(stop), stop._cond:  # type: ignore[attr-defined]
        os.kill(os.getpid(), signal.SIGTERM)
    with stop_on_signals(stop):
        assert stop.is_set() or stop.wait(WAIT_S)


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="Windows has no hang-up")
def test_a_hang_up_that_was_ignored_stays_ignored() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        stop = threading.Event()
        with stop_on_signals(stop):
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
            os.kill(os.getpid(), signal.SIGHUP)
            os.kill(os.getpid(), signal.SIGTERM)
            assert stop.wait(WAIT_S)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_off_the_main_thread_nothing_changes() -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen: list[object] = []

    def work() -> None:
        with stop_on_signals(threading.Event()):
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]
