"""Python itself, set for a show: threads that give way quickly, and a garbage collector with little to walk through."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SWITCH_INTERVAL_S = 0.001
"""Python threads give way after this long: a hop or a frame waits at most that for each thread that computes."""
COLLECTING = (700, 10, 10)
"""Thresholds of the garbage collector: Python's own. With those of a start (`__main__`), what refers to itself lies
about for an hour, as every connection does that asyncio has closed: a show at rest that was asked for its figures twice
a second grew by 0.6 MiB a minute."""


@contextmanager
def set_for_a_show() -> Iterator[None]:
    """While it lasts; afterwards all is as it was. What lives when it begins lives for the whole show: the garbage
    collector need not walk through it between two frames.
    """
    switch_interval_s, thresholds = sys.getswitchinterval(), gc.get_threshold()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.collect()
    gc.freeze()
    # It walks through everything only where a quarter is new, of what it has counted last: nothing.
    gc.collect()
    gc.set_threshold(*COLLECTING)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()
        sys.setswitchinterval(switch_interval_s)
