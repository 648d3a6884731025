"""Where a report may go besides a file: the program's own output, and a pipe. Written straight to, never replaced."""

from __future__ import annotations

import errno
import os
import re
import stat
import sys
from pathlib import Path

from chromesthesia.core.errors import RecordError
from chromesthesia.core.safe_write import reason
from chromesthesia.core.user_files import one_line

_OWN = re.compile(
    r"/dev/(?:std(?P<name>out|err)|fd/(?P<number>[0-9]{1,4}))|/proc/self/fd/(?P<other>[0-9]{1,4})"
)


def is_stream(path: Path) -> bool:
    """True for `/dev/stdout`, `/dev/stderr`, `/dev/fd/N` and a named pipe."""
    if _OWN.fullmatch(str(path)):
        return True
    try:
        return stat.S_ISFIFO(path.stat().st_mode)
    except (OSError, ValueError):
        return False


def write_to_stream(path: Path, content: bytes) -> None:
    """Write `content` to a path for which `is_stream` is true.

    Never waits for a reader of a pipe. Raises RecordError when nobody reads it, or the stream is closed.
    """
    try:
        descriptor = _opened(path)
        try:
            rest = memoryview(content)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        finally:
            os.close(descriptor)
    except OSError as error:
        unread = isinstance(error, BlockingIOError) or error.errno == errno.ENXIO
        why = "nobody reads it" if unread else reason(error)
        raise RecordError(
            f"cannot write {one_line(path)}: {why}", "start the reader first, or give the name of a file"
        ) from error


def _opened(path: Path) -> int:
    own = _OWN.fullmatch(str(path))
    if own is None:
        return os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0))
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    number = {"out": 1, "err": 2}.get(own["name"]) or int(own["number"] or own["other"] or 1)
    # A copy shares the place in the file: opening the path again would begin at its start.
    return os.dup(number)
