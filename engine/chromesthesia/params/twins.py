"""The addresses beside a parameter's own: a choice by its number, a relative move, a switch turned over.

They are made from the declaration, so no parameter has to name them. They are suffixes and not addresses below the
parameter's: an address that is both a value and a container fits neither OSC's methods nor OSCQuery's clients.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from chromesthesia.params.declaration import Param


class TwinKind(StrEnum):
    """What a twin does; the value is its suffix."""

    INDEX = "_index"
    NUDGE = "_nudge"
    TOGGLE = "_toggle"


@dataclass(frozen=True, slots=True)
class Twin:
    """One more address of a parameter. type_tag: of what it takes; readable: whether partners are told its value."""

    address: str
    path: str
    kind: TwinKind
    type_tag: str
    description: str
    readable: bool = False


def index_address(param: Param) -> str | None:
    """The address that carries a choice as a number, for partners that know no strings; None when not a choice."""
    return param.path + TwinKind.INDEX if param.choices else None


def twins(param: Param) -> tuple[Twin, ...]:
    """The twins of one parameter; of a reading only what can be told."""
    found: list[Twin] = []
    if param.choices:
        found.append(
            Twin(
                param.path + TwinKind.INDEX,
                param.path,
                TwinKind.INDEX,
                "i",
                "The same choice by its number from 0",
                True,
            )
        )
    if param.writable and (param.is_number or param.choices):
        tag = "f" if param.is_float else "i"
        what = (
            "So many choices on, round and round" if param.choices else "Moves it by so much from where it is"
        )
        found.append(Twin(param.path + TwinKind.NUDGE, param.path, TwinKind.NUDGE, tag, what))
    if param.writable and isinstance(param.default, bool):
        found.append(
            Twin(param.path + TwinKind.TOGGLE, param.path, TwinKind.TOGGLE, "T", "Turns it the other way")
        )
    return tuple(found)
