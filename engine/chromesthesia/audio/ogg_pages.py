"""The pages of an ogg file: whether several streams were joined, and where one is damaged."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MARK = b"OggS"
HEAD_BYTES = 27
LARGEST_PAGE_BYTES = HEAD_BYTES + 255 + 255 * 255
SEARCHED_BYTES = 1 << 28
MOST_WRONG = 200
"""Pages with a wrong sum after which a file is given up: each takes a look at up to 64 kB."""
_READ_BYTES = 1 << 20
_BEGINNING = MARK + b"\0\2"
"""A page that begins a stream."""
_FIRST_PAGE, _NO_GRANULE = 2, (1 << 64) - 1
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True, slots=True)
class Page:
    """One page whose sum is right. granule: samples up to its end (of a sound), None where no packet ends in it."""

    begin: int
    end: int
    serial: int
    number: int
    first: bool
    granule: int | None


def pages(file: BinaryIO, begin: int = 0) -> Iterator[Page]:
    """The whole pages of an open file from offset `begin` on; what is no whole page is passed over."""
    at, held, held_at = begin, b"", begin
    wrong = 0
    while wrong < MOST_WRONG:
        if len(held) - (at - held_at) < LARGEST_PAGE_BYTES:
            file.seek(at)
            held, held_at = file.read(_READ_BYTES), at
        offset = at - held_at
        found = held.find(MARK, offset)
        if found < 0:
            if len(held) - offset < LARGEST_PAGE_BYTES:
                return
            at = held_at + len(held) - len(MARK)
            continue
        if found != offset:
            at = held_at + found
            continue
        page = _page(held, offset, held_at)
        if page is None:
            if len(held) - offset < HEAD_BYTES:
                return
            at += len(MARK)
            wrong += 1
        else:
            yield page
            at = page.end


def is_joined(file: BinaryIO) -> bool:
    """Whether another stream begins behind the first, as where files were joined; the first 256 MiB are looked at."""
    head_end = next((page.begin for page in pages(file) if not page.first), None)
    if head_end is None:
        return False
    at, wrong = head_end, 0
    while at < SEARCHED_BYTES and wrong < MOST_WRONG:
        file.seek(at)
        held = file.read(_READ_BYTES)
        found = held.find(_BEGINNING)
        if found < 0:
            if len(held) < _READ_BYTES:
                return False
            at += len(held) - len(_BEGINNING) + 1
            continue
        at += found
        file.seek(at)
        if _page(file.read(LARGEST_PAGE_BYTES), 0, at) is not None:
            return True
        at += len(_BEGINNING)
        wrong += 1
    return False


def first_damage(file: BinaryIO, size_bytes: int) -> int | None:
    """Samples before the first place where pages do not follow on each other; None where all of them do."""
    granules: dict[int, int] = {}
    expected: dict[int, int] = {}
    end = 0
    for page in pages(file):
        if page.begin != end or page.number != expected.get(page.serial, page.number):
            return granules.get(page.serial, 0)
        end = page.end
        expected[page.serial] = page.number + 1 & 0xFFFFFFFF
        if page.granule is not None:
            granules[page.serial] = page.granule
    return None if end == size_bytes else max(granules.values(), default=0)


def _page(held: bytes, offset: int, held_at: int) -> Page | None:
    head = held[offset : offset + HEAD_BYTES]
    if len(head) < HEAD_BYTES:
        return None
    table_end = offset + HEAD_BYTES + head[26]
    end = table_end + sum(held[offset + HEAD_BYTES : table_end])
    if end > len(held) or _sum(held[offset:end]) != int.from_bytes(head[22:26], "little"):
        return None
    granule = int.from_bytes(head[6:14], "little")
    return Page(
        begin=held_at + offset,
        end=held_at + end,
        serial=int.from_bytes(head[14:18], "little"),
        number=int.from_bytes(head[18:22], "little"),
        first=bool(head[5] & _FIRST_PAGE),
        granule=None if granule == _NO_GRANULE else granule,
    )


def _sum(page: bytes) -> int:
    """Ogg's CRC, which is zlib's with the bits of every byte and of the result the other way round."""
    cleared = page[:22] + bytes(4) + page[26:]
    crc = zlib.crc32(cleared.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{crc:032b}"[::-1], 2)
