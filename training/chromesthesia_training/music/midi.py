"""Whether a MIDI file is one: header, tracks and events are walked through, nothing is played."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chromesthesia.core.user_files import read_bytes
from chromesthesia_training.errors import DataError

LARGEST_BYTES = 4_000_000
HEADER_BYTES = 14
NOTE_ON, NOTE_OFF = 0x90, 0x80
DATA_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}
"""Data bytes of each kind of message for a channel."""


@dataclass(frozen=True, slots=True)
class MidiFacts:
    """What a file holds: `notes` that begin, over all `tracks`; `ticks` of the longest track."""

    tracks: int
    notes: int
    ticks: int


def check_midi(path: Path) -> MidiFacts:
    """Walk through a Standard MIDI File. Raises DataError naming the file and the byte where it does not parse."""

    def unreadable(message: str, remedy: str = "") -> DataError:
        return DataError(message, remedy, "corrupt")

    content = read_bytes(path, LARGEST_BYTES, unreadable)
    if len(content) < HEADER_BYTES or content[:4] != b"MThd" or int.from_bytes(content[4:8]) < 6:
        raise DataError(f"{path} is no MIDI file: it does not begin with MThd", "restore it", "corrupt")
    place = 8 + int.from_bytes(content[4:8])
    promised = int.from_bytes(content[10:12])
    tracks = notes = longest = 0
    while place + 8 <= len(content):
        name, size = content[place : place + 4], int.from_bytes(content[place + 4 : place + 8])
        place += 8
        if place + size > len(content):
            raise _broken(path, place, f"a part of {size} bytes reaches behind the end of the file")
        if name == b"MTrk":
            begun, ticks = _walk(path, content, place, place + size)
            tracks, notes, longest = tracks + 1, notes + begun, max(longest, ticks)
        place += size
    if tracks < promised:
        raise _broken(path, len(content), f"{tracks} of {promised} tracks are there")
    if not notes:
        raise DataError(f"the MIDI file {path} holds no notes", "restore it", "empty")
    return MidiFacts(tracks, notes, longest)


def _broken(path: Path, place: int, what: str) -> DataError:
    return DataError(f"the MIDI file {path} does not parse: {what} (byte {place})", "restore it", "corrupt")


def _walk(path: Path, content: bytes, place: int, end: int) -> tuple[int, int]:
    """Notes that begin in one track, and its length in ticks."""
    status = notes = ticks = 0

    def length(at: int) -> tuple[int, int]:
        value = 0
        for _ in range(4):
            if at >= end:
                raise _broken(path, at, "a track ends within an event")
            value, more = (value << 7) | (content[at] & 0x7F), content[at] & 0x80
            at += 1
            if not more:
                return value, at
        raise _broken(path, at, "a length of more than four bytes")

    while place < end:
        wait, place = length(place)
        ticks += wait
        if place >= end:
            raise _broken(path, place, "a track ends within an event")
        if content[place] & 0x80:
            status = content[place]
            place += 1
        elif not status:
            raise _broken(path, place, "data without a status")
        if status in (0xF0, 0xF7) or status == 0xFF:
            place += status == 0xFF
            size, place = length(place)
            place += size
            status = 0
        elif (status & 0xF0) in DATA_BYTES and status < 0xF0:
            size = DATA_BYTES[status & 0xF0]
            if place + size > end:
                raise _broken(path, place, "a track ends within an event")
            notes += (status & 0xF0) == NOTE_ON and content[place + 1] > 0
            place += size
        else:
            raise _broken(path, place, f"unknown status {status:#x}")
    if place > end:
        raise _broken(path, end, "an event reaches behind its track")
    return notes, ticks
