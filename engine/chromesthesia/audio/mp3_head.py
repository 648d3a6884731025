"""What an mp3 file says of its own length: a Xing, Info or VBRI header in the first frame, or nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

MOST_TAGS = 8
"""Tags in front of the sound that are skipped; more than one is rare."""
_XING_AT = {(1, False): 36, (1, True): 21, (2, False): 21, (2, True): 13}
"""Offset in the frame by version (2 stands for 2 and 2.5) and whether it is mono."""
_VBRI_AT = 36
_FRAMES_STATED, _BYTES_STATED = 1, 2


@dataclass(frozen=True, slots=True)
class Mp3Head:
    """begin: offset of the first frame in bytes; stated_frames, stated_bytes: None where nothing is stated."""

    begin: int
    stated_frames: int | None
    stated_bytes: int | None


def read_mp3_head(file: BinaryIO) -> Mp3Head | None:
    """Look at the first frame behind the tags of an open file; None where no MPEG audio begins there."""
    begin = after_tags(file, 0)
    file.seek(begin)
    frame = file.read(192)
    if not is_frame(frame):
        return None
    version = 1 if frame[1] >> 3 & 3 == 3 else 2
    mono = frame[3] >> 6 == 3
    at = _XING_AT[version, mono]
    if frame[at : at + 4] in (b"Xing", b"Info"):
        flags = _number(frame, at + 4)
        frames = _number(frame, at + 8) if flags & _FRAMES_STATED else 0
        size = _number(frame, at + (12 if flags & _FRAMES_STATED else 8)) if flags & _BYTES_STATED else 0
        return Mp3Head(begin, frames or None, size or None)
    if frame[_VBRI_AT : _VBRI_AT + 4] == b"VBRI":
        return Mp3Head(begin, _number(frame, _VBRI_AT + 14) or None, _number(frame, _VBRI_AT + 10) or None)
    return Mp3Head(begin, None, None)


def goes_on(file: BinaryIO, head: Mp3Head) -> bool:
    """Whether more frames follow where the stated bytes end: files joined by copying one behind the other."""
    if head.stated_bytes is None:
        return False
    file.seek(after_tags(file, head.begin + head.stated_bytes))
    return is_frame(file.read(4))


def after_tags(file: BinaryIO, at: int) -> int:
    """Offset behind the ID3 tags that begin at `at`."""
    for _ in range(MOST_TAGS):
        file.seek(at)
        tag = file.read(10)
        if len(tag) < 10 or tag[:3] != b"ID3" or any(part & 0x80 for part in tag[6:]):
            break
        size = tag[6] << 21 | tag[7] << 14 | tag[8] << 7 | tag[9]
        at += 10 + size + (10 if tag[5] & 0x10 else 0)
    return at


def is_frame(data: bytes) -> bool:
    """Whether `data` begins with the header of a frame of MPEG audio, layer 1 to 3."""
    return (
        len(data) >= 4
        and data[0] == 0xFF
        and data[1] & 0xE0 == 0xE0
        and data[1] >> 3 & 3 != 1
        and data[1] >> 1 & 3 != 0
        and data[2] >> 4 != 15
        and data[2] >> 2 & 3 != 3
    )


def _number(data: bytes, at: int) -> int:
    return int.from_bytes(data[at : at + 4], "big")
