"""The file of a score: a line that names it, then blocks that can be found and checked by themselves.

A block is a head of 29 bytes and its content, packed with zlib:

| bytes | what |
|---|---|
| 4 | `f5 73 63 72`, by which a block is found again behind damage |
| 1 | kind: `H` head, `F` frames, `K` key |
| 8 | microseconds from the start of the show: of its first frame, or of the one that a key follows |
| 4 | bytes of the content once it is unpacked |
| 4 | bytes that follow |
| 4 | CRC-32 of what follows |
| 4 | CRC-32 of the 25 bytes before it |

Numbers are unsigned, the lowest byte first.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import BinaryIO

from chromesthesia.core.errors import ScoreError

VERSION = 1
FIRST_LINE = b"CHROMESTHESIA SCORE %d\n" % VERSION
_ANY_VERSION = b"CHROMESTHESIA SCORE "
SYNC = b"\xf5scr"
_HEAD = struct.Struct("<4sBQIII")
_CHECK = struct.Struct("<I")
HEAD_BYTES = _HEAD.size + _CHECK.size
_LOOK_BYTES = 1 << 16
PACKING = 6


class Kind(Enum):
    """What a block holds, and the most bytes of it once it is unpacked."""

    HEAD = "H"
    FRAMES = "F"
    KEY = "K"

    @property
    def most_bytes(self) -> int:
        """No block of this kind is larger."""
        return {"H": 1 << 16, "F": 1 << 24, "K": 1 << 29}[self.value]


@dataclass(frozen=True, slots=True)
class Block:
    """Where a block lies. time_s: show time of its first frame."""

    kind: Kind
    time_us: int
    at: int
    unpacked_bytes: int
    packed_bytes: int
    check: int

    @property
    def end(self) -> int:
        """The byte behind it."""
        return self.at + HEAD_BYTES + self.packed_bytes


@dataclass(frozen=True, slots=True)
class Damage:
    """A part of the file that is no block. at: its first byte; bytes: how many; cut: the file ends in it."""

    at: int
    bytes: int
    cut: bool
    why: str


def packed_block(kind: Kind, time_us: int, content: bytes) -> bytes:
    """A block of the file."""
    packed = zlib.compress(content, PACKING)
    head = _HEAD.pack(SYNC, ord(kind.value), time_us, len(content), len(packed), zlib.crc32(packed))
    return head + _CHECK.pack(zlib.crc32(head)) + packed


def begin(file: BinaryIO, name: str) -> int:
    """Check the first line; answer where the blocks begin. Raises ScoreError for another file or version."""
    file.seek(0)
    line = file.read(len(FIRST_LINE) + 8)
    if line.startswith(FIRST_LINE):
        return len(FIRST_LINE)
    if line.startswith(_ANY_VERSION):
        version = line[len(_ANY_VERSION) :].split(b"\n")[0].decode("ascii", "replace")
        raise ScoreError(
            f"{name}: a score of version {version!r}, expected {VERSION}", "use the engine that wrote it"
        )
    raise ScoreError(f"{name}: not a score", "give a file that `run --score` wrote")


def find_blocks(file: BinaryIO, start: int) -> Iterator[Block | Damage]:
    """Every block from byte `start` on, by its head alone, and what lies between them that is none."""
    at = start
    end = file.seek(0, 2)
    while at < end:
        found = _head_at(file, at, end)
        if isinstance(found, Block):
            yield found
            at = found.end
            continue
        following = _next_sync(file, at + 1, end)
        yield Damage(at, following - at, following == end, found)
        at = following


def read_block(file: BinaryIO, block: Block) -> bytes:
    """The content of a block. Raises ScoreError saying where, for bytes that were changed."""
    file.seek(block.at + HEAD_BYTES)
    packed = file.read(block.packed_bytes)
    if len(packed) < block.packed_bytes:
        raise ScoreError(f"the block at byte {block.at} is cut", "the score goes as far as it reads")
    if zlib.crc32(packed) != block.check:
        raise ScoreError(f"the block at byte {block.at} was changed: its sum is another", "")
    unpacking = zlib.decompressobj()
    try:
        content = unpacking.decompress(packed, block.unpacked_bytes + 1)
    except zlib.error as error:
        raise ScoreError(f"the block at byte {block.at} cannot be unpacked: {error}", "") from error
    if len(content) != block.unpacked_bytes or not unpacking.eof:
        raise ScoreError(f"the block at byte {block.at} is not as long as it says", "")
    return content


def _head_at(file: BinaryIO, at: int, end: int) -> Block | str:
    """The block whose head lies at `at`, or why there is none."""
    file.seek(at)
    head = file.read(HEAD_BYTES)
    if len(head) < HEAD_BYTES:
        return "the head of a block is cut"
    sync, kind, time_us, unpacked_bytes, packed_bytes, check = _HEAD.unpack_from(head)
    if sync != SYNC:
        return "no block begins here"
    # Else a wrong length would take the blocks behind it with it.
    if _CHECK.unpack_from(head, _HEAD.size)[0] != zlib.crc32(head[: _HEAD.size]):
        return "the head of a block was changed"
    try:
        known = Kind(chr(kind))
    except ValueError:
        return f"a block of unknown kind {kind}"
    if unpacked_bytes > known.most_bytes or packed_bytes > known.most_bytes or time_us > 1 << 53:
        return "a block larger than any"
    if at + HEAD_BYTES + packed_bytes > end:
        return "a block is cut"
    return Block(known, time_us, at, unpacked_bytes, packed_bytes, check)


def _next_sync(file: BinaryIO, at: int, end: int) -> int:
    """The first byte from `at` on at which a block may begin; `end` when there is none."""
    file.seek(at)
    kept = b""
    while chunk := file.read(_LOOK_BYTES):
        found = (kept + chunk).find(SYNC)
        if found >= 0:
            return at - len(kept) + found
        at += len(chunk)
        kept = (kept + chunk)[-(len(SYNC) - 1) :]
    return end
