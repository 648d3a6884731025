"""Python itself, set for a show: threads that give way quickly, and a garbage collector with little to walk through."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager

SWITCH_INTERVAL_S = 0.001
"""Python threads give way after this long: a hop or a frame waits at most that for each thread that computes."""


@contextmanager
def set_for_a_show() -> Iterator[None]:
    """While it lasts; afterwards all is as it was. What lives when it begins lives for the whole show: the garbage
    collector need not walk through it between two frames.
    """
    switch_interval_s = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        sys.setswitchinterval(switch_interval_s)
