"""From a method's values to the OSC message that tells them, by its type tags."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

from chromesthesia.ports.osc.codec import encode_message
from chromesthesia.ports.oscquery.nodes import Item, Node

LARGEST_FLOAT = 3.4028234e38
_FLOAT = struct.Struct(">f")
_KINDS = {"f": float, "i": int, "T": bool, "F": bool, "s": str}

Encode = Callable[[Sequence[Item]], bytes | None]
"""Gives the message; None for values that no message can tell."""


def encoder(node: Node) -> Encode:
    """What encodes the values of the method `node`; made once, since a message's head is always the same."""
    if node.type_tags == "f":
        return _one_float(node.path)

    def encode(values: Sequence[Item]) -> bytes | None:
        try:
            return encode_message(
                node.path, [_as(tag, value) for tag, value in zip(node.type_tags, values, strict=True)]
            )
        except (ValueError, TypeError, OverflowError):
            return None

    return encode


def _one_float(path: str) -> Encode:
    head = encode_message(path, (0.0,))[:-4]

    def encode(values: Sequence[Item]) -> bytes | None:
        (value,) = values
        if not isinstance(value, float | int) or not abs(value) <= LARGEST_FLOAT:
            return None
        return head + _FLOAT.pack(value)

    return encode


def _as(tag: str, value: Item) -> Item:
    if value is None or tag in "NI":
        return None
    kind: type[float] | type[int] | type[bool] | type[str] = _KINDS[tag]
    return kind(value)
