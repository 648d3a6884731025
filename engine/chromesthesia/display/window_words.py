"""What a show and the process of one of its windows tell each other: one JSON object a line, both ways."""

from __future__ import annotations

from typing import TypeVar

import msgspec

from chromesthesia.render.cards import Card
from chromesthesia.render.output import PLAIN, OutputShape

OPENED, ALIVE, EVENT, REFUSED, CLOSED = "opened", "alive", "event", "refused", "closed"
LONGEST_LINE = 64 * 1024
T = TypeVar("T")


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What a window is to show: the newest frame in `memory` (empty: none yet), in this shape, or a card in its place.

    The first order opens it: display, fullscreen and size are not looked at later. hold_s:
    how long the last picture stays when the show is gone without a word. end: close.
    """

    number: int = 1
    name: str = ""
    display: int = 0
    fullscreen: bool = False
    size: tuple[int, int] = (1280, 720)
    memory: str = ""
    shape: OutputShape = PLAIN
    card: Card = Card.OFF
    hold_s: float = 5.0
    end: bool = False


class Word(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a window's process says. OPENED: it is there; ALIVE: twice a second; EVENT: a person pressed `event`;
    REFUSED: it cannot be, for `reason`; CLOSED: a person closed it.

    displays: how many there are. shown: the frames it showed.
    """

    what: str
    displays: int = 0
    shown: int = 0
    event: str = ""
    reason: str = ""


def line_of(message: msgspec.Struct) -> bytes:
    """As one line."""
    return msgspec.json.encode(message) + b"\n"


def read_line(line: bytes, kind: type[T]) -> T | None:
    """What a line says; None for one that says nothing of this kind."""
    try:
        return msgspec.json.decode(line, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
