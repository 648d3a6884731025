"""The newest frame in memory that other processes of this machine read: one writes and never waits, any number read."""

from __future__ import annotations

import contextlib
import struct
import sys
from multiprocessing import resource_tracker, shared_memory
from typing import Any

import numpy as np

from chromesthesia.core.errors import RenderError
from chromesthesia.core.records import UInt8
from chromesthesia.core.user_files import one_line

SLOTS = 3
"""A reader has two frames' time to copy one before it is written over."""
_HEAD = struct.Struct("<4sIII")
_SERIAL = struct.Struct("<Q")
_MAGIC = b"chr1"
_HEAD_BYTES = 64
_NEWEST_AT = 16
_SLOTS_AT = 24


class FrameWriter:
    """Keeps frames uint8 [height, width, 3] for readers. One thread."""

    def __init__(self, width: int, height: int) -> None:
        self.size = (width, height)
        self._memory = shared_memory.SharedMemory(create=True, size=_HEAD_BYTES + SLOTS * width * height * 3)
        self._serial = 0
        self._memory.buf[:_HEAD_BYTES] = bytes(_HEAD_BYTES)
        _HEAD.pack_into(self._memory.buf, 0, _MAGIC, width, height, SLOTS)

    @property
    def name(self) -> str:
        """What a reader opens it by."""
        return self._memory.name

    def put(self, pixels: UInt8) -> None:
        """Make `pixels` the newest frame. Raises ValueError for another size."""
        width, height = self.size
        if pixels.shape != (height, width, 3):
            raise ValueError(f"a frame of {pixels.shape} in memory for {height} x {width}")
        serial = self._serial + 1
        slot = serial % SLOTS
        buffer = self._memory.buf
        _SERIAL.pack_into(buffer, _SLOTS_AT + 8 * slot, 0)
        start = _HEAD_BYTES + slot * pixels.size
        np.copyto(
            np.frombuffer(buffer, np.uint8, pixels.size, start).reshape(pixels.shape), pixels, casting="no"
        )
        _SERIAL.pack_into(buffer, _SLOTS_AT + 8 * slot, serial)
        _SERIAL.pack_into(buffer, _NEWEST_AT, serial)
        self._serial = serial

    def close(self) -> None:
        """Give the memory back; readers that have it open keep theirs."""
        self._memory.close()
        with contextlib.suppress(FileNotFoundError):
            self._memory.unlink()


class FrameReader:
    """Reads what a `FrameWriter` keeps, in another process. One thread. Raises RenderError where there is none."""

    def __init__(self, name: str) -> None:
        try:
            self._memory = _opened(name)
        except (OSError, ValueError) as error:
            raise RenderError(f"no memory of frames {one_line(name)}: {one_line(error)}") from error
        try:
            magic, width, height, slots = _HEAD.unpack_from(self._memory.buf, 0)
            if (
                magic != _MAGIC
                or slots != SLOTS
                or self._memory.size < _HEAD_BYTES + SLOTS * width * height * 3
            ):
                raise RenderError(f"{one_line(name)} is no memory of frames")
        except BaseException:
            self._memory.close()
            raise
        self.size = (int(width), int(height))
        self.serial = 0
        self._copy: UInt8 = np.empty((height, width, 3), np.uint8)

    def take(self) -> UInt8 | None:
        """The newest frame that was not taken before, valid until the next call; None when there is none."""
        buffer = self._memory.buf
        (newest,) = _SERIAL.unpack_from(buffer, _NEWEST_AT)
        if newest == self.serial or not newest:
            return None
        slot = newest % SLOTS
        (before,) = _SERIAL.unpack_from(buffer, _SLOTS_AT + 8 * slot)
        start = _HEAD_BYTES + slot * self._copy.size
        np.copyto(
            self._copy, np.frombuffer(buffer, np.uint8, self._copy.size, start).reshape(self._copy.shape)
        )
        (behind,) = _SERIAL.unpack_from(buffer, _SLOTS_AT + 8 * slot)
        if before != newest or behind != newest:
            return None  # written over meanwhile: a newer one is there with the next call
        self.serial = newest
        return self._copy

    def close(self) -> None:
        """Let go of the memory."""
        self._memory.close()


def _opened(name: str) -> shared_memory.SharedMemory:
    """Open it without making this process one that gives it back: only the writer's is to."""
    if sys.version_info >= (3, 13):
        return shared_memory.SharedMemory(name, track=False)
    tracker: Any = resource_tracker
    register, tracker.register = tracker.register, lambda *given: None
    try:
        return shared_memory.SharedMemory(name)
    finally:
        tracker.register = register
