"""Reads a score: what it was played with, and its events from any moment on, past what is damaged."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from chromesthesia.core.errors import ScoreError
from chromesthesia.core.user_files import one_line, open_file
from chromesthesia.score.blocks import Block, Damage, Kind, begin, find_blocks, read_block
from chromesthesia.score.events import AnyEvent, Head, Key, Torn, decode_events, decode_head, decode_key

log = logging.getLogger(__name__)

MOST_NOTES = 1000


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of events. key: the state before the first of them, None at the beginning of the show and behind
    damage; time_us: of the first frame."""

    time_us: int
    key: Key | None
    events: tuple[AnyEvent, ...]


class Score:
    """A score that is open for reading. Raises ScoreError for a file that is none, or whose head is damaged.

    `notes` says what is wrong with the rest, a line for each place: what can be read is read all the same.
    """

    def __init__(self, file: BinaryIO, name: str) -> None:
        self._file = file
        self._name = name
        self.notes: list[str] = []
        self.blocks: list[Block] = []
        for found in find_blocks(file, begin(file, name)):
            if isinstance(found, Block):
                self.blocks.append(found)
            else:
                self._note(_told(found))
        heads = [block for block in self.blocks if block.kind is Kind.HEAD]
        if not heads or self.blocks[0] is not heads[0]:
            raise ScoreError(f"{name}: the head of the score is damaged", self.notes[0] if self.notes else "")
        try:
            self.head: Head = decode_head(read_block(file, heads[0]))
        except ScoreError as error:
            raise ScoreError(f"{name}: the head of the score is damaged: {error.message}", "") from error

    @property
    def end_us(self) -> int:
        """Show time at which the last block begins."""
        return max((block.time_us for block in self.blocks), default=0)

    def passages(self, from_us: int) -> Iterator[Passage]:
        """From the newest key that is not after `from_us` to the end: a passage for each second or so.

        Behind a block that cannot be read a passage begins with `Torn`.
        """
        start = max(
            (
                number
                for number, block in enumerate(self.blocks)
                if block.kind is Kind.KEY and block.time_us < from_us
            ),
            default=0,
        )
        while start > 0 and not (self.blocks[start].kind is Kind.KEY and self._key(self.blocks[start])):
            start -= 1
        key: Key | None = None
        torn = ""
        end = self.blocks[start].at
        for block in self.blocks[start:]:
            if block.at != end:
                key, torn = None, f"{block.at - end} bytes from byte {end} on are damaged"
            end = block.end
            if block.kind is Kind.KEY:
                key = self._key(block)
            elif block.kind is Kind.FRAMES:
                try:
                    events = tuple(decode_events(read_block(self._file, block)))
                except ScoreError as error:
                    self._note(f"{clock_of(block.time_us)}: {error.message}")
                    key, torn = None, error.message
                    continue
                yield Passage(
                    block.time_us, key, (Torn(torn, 0), *events) if torn and key is None else events
                )
                key, torn = None, ""

    def _key(self, block: Block) -> Key | None:
        """The key in a block; None, with a note, for one that is damaged: what was told before it still leads on."""
        try:
            return decode_key(read_block(self._file, block))
        except ScoreError as error:
            self._note(f"{clock_of(block.time_us)}: {error.message}")
            return None

    def _note(self, line: str) -> None:
        if len(self.notes) < MOST_NOTES:
            self.notes.append(one_line(f"{self._name}: {line}"))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def open_score(path: Path) -> Score:
    """The score in a file. Raises ScoreError naming it."""
    file = open_file(path, ScoreError)
    try:
        return Score(file, one_line(path))
    except OSError as error:
        file.close()
        raise ScoreError(
            f"{one_line(path)}: cannot be read: {error.strerror or error}", "check the disk"
        ) from error
    except BaseException:
        file.close()
        raise


def _told(damage: Damage) -> str:
    if damage.cut:
        return (
            f"ends in the middle of a block, at byte {damage.at}: the last {damage.bytes} bytes are left out"
        )
    return f"{damage.bytes} bytes from byte {damage.at} on are no part of a score: {damage.why}"


def clock_of(time_us: int) -> str:
    """A time of the show in words, e.g. `1:02:03.500 after the start`."""
    seconds = time_us / 1e6
    return f"{int(seconds // 3600)}:{int(seconds // 60) % 60:02}:{seconds % 60:06.3f} after the start"
