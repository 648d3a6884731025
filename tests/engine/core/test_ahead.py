"""Work begun ahead: its answer or its error, to whoever asks."""

from __future__ import annotations

import threading

import pytest

from chromesthesia.core.ahead import Ahead


def test_it_runs_while_the_caller_goes_on() -> None:
    go, begun = threading.Event(), threading.Event()

    def work() -> int:
        begun.set()
        go.wait(10.0)
        return 7

    ahead = Ahead(work, "work")
    assert begun.wait(10.0)
    go.set()
    assert ahead.result() == ahead.result() == 7


def test_what_it_raises_is_raised_where_the_answer_is_asked_for() -> None:
    def work() -> int:
        raise ValueError("no answer")

    ahead = Ahead(work, "work")
    for _ in range(2):
        with pytest.raises(ValueError, match="no answer"):
            ahead.result()
