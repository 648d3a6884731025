"""What an engine tells its supervisor: one line of JSON at a time, through a pipe that it inherits.

A line is at most `LINE_BYTES` long, so that the system takes it whole or not at all and any thread may write one.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from io import RawIOBase
from typing import Any, Literal

VARIABLE = "CHROMESTHESIA_SUPERVISED"
"""Environment variable by which an engine knows that it is watched; holds `Orders` as JSON."""
LINE_BYTES = 4096 if sys.platform == "linux" else 512
"""PIPE_BUF: a longer write could be mixed with another thread's."""
LONGEST_LINE = 64 * 1024
BEAT_S = 0.25
STACK_SIGNAL = getattr(signal, "SIGUSR1", None)
"""Asks an engine for the stacks of all its threads; there is none on Windows."""
Phase = Literal["starting", "playing", "ending"]
PHASES: tuple[Phase, ...] = ("starting", "playing", "ending")


@dataclass(frozen=True, slots=True)
class Orders:
    """What a supervisor tells the engine that it starts.

    lifeline, stack, picture: descriptors of the pipe, of a file for the stacks of all threads, and of the memory for
    the last picture. safe_look: play the plain look, and keep the one that was set for later. rung: as `--rung`, empty
    for none. go: descriptor of a pipe by which a spare is told when, and with what safe_look and rung; -1 for now.
    """

    lifeline: int
    stack: int
    picture: int
    safe_look: bool = False
    rung: str = ""
    go: int = -1


@dataclass(frozen=True, slots=True)
class LoopBeat:
    """One loop. state: as `health.heartbeat.LoopState`; beats: times it came round."""

    state: str
    beats: int


@dataclass(frozen=True, slots=True)
class Beat:
    """How an engine is. at_s, shown_s: monotonic seconds of this line and of the last frame drawn, None before it.

    rss_mib, vram_mib, handles, threads: what it takes, None where the system does not tell. picture: what is wrong with
    the picture, empty for nothing.
    """

    at_s: float
    phase: Phase
    frames: int = 0
    shown_s: float | None = None
    loops: Mapping[str, LoopBeat] = field(default_factory=dict)
    rss_mib: float | None = None
    vram_mib: float | None = None
    handles: int | None = None
    threads: int | None = None
    picture: str = ""


@dataclass(frozen=True, slots=True)
class First:
    """The first frame of this engine was shown at `at_s`, monotonic seconds."""

    at_s: float


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the engine's log. at_s: seconds since 1970."""

    at_s: float
    level: str
    text: str


Message = Beat | First | LogLine
_KINDS: Mapping[str, type[Beat] | type[First] | type[LogLine]] = {
    "beat": Beat,
    "first": First,
    "log": LogLine,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def encode(message: Message) -> bytes:
    """One line. A text that is too long for one is cut; loops that do not fit are left out."""
    table: dict[str, Any] = {"kind": _NAMES[type(message)], **asdict(message)}
    line = _line(table)
    if len(line) > LINE_BYTES and isinstance(message, LogLine):
        # A sign may take twelve bytes.
        line = _line({**table, "text": message.text[: (LINE_BYTES - 200) // 12]})
    if len(line) > LINE_BYTES and isinstance(message, Beat):
        line = _line(
            {**table, "loops": {name: loop for name, loop in table["loops"].items() if name == "frame"}}
        )
    return line


def decode(line: bytes) -> Message | None:
    """The message of one line; None for what is none."""
    try:
        table = json.loads(line)
        kind = _KINDS[table.pop("kind")]
        if kind is Beat:
            if table["phase"] not in PHASES:
                return None
            table["loops"] = {str(name): LoopBeat(**loop) for name, loop in table["loops"].items()}
        message: Message = kind(**table)
        float(message.at_s)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return message


def lines(pipe: RawIOBase) -> Iterator[bytes]:
    """What comes, line by line without its end, until the other side closes. Of what is no line for long the last
    `LONGEST_LINE` bytes are kept."""
    # Into the same memory each time: 64 KiB asked for at every read and given back but for a line leave the heap full
    # of holes, none of which is large enough for the next.
    place, rest = memoryview(bytearray(LONGEST_LINE)), b""
    while count := pipe.readinto(place):
        *whole, rest = (rest + place[:count]).split(b"\n")
        rest = rest[-LONGEST_LINE:]
        yield from whole


def orders_text(orders: Orders) -> str:
    """What `VARIABLE` holds."""
    return json.dumps(asdict(orders))


def orders_here(environment: Mapping[str, str] = os.environ) -> Orders | None:
    """The orders of the supervisor that started this process; None when none did."""
    text = environment.get(VARIABLE)
    if not text:
        return None
    try:
        return Orders(**json.loads(text))
    except (ValueError, TypeError):
        return None


def _line(table: Mapping[str, Any]) -> bytes:
    return json.dumps(table, separators=(",", ":")).encode() + b"\n"
