"""The last picture of an engine, small, in memory that outlives it: the next one shows it until it has its own.

Two places are written in turn, each with its checksum, so that there is always a whole one.
"""

from __future__ import annotations

import contextlib
import os
import struct
import tempfile
import zlib
from dataclasses import dataclass
from typing import BinaryIO, cast

_HEAD = struct.Struct("<8sQIIII")
_MAGIC = b"chromLP1"
LARGEST_BYTES = 512 * 1024
_PLACE = 1 << 20


@dataclass(frozen=True, slots=True)
class LastPicture:
    """width * height * 3 bytes of RGB, row 0 at the top."""

    width: int
    height: int
    pixels: bytes


class PictureMemory:
    """The memory behind `descriptor`, which the supervisor opened. One writer; a reader before there is one."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._serial = max((found[0] for found in map(self._at, (0, 1)) if found is not None), default=0)

    def write(self, picture: LastPicture) -> None:
        """Keep it. Raises ValueError for one that is too large, OSError where there is no room."""
        if len(picture.pixels) > LARGEST_BYTES or len(picture.pixels) != picture.width * picture.height * 3:
            raise ValueError(f"a picture of {len(picture.pixels)} bytes")
        self._serial += 1
        checksum = zlib.crc32(picture.pixels)
        head = _HEAD.pack(_MAGIC, self._serial, picture.width, picture.height, len(picture.pixels), checksum)
        place = self._serial % 2 * _PLACE
        if hasattr(os, "pwrite"):
            os.pwrite(self._descriptor, head + picture.pixels, place)
        else:
            os.lseek(self._descriptor, place, os.SEEK_SET)
            os.write(self._descriptor, head + picture.pixels)

    def read(self) -> LastPicture | None:
        """The newest whole one; None before the first."""
        found = [each for each in map(self._at, (0, 1)) if each is not None]
        return max(found, key=lambda each: each[0])[1] if found else None

    def _at(self, index: int) -> tuple[int, LastPicture] | None:
        with contextlib.suppress(OSError, struct.error):
            content = self._content(index * _PLACE, _HEAD.size + LARGEST_BYTES)
            magic, serial, width, height, size, checksum = _HEAD.unpack_from(content)
            pixels = content[_HEAD.size : _HEAD.size + size]
            whole = len(pixels) == size == width * height * 3 and zlib.crc32(pixels) == checksum
            if magic == _MAGIC and whole:
                return serial, LastPicture(width, height, pixels)
        return None

    def _content(self, place: int, size: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(self._descriptor, size, place)
        os.lseek(self._descriptor, place, os.SEEK_SET)
        return os.read(self._descriptor, size)


def open_memory() -> BinaryIO:
    """A file without a name, in memory where the system has such; it goes with the last process that has it open."""
    if hasattr(os, "memfd_create"):
        return cast(BinaryIO, os.fdopen(os.memfd_create("chromesthesia last picture"), "w+b", buffering=0))
    return cast(BinaryIO, tempfile.TemporaryFile(buffering=0))
