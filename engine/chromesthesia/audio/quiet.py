"""Keeping sound libraries from writing to standard error, without losing a line of our own.

ALSA and PortAudio report every device that is not there, at every look: 60 MB a day where there is no microphone.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import threading
from collections.abc import Iterator

log = logging.getLogger(__name__)

STDERR = 2

_lock = threading.Lock()
_inside = 0
_moved: list[tuple[io.FileIO, object]] = []
# Kept open for good once made: another thread may be about to write to it at any moment.
_spare: int | None = None


@contextlib.contextmanager
def quiet_libraries() -> Iterator[None]:
    """While inside, what C code writes to standard error goes nowhere; `sys.stderr` and so the log still arrive.

    For the whole process, from any thread, nested or side by side: the last to leave ends it. With the log at `debug`
    the libraries are heard, too. Does nothing where standard error is closed, and on Windows.
    """
    global _inside
    with _lock:
        if _inside == 0:
            _begin()
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _end()


def _begin() -> None:
    global _spare
    if os.name != "posix":
        return
    try:
        if _spare is None:
            _spare = os.dup(STDERR)
        else:
            os.dup2(STDERR, _spare, inheritable=False)
    except OSError:  # closed: nothing arrives anyway
        return
    for stream in {id(stream): stream for stream in (sys.stderr, sys.__stderr__)}.values():
        buffer = getattr(stream, "buffer", None)
        raw = getattr(buffer, "raw", buffer)
        if isinstance(raw, io.FileIO) and not raw.closed and raw.fileno() == STDERR:
            _moved.append((raw, raw.name))
            _point(raw, _spare, raw.name)
    if log.isEnabledFor(logging.DEBUG):
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, STDERR)
    os.close(nowhere)


def _end() -> None:
    if _spare is None:
        return
    os.dup2(_spare, STDERR)
    for raw, name in _moved:
        _point(raw, STDERR, name)
    _moved.clear()


def _point(raw: io.FileIO, descriptor: int, name: object) -> None:
    """Let the file object write to another descriptor: handlers that hold it need not know."""
    io.FileIO.__init__(raw, descriptor, "wb", closefd=False)
    raw.name = name
