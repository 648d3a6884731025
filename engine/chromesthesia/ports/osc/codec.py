"""OSC packets to and from bytes, after the OSC 1.0 specification with the common 1.1 type tags.

Messages are built by python-osc. What comes in is read here, and bundles are put together here: what python-osc would
do to a show at both is measured in docs/decisions/0010-osc-and-python-osc.md.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from pythonosc.osc_message_builder import BuildError, OscMessageBuilder

from chromesthesia.core.errors import NetworkError

Argument = int | float | bool | str | bytes | None

IMMEDIATELY = 1
"""Time tag that means now."""
NESTING_LIMIT = 8
"""Deepest nesting of bundles that is read."""
ELEMENT_LIMIT = 1024
"""Most messages and bundles in one packet."""
ARGUMENT_LIMIT = 1024
"""Most arguments of one message."""
NTP_TO_UNIX_S = 2_208_988_800
"""Seconds from 1900 (time tags) to 1970 (wall clock)."""

_INT = struct.Struct(">i")
_TIME_TAG = struct.Struct(">Q")
_BUNDLE = b"#bundle\0"
_CONSTANTS: dict[str, bool | float | None] = {"T": True, "F": False, "N": None, "I": float("inf")}
_FIXED = {
    "f": struct.Struct(">f"),
    "i": _INT,
    "d": struct.Struct(">d"),
    "h": struct.Struct(">q"),
    "t": _TIME_TAG,
    "c": _INT,
    "r": struct.Struct(">I"),
    "m": struct.Struct(">I"),
}


class OscDecodeError(NetworkError):
    """Bytes that are not an OSC packet."""


@dataclass(frozen=True, slots=True)
class OscMessage:
    """An address and its arguments; arrays are laid flat."""

    address: str
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class OscBundle:
    """Elements that belong to one moment; time_tag: 64-bit NTP time, `IMMEDIATELY` for now."""

    time_tag: int
    elements: tuple[OscMessage | OscBundle, ...]


def decode(packet: bytes) -> OscMessage | OscBundle:
    """Read one packet. Raises OscDecodeError, and nothing else, whatever the bytes are."""
    return _decode(packet, 0, len(packet), 0, [ELEMENT_LIMIT])


def encode_message(address: str, arguments: Sequence[Argument] = ()) -> bytes:
    """The packet for one message. Floats go as `f`, whole numbers as `i`, never as `d` or `h`.

    Raises ValueError for a whole number beyond 32 bits, a float beyond 32, a text with a zero byte, an empty blob, and
    an empty address.
    """
    builder = OscMessageBuilder(_text(address))
    for argument in arguments:
        # Left to guess, python-osc sends a whole number beyond 32 bits as `h`, which some partners read as zero.
        builder.add_arg(_text(argument) if isinstance(argument, str) else argument, _tag(argument))
    try:
        return builder.build().dgram
    except (BuildError, OverflowError) as error:
        raise ValueError(f"OSC message to {address[:40]!r} cannot be built: {error}") from error


def encode_bundle(elements: Sequence[bytes], time_tag: int = IMMEDIATELY) -> bytes:
    """The packet for a bundle of encoded messages or bundles."""
    return b"".join(
        [_BUNDLE, _TIME_TAG.pack(time_tag), *(_INT.pack(len(element)) + element for element in elements)]
    )


def wall_s_to_time_tag(wall_s: float) -> int:
    """The 64-bit NTP time tag of a time in seconds since 1970; time tags start again from 0 in 2036."""
    return int((wall_s + NTP_TO_UNIX_S) * 2**32) % 2**64


def seconds_ahead(time_tag: int, wall_s: float) -> float:
    """How far `time_tag` lies after the time `wall_s` (seconds since 1970); within 68 years either way."""
    difference = (time_tag - wall_s_to_time_tag(wall_s)) % 2**64
    return (difference - 2**64 if difference >= 2**63 else difference) / 2**32


def _decode(data: bytes, start: int, end: int, depth: int, budget: list[int]) -> OscMessage | OscBundle:
    if (end - start) % 4 or end == start:
        raise OscDecodeError(f"OSC element of {end - start} bytes", "sizes are multiples of 4")
    if data.startswith(_BUNDLE, start, end):
        return _decode_bundle(data, start + len(_BUNDLE), end, depth, budget)
    if data[start] != 0x2F:
        raise OscDecodeError(f"OSC address starts with {data[start : start + 1]!r}", "it must start with /")
    address, position = _decode_string(data, start, end)
    if position == end:
        return OscMessage(address)
    tags, position = _decode_string(data, position, end)
    if not tags.startswith(","):
        raise OscDecodeError(f"no type tags after {address[:60]!r}", "send a type tag string")
    return OscMessage(address, _decode_arguments(data, position, end, tags))


def _decode_bundle(data: bytes, position: int, end: int, depth: int, budget: list[int]) -> OscBundle:
    if depth >= NESTING_LIMIT:
        raise OscDecodeError(f"OSC bundles nested deeper than {NESTING_LIMIT}", "send flat bundles")
    if position + 8 > end:
        raise OscDecodeError("OSC bundle without time tag", "the packet is cut off")
    (time_tag,) = _TIME_TAG.unpack_from(data, position)
    position += 8
    elements: list[OscMessage | OscBundle] = []
    while position < end:
        budget[0] -= 1
        if budget[0] < 0:
            raise OscDecodeError(f"more than {ELEMENT_LIMIT} elements in one packet", "send several packets")
        size = _INT.unpack_from(data, position)[0]
        position += 4
        if not 0 < size <= end - position:
            raise OscDecodeError(
                f"OSC bundle element of {size} bytes in {end - position}", "the packet is cut off"
            )
        elements.append(_decode(data, position, position + size, depth + 1, budget))
        position += size
    return OscBundle(time_tag, tuple(elements))


def _decode_arguments(data: bytes, position: int, end: int, tags: str) -> tuple[Argument, ...]:
    if len(tags) > 1 + ARGUMENT_LIMIT:
        raise OscDecodeError(f"an OSC message of {len(tags) - 1} arguments", f"send at most {ARGUMENT_LIMIT}")
    arguments: list[Argument] = []
    for tag in tags[1:]:
        fixed = _FIXED.get(tag)
        if fixed is not None:
            if position + fixed.size > end:
                raise OscDecodeError(f"OSC argument {tag!r} is cut off", "the packet is incomplete")
            arguments.append(fixed.unpack_from(data, position)[0])
            position += fixed.size
        elif tag in _CONSTANTS:
            arguments.append(_CONSTANTS[tag])
        elif tag in "sS":
            text, position = _decode_string(data, position, end)
            arguments.append(text)
        elif tag == "b":
            blob, position = _decode_blob(data, position, end)
            arguments.append(blob)
        elif tag not in "[]":
            raise OscDecodeError(f"unknown OSC type tag {tag!r}", "use i, f, s, T or F")
    if position != end:
        raise OscDecodeError(f"{end - position} bytes after the last OSC argument", "check the type tags")
    return tuple(arguments)


def _decode_string(data: bytes, start: int, end: int) -> tuple[str, int]:
    stop = data.find(0, start, end)
    if stop < 0:
        raise OscDecodeError("OSC string without an end", "the packet is cut off")
    try:
        text = data[start:stop].decode()
    except UnicodeDecodeError:
        raise OscDecodeError(f"OSC string {data[start : min(stop, start + 40)]!r}", "send UTF-8") from None
    return text, (stop | 3) + 1


def _decode_blob(data: bytes, position: int, end: int) -> tuple[bytes, int]:
    if position + 4 > end:
        raise OscDecodeError("OSC blob without a size", "the packet is cut off")
    size = _INT.unpack_from(data, position)[0]
    position += 4
    if not 0 <= size <= end - position:
        raise OscDecodeError(f"OSC blob of {size} bytes in {end - position}", "the packet is cut off")
    return data[position : position + size], position + (size + 3) // 4 * 4


def _tag(argument: Argument) -> str:
    match argument:
        case bool():
            return "T" if argument else "F"
        case None:
            return "N"
        case int():
            return "i"
        case float():
            return "f"
        case str():
            return "s"
        case bytes():
            return "b"


def _text(text: str) -> str:
    """Text that an OSC string can hold; python-osc would send the zero byte and with it another message."""
    if "\0" in text:
        raise ValueError(f"an OSC string holds no zero byte: {text[:40]!r}")
    return text
