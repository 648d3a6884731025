"""Packets out of streams, however they are cut."""

from __future__ import annotations

import struct

import pytest

from chromesthesia.ports.osc.codec import encode_bundle, encode_message
from chromesthesia.ports.osc.framing import PACKET_LIMIT, Deframer, Framing, FramingError, frame

PACKETS = [
    encode_message("/a", (0.5,)),
    encode_message("/status/source", ("text with \u00c0 \u00db",)),
    bytes(range(256)),
    b"\xc0\xdb\xdc\xdd\xdb\xc0\xdb\xdd",
    encode_bundle([encode_message("/b")]),
]


@pytest.mark.parametrize("framing", list(Framing))
@pytest.mark.parametrize("size", [1, 2, 3, 7, 100_000])
def test_packets_come_back_whole_in_pieces_of_any_size(framing: Framing, size: int) -> None:
    stream = b"".join(frame(packet, framing) for packet in PACKETS)
    deframer = Deframer()
    found = [
        packet
        for start in range(0, len(stream), size)
        for packet in deframer.feed(stream[start : start + size])
    ]
    assert found == PACKETS
    assert (deframer.framing, deframer.kept) == (framing, 0)


def test_the_bytes_are_those_of_the_specifications() -> None:
    assert frame(b"/a\0\0", Framing.LENGTH) == b"\0\0\0\4/a\0\0"
    assert frame(b"/\xc0\xdb\0", Framing.SLIP) == b"\xc0/\xdb\xdc\xdb\xdd\0\xc0"


def test_slip_that_only_ends_packets_is_understood() -> None:
    deframer = Deframer()
    assert deframer.feed(b"/a\0\0\xc0#b") == [b"/a\0\0"]
    assert deframer.feed(b"\0\0\xc0\xc0\xc0") == [b"#b\0\0"]
    assert deframer.framing is Framing.SLIP


def test_empty_packets_are_left_out() -> None:
    assert Deframer().feed(bytes(8) + b"\0\0\0\4/a\0\0") == [b"/a\0\0"]
    assert Deframer().feed(b"") == []


@pytest.mark.parametrize(
    "stream",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01",
        struct.pack(">I", PACKET_LIMIT + 1),
        b"\0\xff\xff\xff",
        b"\xc0/a\xdb\0\xc0",
        b"\xc0/a\xdb\xc0",
        b"\xc0" + bytes(2 * PACKET_LIMIT + 1),
        b"\xc0" + bytes(2 * PACKET_LIMIT + 1) + b"\xc0",
    ],
)
def test_what_is_no_osc_is_refused(stream: bytes) -> None:
    with pytest.raises(FramingError) as caught:
        Deframer().feed(stream)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("first", [b"\xc0", b"\0\1\0\0"])
def test_what_is_kept_is_bounded(first: bytes) -> None:
    deframer = Deframer()
    deframer.feed(first)
    most = 0
    try:
        for _ in range(1000):
            deframer.feed(b"\1" * 1000)
            most = max(most, deframer.kept)
    except FramingError:
        pass
    assert most <= 2 * PACKET_LIMIT
