"""What every fuzz test shares: how many inputs it tries, how long one may take, and whether memory grows.

A fuzz test lies in a file named `test_*fuzz*.py` and is called `test_*fuzz*`: `tools/fuzz.py` finds it by that. In the
usual suite it tries the same few inputs each time. CHROMESTHESIA_FUZZ_EXAMPLES names another count, which a test of
costly inputs scales down, and then every run tries other inputs, but under CI: a change is not to fail by chance.
"""

from __future__ import annotations

import gc
import os
import time
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from hypothesis import HealthCheck, settings

VARIABLE = "CHROMESTHESIA_FUZZ_EXAMPLES"
USUAL_EXAMPLES = 200
HANG_S = 1.0
"""Processor time that one input may take; the wall clock would blame the neighbours of a shared machine."""

T = TypeVar("T")


def examples_asked(usual: int = USUAL_EXAMPLES) -> int:
    """How many inputs to try where 200 are usual: what CHROMESTHESIA_FUZZ_EXAMPLES says; in proportion for others."""
    asked = int(os.environ.get(VARIABLE, "") or USUAL_EXAMPLES)
    return max(1, asked * usual // USUAL_EXAMPLES)


def settings_for(examples: int = USUAL_EXAMPLES) -> settings:
    """Decorator for a hypothesis test: `examples` inputs, always the same ones, unless the environment asks for others.

    Give less than 200 where one input takes more than some milliseconds.
    No deadline of hypothesis' own: wrap the call in `in_time()`.
    """
    return settings(
        max_examples=examples_asked(examples),
        derandomize=VARIABLE not in os.environ or bool(os.environ.get("CI")),
        database=None,
        deadline=None,
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.data_too_large,
            HealthCheck.function_scoped_fixture,
        ],
    )


@contextmanager
def in_time(limit_s: float = HANG_S) -> Iterator[None]:
    """Fail when the block takes more than `limit_s` of this thread's processor time."""
    gc.disable()  # what hypothesis remembers of all inputs takes a second to walk through
    begin_s = time.thread_time()
    try:
        yield
        took_s = time.thread_time() - begin_s
    finally:
        gc.enable()
    assert took_s < limit_s, (
        f"one input took {took_s:.2f} s of processor time, at most {limit_s:g} s are allowed"
    )


def check_told(error: Exception, limit: int = 3000) -> None:
    """Fail unless an error is told in one line without control characters, of at most `limit` letters."""
    assert str(error).isprintable(), f"not one line: {error!r:.500}"
    assert len(str(error)) <= limit, f"{len(str(error))} letters: {error!r:.500}"


@contextmanager
def memory_traced() -> Iterator[Callable[[], int]]:
    """Bytes of Python memory held now, asked for by calling what this gives, of all that was made within the block.

    Begin it before what fills the caches: what replaces something made outside of it counts as growth.
    """

    def held_bytes() -> int:
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        yield held_bytes
    finally:
        tracemalloc.stop()


def growth_bytes(call: Callable[[T], object], inputs: Iterable[T], rounds: int = 5) -> int:
    """Bytes of Python memory that stay from `rounds` more rounds of `call` over `inputs` after two first ones."""
    kept = list(inputs)

    def one_round() -> None:
        for one in kept:
            call(one)

    one_round()
    with memory_traced() as held_bytes:
        one_round()
        before = held_bytes()
        for _ in range(rounds):
            one_round()
        return held_bytes() - before
