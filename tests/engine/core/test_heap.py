"""Large blocks go back to the system, and threads share their small ones: a process holds what it uses."""

from __future__ import annotations

import ctypes
import subprocess
import sys
from pathlib import Path

import pytest

BLOCKS = """
import ctypes, sys
from chromesthesia.core.heap import give_back_free, keep_heap_small
libc = ctypes.CDLL(None)
libc.malloc.restype, libc.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]
libc.memset.argtypes = [ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t]
def filled(size):
    block = libc.malloc(ctypes.c_size_t(size))
    libc.memset(block, 1, size)
    return block
def anonymous_kib():
    return int(next(line for line in open("/proc/self/status") if line.startswith("RssAnon")).split()[1])
"""
PROBE = f"""{BLOCKS}
if sys.argv[1] == "asked":
    assert keep_heap_small()
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


THREADS = """
import ctypes, sys, threading
from chromesthesia.core.heap import keep_heap_small
libc = ctypes.CDLL(None)
if sys.argv[1] == "asked":
    assert keep_heap_small()
libc.fopen.restype, libc.malloc_info.argtypes = ctypes.c_void_p, [ctypes.c_int, ctypes.c_void_p]
libc.fclose.argtypes = [ctypes.c_void_p]
together = threading.Barrier(8)
def work():
    libc.malloc(ctypes.c_size_t(1000))
    together.wait()
threads = [threading.Thread(target=work) for _ in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
stream = libc.fopen(sys.argv[2].encode(), b"w")
libc.malloc_info(0, stream)
libc.fclose(stream)
print(open(sys.argv[2]).read().count("<heap nr="))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's heap")
def test_threads_share_two_arenas(tmp_path: Path) -> None:
    def arenas(how: str) -> int:
        command = [sys.executable, "-c", THREADS, how, str(tmp_path / "heap.xml")]
        return int(subprocess.run(command, capture_output=True, text=True, check=True).stdout)

    if arenas("not asked") <= 2:
        pytest.skip("this C library has no arena for each thread")
    assert arenas("asked") <= 2


TRIM = f"""{BLOCKS}
blocks = [filled(64 << 10) for _ in range(300)]
last = filled(65 << 10)
for block in blocks:
    libc.free(block)
before = anonymous_kib()
assert give_back_free()
print(before - anonymous_kib())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's heap")
def test_what_is_free_below_something_that_stays_is_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", TRIM], capture_output=True, text=True, check=True)
    assert int(done.stdout) > 15 * 1024


HOLES = """
import ctypes, io, os, random, socket, sys
from collections import deque
from chromesthesia.ports.osc.udp import UdpDatagrams
from chromesthesia.supervise.wire import lines
class Blocks(ctypes.Structure):
    names = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost"
    _fields_ = [(name, ctypes.c_size_t) for name in names.split()]
ask = ctypes.CDLL(None).mallinfo2
ask.restype = Blocks
if sys.argv[1] == "datagrams":
    heard = UdpDatagrams("127.0.0.1", 0)
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    def passed_on(content):
        sender.sendto(content, heard.address)
        return heard.receive()[0]
else:
    reading, writing = os.pipe()
    told = lines(io.FileIO(reading))
    def passed_on(content):
        os.write(writing, content + b"\\n")
        return next(told)
chance, kept = random.Random(1), deque(maxlen=40)
for _ in range(12_000):
    content = b"x" * chance.randint(20, 1400)
    assert passed_on(content) == content
    if chance.random() < 0.3:
        kept.append(content.decode())
print(ask().fordblks)
"""


@pytest.mark.skipif(
    not sys.platform.startswith("linux") or not hasattr(ctypes.CDLL(None), "mallinfo2"), reason="glibc's heap"
)
@pytest.mark.parametrize("way", ["datagrams", "lines"])
def test_what_comes_in_small_pieces_leaves_no_holes(way: str) -> None:
    """A place for the largest that was taken for each of them left 2 MiB and more that nobody could use."""
    done = subprocess.run([sys.executable, "-c", HOLES, way], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 1 << 20
