"""Writes a score on a thread of its own: a disk that is slow or full costs the score, never a frame."""

from __future__ import annotations

import contextlib
import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from chromesthesia.core.errors import RecordError, UsageError
from chromesthesia.core.priority import give_way
from chromesthesia.core.safe_write import open_new, reason, write_all
from chromesthesia.core.user_files import one_line
from chromesthesia.recording.files import LEAST_FREE_BYTES, open_first_free, prepare_file
from chromesthesia.score.blocks import FIRST_LINE, Kind, packed_block
from chromesthesia.score.events import AnyEvent, Drawn, Head, Key, encoded, encoded_event, joined

log = logging.getLogger(__name__)

SUFFIX = ".score"
QUEUE_BYTES = 128 * 1024 * 1024
"""Most that may wait for the disk."""
BLOCK_US = 1_000_000
"""A block of frames holds at most this much of the show: what a power cut can take."""
CLOSE_TIMEOUT_S = 20.0


@dataclass(frozen=True, slots=True)
class _Item:
    """What waits: the events of one frame, encoded, or a key. bytes: what it may take in memory."""

    time_us: int
    events: tuple[bytes, ...]
    key: Key | None
    bytes: int
    frames: int


class ScoreWriter:
    """Takes frames and keys from one thread, and writes them on its own; nothing here waits for the disk or raises.

    An older file of that name stays: the score is then `name-2.score`, and `path` says where it went. limit_bytes:
    when the file is so large it ends there, and the log says so. What finds no room in the queue, and what comes after
    a failure of the disk, is counted in `lost_frames`. Raises RecordError at once for a name, ending or folder that
    cannot be written.
    """

    def __init__(
        self,
        path: Path,
        limit_bytes: int,
        open_file: Callable[[Path], BinaryIO] = open_new,
        queue_bytes: int = QUEUE_BYTES,
    ) -> None:
        target = prepare_file(path, (SUFFIX,), LEAST_FREE_BYTES)
        self.path, self._file = open_first_free(target, open_file)
        self.error: str = ""
        self.written_bytes = 0
        self.frames = 0
        self.keys = 0
        self.key_bytes = 0
        """What the last key takes on the disk; 0 before the first is written."""
        self.lost_frames = 0
        self._limit_bytes = limit_bytes
        self._queue_bytes = queue_bytes
        self._changed = threading.Condition()
        self._items: deque[_Item] = deque()
        self._waiting_bytes = 0
        self._closed = False
        self._waiting: list[bytes] = []
        self._block_us = 0
        self._block_frames = 0
        self._thread: threading.Thread | None = None

    def begin(self, head: Head) -> None:
        """Write the head and start the thread. Raises RecordError when the disk refuses already here."""
        try:
            self._write(FIRST_LINE + packed_block(Kind.HEAD, 0, encoded(head)))
        except OSError as error:
            raise RecordError(
                f"cannot write {one_line(self.path)}: {reason(error)}", "choose another disk"
            ) from error
        self._thread = threading.Thread(target=self._run, name="score", daemon=True)
        self._thread.start()

    @property
    def ended(self) -> bool:
        """True when no more will be written: closed, full, or the disk failed."""
        return self._closed or bool(self.error)

    def frame(self, time_us: int, events: list[AnyEvent]) -> bool:
        """Take what one frame was made of; False when there was no room for it, and it is lost."""
        told = tuple(encoded_event(event) for event in events)
        frames = sum(isinstance(event, Drawn) for event in events)
        return self._put(_Item(time_us, told, None, 64 + sum(map(len, told)), frames))

    def room_for(self, size_bytes: int) -> bool:
        """True when so much more may wait."""
        return not self.ended and self._waiting_bytes + size_bytes <= self._queue_bytes

    def key(self, key: Key, size_bytes: int) -> bool:
        """Take a key of about this size; False when there was no room for it."""
        return self._put(_Item(key.time_us, (), key, size_bytes, 0))

    def counts(self) -> dict[str, int]:
        """What the score holds and what it lost. Any thread."""
        return {
            "score_frames": self.frames,
            "score_keys": self.keys,
            "score_frames_lost": self.lost_frames,
            "score_bytes": self.written_bytes,
        }

    def close(self) -> None:
        """Write what waits and end. Raises RecordError when the score broke off; what was written stays readable."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(CLOSE_TIMEOUT_S)
            if self._thread.is_alive():
                raise RecordError(
                    f"the score {one_line(self.path)} was not finished within {CLOSE_TIMEOUT_S:.0f} s",
                    "the disk does not answer; what was written can be painted again",
                )
        with contextlib.suppress(OSError):
            self._file.close()
        if self.error:
            raise RecordError(
                f"the score {one_line(self.path)} broke off: {self.error}",
                "what was written can be painted again",
            )
        if self.lost_frames:
            log.warning("score %s: %d frames found no room", one_line(self.path), self.lost_frames)

    def _put(self, item: _Item) -> bool:
        with self._changed:
            if self.ended or self._waiting_bytes + item.bytes > self._queue_bytes:
                self.lost_frames += item.frames
                return False
            self._waiting_bytes += item.bytes
            self._items.append(item)
            self._changed.notify()
        return True

    def _run(self) -> None:
        give_way()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._items or self._closed)
                if not self._items:
                    break
                item = self._items.popleft()
            self._guarded(lambda item=item: self._take(item))  # type: ignore[misc]
            with self._changed:
                self._waiting_bytes -= item.bytes
        self._guarded(self._end_block)

    def _guarded(self, step: Callable[[], None]) -> None:
        """What fails ends the score and nothing else."""
        try:
            if not self.error:
                step()
        except Exception as error:  # the thread's boundary: what it was is told at the end and now
            self.error = reason(error)
            log.error("the score breaks off, the show goes on: %s: %s", one_line(self.path), self.error)

    def _take(self, item: _Item) -> None:
        if item.key is not None:
            self._end_block()
            before = self.written_bytes
            self._write_block(Kind.KEY, item.time_us, encoded(item.key))
            self.key_bytes = self.written_bytes - before
            self.keys += 1
            return
        if self._waiting and item.time_us >= self._block_us + BLOCK_US:
            self._end_block()
        if not self._waiting:
            self._block_us = item.time_us
        self._waiting += item.events
        self._block_frames += item.frames

    def _end_block(self) -> None:
        if not self._waiting:
            return
        content = joined(self._waiting)
        frames = self._block_frames
        self._waiting, self._block_frames = [], 0
        self._write_block(Kind.FRAMES, self._block_us, content)
        self.frames += frames

    def _write_block(self, kind: Kind, time_us: int, content: bytes) -> None:
        block = packed_block(kind, time_us, content)
        if self.written_bytes + len(block) > self._limit_bytes:
            raise RecordError(f"it holds the {self._limit_bytes // 2**20} MiB that it may")
        self._write(block)

    def _write(self, content: bytes) -> None:
        write_all(self._file, content)
        self.written_bytes += len(content)
        with contextlib.suppress(OSError, ValueError):  # a file that only tests have, or a disk that cannot
            os.fsync(self._file.fileno())


def open_writer(path: Path, limit_mib: int) -> ScoreWriter:
    """A writer to `path`, which ends at `limit_mib`. Raises RecordError; UsageError for a limit that holds nothing."""
    if limit_mib < 1:
        raise UsageError(f"a score of at most {limit_mib} MiB", "give 1 or more")
    return ScoreWriter(path, limit_mib * 2**20)
