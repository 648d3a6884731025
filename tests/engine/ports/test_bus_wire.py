"""What is said on the bus: there and back, and nothing that anybody sends is more than refused."""

from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chromesthesia.core.errors import NetworkError
from chromesthesia.ports.bus import wire
from chromesthesia.ports.bus.wire import (
    Ask,
    Echo,
    Frame,
    KeyTold,
    Lease,
    Message,
    Probe,
    Status,
    decode,
    encode,
    packed,
    unpacked,
)

MESSAGES: tuple[Message, ...] = (
    Frame(3, "ear-1", "show", 7, 1_000_000, 100_000, b"events"),
    Lease(3, "ear-1", "show", True),
    Echo(3, "ear-1", "show", -5, 1_000_000),
    KeyTold(3, "ear-1", "show", 7, 100_000, b"head", b"key"),
    Probe("light", -5),
    Ask("light"),
    Status("light", 3, 1, -2, 3, 4, 5, 6, 7, True),
)


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_every_message_comes_back(message: Message) -> None:
    assert decode(encode(message)) == message


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_or_read(content: bytes) -> None:
    try:
        decode(content)
    except NetworkError:
        return


@given(st.sampled_from(MESSAGES), st.data())
def test_changed_messages_are_refused_or_hold_what_may_be(message: Message, data: st.DataObject) -> None:
    content = bytearray(encode(message))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        read = decode(bytes(content))
    except NetworkError:
        return
    assert decode(encode(read)) == read


@pytest.mark.parametrize(
    "message",
    [
        Probe("../other/room", 0),
        Probe("", 0),
        Ask("x" * 65),
        Lease(-1, "ear", "show", True),
        Frame(1, "ear", "show", 1, -1, 0, b""),
        Frame(1, "ear", "show", 1, 0, 0, bytes(wire.LARGEST_MESSAGE + 1)),
        KeyTold(1, "ear", "show", 1, 0, b"", bytes(wire.LARGEST_KEY + 1)),
        Status("light", 1, 1 << 60, 0, 0, 0, 0, 0, 0, True),
    ],
    ids=str,
)
def test_what_is_beyond_its_bounds_is_refused(message: Message) -> None:
    with pytest.raises(NetworkError):
        decode(encode(message))


def test_deep_nests_and_floods_are_refused() -> None:
    with pytest.raises(NetworkError):
        decode(b"\x91" * 100_000)
    with pytest.raises(NetworkError, match="so large"):
        decode(bytes(wire.LARGEST_KEY + 3 * wire.LARGEST_MESSAGE))


def test_a_key_that_would_fill_the_memory_is_refused() -> None:
    bomb = zlib.compress(bytes(wire.LARGEST_KEY_UNPACKED + 1), 9)
    with pytest.raises(NetworkError, match="too large"):
        unpacked(bomb)
    assert unpacked(packed(b"state")) == b"state"


@given(st.binary(max_size=200))
def test_any_bytes_are_no_key(content: bytes) -> None:
    try:
        unpacked(content)
    except NetworkError:
        return
