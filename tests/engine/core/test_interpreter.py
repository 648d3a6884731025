"""Python's garbage collector while a show lasts."""

from __future__ import annotations

import gc
import sys
import weakref

from chromesthesia.__main__ import IMPORTING
from chromesthesia.core.interpreter import set_for_a_show

MADE = 5_000
"""More than are collected together in a show, fewer than while a command starts."""


class Closed:
    """Refers to itself, as a connection that asyncio closed."""

    def __init__(self) -> None:
        self.myself = self


def left_of(count: int) -> int:
    """How many of so many that nobody holds any more are there still."""
    made = [weakref.ref(Closed()) for _ in range(count)]
    return sum(each() is not None for each in made)


def test_what_refers_to_itself_does_not_pile_up_in_a_show() -> None:
    before = gc.get_threshold()
    gc.set_threshold(*IMPORTING)
    try:
        gc.collect()
        assert left_of(MADE) == MADE
        with set_for_a_show():
            assert left_of(MADE) < MADE // 2
    finally:
        gc.set_threshold(*before)
        gc.collect()


def test_all_is_as_it_was_when_the_show_is_over() -> None:
    thresholds, interval_s = gc.get_threshold(), sys.getswitchinterval()
    with set_for_a_show():
        assert gc.get_freeze_count() > 0
        assert sys.getswitchinterval() < interval_s
    assert (gc.get_threshold(), sys.getswitchinterval(), gc.get_freeze_count()) == (thresholds, interval_s, 0)
