"""Large blocks go back to the system: memory of a process after many pictures of other sizes is what it was before."""

from __future__ import annotations

import subprocess
import sys

import pytest

PROBE = """
import ctypes, sys
from chromesthesia.core.heap import give_back_large_blocks
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
if sys.argv[1] == "asked":
    assert give_back_large_blocks()
def filled(size):
    block = libc.malloc(ctypes.c_size_t(size))
    libc.memset(block, 1, size)
    return block
def anonymous_kib():
    return int(next(line for line in open("/proc/self/status") if line.startswith("RssAnon")).split()[1])
libc.free(filled(30 << 20))  # glibc takes from here on what is smaller for small
before = anonymous_kib()
large, small = [], []
for _ in range(20):
    large.append(filled(1 << 20))
    small.append(filled(1 << 10))
for block in large:
    libc.free(block)
print(anonymous_kib() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's heap")
def test_what_was_large_is_given_back_though_something_small_lies_behind_it() -> None:
    def kept_kib(how: str) -> int:
        done = subprocess.run([sys.executable, "-c", PROBE, how], capture_output=True, text=True, check=True)
        return int(done.stdout)

    if kept_kib("not asked") < 10 * 1024:
        pytest.skip("this C library gives large blocks back by itself")
    assert kept_kib("asked") < 2 * 1024
