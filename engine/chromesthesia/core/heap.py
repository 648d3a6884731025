"""The C library's heap, kept from growing with every look that is shown."""

from __future__ import annotations

import ctypes
import logging
import sys

log = logging.getLogger(__name__)

LARGE_BYTES = 256 * 1024
_M_MMAP_THRESHOLD = -3
"""As in glibc's malloc.h."""


def give_back_large_blocks() -> bool:
    """Let blocks of 256 KiB and more come from the system and go back to it when they are freed; False where the C
    library has no such switch.

    Call before much is allocated. glibc would raise its threshold with every large block that is freed, up to 32 MiB:
    then pictures and buffers of ever other sizes, which a software OpenGL allocates like all else, lie in the heap
    between what stays, and leave holes (measured: 50 MiB more after a hundred looks at 1280 x 720).
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None or mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES) != 1:
        log.debug("the C library decides by itself which blocks are large")
        return False
    return True
