"""Where one OSC packet ends and the next begins in a stream: a length before each (OSC 1.0) or SLIP (OSC 1.1).

A `Deframer` finds out by the first byte which of them the other side speaks: a length of at most `PACKET_LIMIT` begins
with 0, a SLIP stream with END or, where END only ends packets, with the `/` or `#` of the first packet.
"""

from __future__ import annotations

import struct
from enum import Enum

from chromesthesia.core.errors import NetworkError

PACKET_LIMIT = 65_536
"""Largest packet that is taken from a stream, in bytes."""

_LENGTH = struct.Struct(">I")
_END, _ESC = b"\xc0", b"\xdb"
_ESC_END, _ESC_ESC = b"\xdb\xdc", b"\xdb\xdd"


class FramingError(NetworkError):
    """A stream in which no packets can be found any more."""


class Framing(Enum):
    """How packets are told apart in a stream."""

    LENGTH = "length prefix"
    SLIP = "SLIP"


def frame(packet: bytes, framing: Framing) -> bytes:
    """`packet` as it goes into the stream; SLIP with END on both sides."""
    if framing is Framing.LENGTH:
        return _LENGTH.pack(len(packet)) + packet
    return _END + packet.replace(_ESC, _ESC_ESC).replace(_END, _ESC_END) + _END


class Deframer:
    """Packets out of the bytes of one stream, in whatever pieces they come. Keeps at most about two packets."""

    def __init__(self) -> None:
        self.framing: Framing | None = None
        """Known from the first byte on."""
        self._buffer = bytearray()

    @property
    def kept(self) -> int:
        """Bytes that wait for the rest of their packet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> list[bytes]:
        """The packets that are whole now, empty ones left out. Raises FramingError; the stream is lost then."""
        if not data:
            return []
        if self.framing is None:
            self.framing = _framing_of(data[0])
        return self._lengths(data) if self.framing is Framing.LENGTH else self._slip(data)

    def _lengths(self, data: bytes) -> list[bytes]:
        buffer = self._buffer
        buffer += data
        packets: list[bytes] = []
        position = 0
        while position + _LENGTH.size <= len(buffer):
            (size,) = _LENGTH.unpack_from(buffer, position)
            if size > PACKET_LIMIT:
                raise FramingError(f"OSC packet of {size} bytes in a stream", f"send at most {PACKET_LIMIT}")
            end = position + _LENGTH.size + size
            if end > len(buffer):
                break
            if size:
                packets.append(bytes(buffer[position + _LENGTH.size : end]))
            position = end
        del buffer[:position]
        return packets

    def _slip(self, data: bytes) -> list[bytes]:
        # Only what is new is searched: a packet that comes byte by byte is not read from its start each time.
        whole: list[bytes] = []
        if _END in data:
            *whole, rest = bytes(self._buffer + data).split(_END)
            self._buffer = bytearray(rest)
        else:
            self._buffer += data
        for size in (len(self._buffer), *map(len, whole)):
            if size > 2 * PACKET_LIMIT:
                raise FramingError(f"more than {2 * PACKET_LIMIT} bytes of SLIP without an end", "send END")
        return [_unescaped(part) for part in whole if part]


def _framing_of(first: int) -> Framing:
    if first == 0:
        return Framing.LENGTH
    if first in b"\xc0/#":
        return Framing.SLIP
    raise FramingError(
        f"a stream that begins with {bytes([first])!r} is no OSC",
        "send packets with a length prefix, or as SLIP",
    )


def _unescaped(part: bytes) -> bytes:
    escapes = part.count(_ESC)
    if not escapes:
        return part
    if part.count(_ESC_END) + part.count(_ESC_ESC) != escapes:
        raise FramingError("a SLIP escape that is none", "ESC is followed by 0xdc or 0xdd")
    return part.replace(_ESC_END, _END).replace(_ESC_ESC, _ESC)
