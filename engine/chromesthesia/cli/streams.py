"""Standard output and error that never hold a show up: a bounded queue and a thread stand before each.

A terminal stopped with Ctrl-S, or a pipe that nobody reads, blocks whoever writes to it. Here that is a thread of its
own, which nothing waits for; what does not fit the queue is left out and counted. The text is encoded here too, so that
no sign is an error, whatever the encoding.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import sys
import threading
from collections import deque
from collections.abc import Iterator
from functools import partial
from typing import Protocol, TextIO, cast

QUEUE_BYTES = 64 * 1024
"""Most text that waits for one stream; a single longer text is taken when nothing else waits."""
PATIENCE_S = 1.0
"""At the end of a show: so long a stream may take nothing before the rest is given up."""
_RETRY_S = 0.02
_NOBODY = (errno.EPIPE, errno.EIO, errno.EBADF, errno.ENXIO)
"""Errors that say that nobody will ever read again: a closed pipe, a terminal that hung up."""


class RawStream(Protocol):
    """Where the bytes go, e.g. an unbuffered `io.FileIO`."""

    def write(self, data: bytes, /) -> int | None:
        """Write some of `data`; how many bytes, None when the stream has no room now."""
        ...

    def isatty(self) -> bool: ...

    def fileno(self) -> int: ...


class Outlet(io.TextIOBase):
    """A text stream in front of `raw`, safe to write to from any thread.

    While `waits` is true a full queue blocks the writer, so that nothing is lost: for a command that lists. While it is
    false nothing ever blocks: what does not fit is left out, counted in `dropped` (lines), and said as soon as there is
    room. Once nobody reads any more everything is left out silently. `error` is the last other error of writing.
    """

    def __init__(
        self, raw: RawStream, encoding: str, waits: bool = True, limit_bytes: int = QUEUE_BYTES
    ) -> None:
        super().__init__()
        self.waits = waits
        self.dropped = 0
        self.gone = False
        self.error: OSError | None = None
        self._raw = raw
        self._encoding = encoding
        self._limit_bytes = limit_bytes
        self._queue: deque[bytes] = deque()
        self._queued_bytes = 0
        self._writing = False
        self._unsaid = 0
        self._progress = 0
        self._ending = False
        self._changed = threading.Condition()
        threading.Thread(target=self._run, name="output", daemon=True).start()

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """How the text is encoded; what has no code is written as `\\x..`."""
        return self._encoding

    @property
    def errors(self) -> str:  # type: ignore[override]
        """The name of that rule."""
        return "backslashreplace"

    def writable(self) -> bool:
        """Always."""
        return True

    def isatty(self) -> bool:
        """True for a terminal."""
        return self._raw.isatty()

    def fileno(self) -> int:
        """Descriptor of the stream behind."""
        return self._raw.fileno()

    def flush(self) -> None:
        """Nothing: the thread writes as soon as it can."""

    def write(self, text: str, /) -> int:
        """Hand `text` on; never raises for its signs or for what became of the reader."""
        data = self._encoded(text)
        with self._changed:
            if self.waits:
                self._changed.wait_for(lambda: self.gone or not self.waits or self._has_room(data))
            if self.gone or not data:
                return len(text)
            if not self._has_room(data):
                lines = max(1, text.count("\n"))
                self.dropped += lines
                self._unsaid += lines
            else:
                self._say_dropped()
                self._enqueue(data)
        return len(text)

    def drain(self, patience_s: float | None = PATIENCE_S) -> bool:
        """Wait until all is written; False when nothing was taken for `patience_s` (None: wait for ever)."""
        with self._changed:
            self._say_dropped()
            while not self.gone and (self._queue or self._writing):
                before = self._progress
                # Whoever takes a text from the queue wakes this too, before any of it is written.
                if not self._changed.wait_for(partial(self._moved_since, before), patience_s):
                    return False
        return True

    def end(self) -> None:
        """Let the thread end once it has written what waits. A thread that is stuck ends with the process."""
        with self._changed:
            self._ending = True
            self._changed.notify_all()

    def _moved_since(self, progress: int) -> bool:
        return self.gone or self._progress != progress or not (self._queue or self._writing)

    def _encoded(self, text: str) -> bytes:
        if os.linesep != "\n":
            text = text.replace("\n", os.linesep)
        return text.encode(self._encoding, "backslashreplace")

    def _has_room(self, data: bytes) -> bool:
        return not self._queued_bytes or self._queued_bytes + len(data) <= self._limit_bytes

    def _say_dropped(self) -> None:
        if self._unsaid:
            self._enqueue(self._encoded(f"({self._unsaid} lines left out: nobody read this in time)\n"))
            self._unsaid = 0

    def _enqueue(self, data: bytes) -> None:
        self._queue.append(data)
        self._queued_bytes += len(data)
        self._changed.notify_all()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: bool(self._queue) or self._ending)
                if not self._queue:
                    return
                data = self._queue.popleft()
                self._queued_bytes -= len(data)
                self._writing = True
                self._changed.notify_all()
            self._write_all(data)
            with self._changed:
                self._writing = False
                self._changed.notify_all()

    def _write_all(self, data: bytes) -> None:
        while data and not self.gone:
            try:
                count = self._raw.write(data)
            except (OSError, ValueError) as error:  # ValueError: the stream behind was closed
                self._failed(error)
                return
            with self._changed:
                if count:
                    self._progress += 1
                    data = data[count:]
                    self._changed.notify_all()
                else:
                    self._changed.wait(_RETRY_S)

    def _failed(self, error: OSError | ValueError) -> None:
        with self._changed:
            if isinstance(error, ValueError) or error.errno in _NOBODY:
                self.gone = True
                self._queue.clear()
                self._queued_bytes = 0
            else:
                self.error = error
            self._progress += 1
            self._changed.notify_all()


class StandardStreams:
    """The outlets before standard output and error; None where there is no such stream, or one without a descriptor."""

    def __init__(self) -> None:
        self.out = _outlet(sys.stdout)
        self.err = _outlet(sys.stderr)

    def drain(self) -> str:
        """Wait for both as long as each of them allows; an error of standard output in words, else empty."""
        reason = ""
        if self.out is not None:
            self.out.drain(None if self.out.waits else PATIENCE_S)
            if self.out.error is not None and self.out.waits:
                reason = self.out.error.strerror or str(self.out.error)
        if self.err is not None:
            self.err.drain(None if self.err.waits else PATIENCE_S)
        return reason


def never_wait() -> None:
    """From now on nobody waits for a reader of standard output or error: a show begins."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, Outlet):
            stream.waits = False


@contextlib.contextmanager
def standard_streams() -> Iterator[StandardStreams]:
    """Put outlets before standard output and error for a while."""
    open_missing_descriptors()
    before = sys.stdout, sys.stderr
    streams = StandardStreams()
    if streams.out is not None:
        sys.stdout = streams.out
    if streams.err is not None:
        sys.stderr = streams.err
    try:
        yield streams
    finally:
        sys.stdout, sys.stderr = before
        for outlet in (streams.out, streams.err):
            if outlet is not None:
                outlet.end()


def open_missing_descriptors() -> None:
    """Where the process was started without standard streams, open nothing in their place.

    Else the next file or socket would get their numbers, and a library that complains would write into a film.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def take_every_sign() -> None:
    """For a process without outlets: write what a stream's encoding lacks as `\\x..` rather than fail."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _outlet(stream: TextIO | None) -> Outlet | None:
    if not isinstance(stream, io.TextIOWrapper):
        return None
    try:
        stream.flush()
        stream.fileno()
    except (OSError, ValueError):  # a stream in memory, as in tests, or one that is closed
        return None
    # Without buffering there is none between the text and the descriptor.
    return Outlet(cast(RawStream, getattr(stream.buffer, "raw", stream.buffer)), stream.encoding or "utf-8")
