"""The C library's heap, kept from growing with every look that is shown and every thread that comes and goes."""

from __future__ import annotations

import ctypes
import logging
import sys
from collections.abc import Callable

log = logging.getLogger(__name__)

LARGE_BYTES = 128 * 1024
"""A picture of the generator is larger, what is made and left many times a frame is smaller."""
ARENAS = 2
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
"""As in glibc's malloc.h."""


def keep_heap_small() -> bool:
    """Let blocks of 128 KiB and more come from the system and go back to it when they are freed, and all smaller ones
    from two arenas; False where the C library has no such switches.

    Call before much is allocated. glibc would raise its threshold with every large block that is freed, up to 32 MiB:
    then pictures and buffers of ever other sizes, which a software OpenGL allocates like all else, lie in the heap
    between what stays, and leave holes (measured: 50 MiB more after a hundred looks at 1280 x 720). And it would give
    each of a show's forty threads one of up to sixteen arenas, each with holes of its own: 21 MiB an hour through an
    hour of faults, none of it held by anybody. With two, and pictures outside them, they did not grow in two minutes
    at rest, and frames take as long.
    """
    mallopt = _of_glibc("mallopt")
    if mallopt is None or not all(
        mallopt(switch, value) == 1
        for switch, value in ((_M_MMAP_THRESHOLD, LARGE_BYTES), (_M_ARENA_MAX, ARENAS))
    ):
        log.debug("the C library decides by itself what its heap looks like")
        return False
    return True


def give_back_free() -> bool:
    """Give back to the system what is free in the heap, wherever it lies; False where the C library cannot.

    Takes a millisecond or two for some MiB, with Python's lock released.
    """
    trim = _of_glibc("malloc_trim")
    return trim is not None and trim(0) == 1


def _of_glibc(function: str) -> Callable[..., int] | None:
    if not sys.platform.startswith("linux"):
        return None
    return getattr(ctypes.CDLL(None), function, None)
