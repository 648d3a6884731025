"""Packets to the letter of the specification, checked against an independent implementation."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pythonosc.osc_bundle import OscBundle as TheirBundle
from pythonosc.osc_bundle_builder import IMMEDIATELY as THEIR_IMMEDIATELY
from pythonosc.osc_bundle_builder import OscBundleBuilder
from pythonosc.osc_message import OscMessage as TheirMessage
from pythonosc.osc_message_builder import OscMessageBuilder

from chromesthesia.ports.osc.codec import (
    IMMEDIATELY,
    NESTING_LIMIT,
    OscBundle,
    OscDecodeError,
    OscMessage,
    decode,
    encode_bundle,
    encode_message,
    seconds_ahead,
    wall_s_to_time_tag,
)

ADDRESSES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30).map(
    lambda text: "/" + text
)
ARGUMENTS = st.lists(
    st.one_of(
        st.integers(-(2**31), 2**31 - 1),
        st.floats(width=32, allow_nan=False),
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20),
        st.binary(min_size=1, max_size=20),
        st.booleans(),
        st.none(),
    ),
    max_size=6,
)


@given(ADDRESSES, ARGUMENTS)
def test_what_is_encoded_is_decoded(address: str, arguments: list[int | float | str | bytes | None]) -> None:
    assert decode(encode_message(address, arguments)) == OscMessage(address, tuple(arguments))


def test_python_osc_reads_our_messages() -> None:
    arguments: list[int | float | str | bytes | None] = [1, -0.5, "höhe", b"\1\2\3", True, False, None]
    theirs = TheirMessage(encode_message("/a/b", arguments))
    assert theirs.address == "/a/b"
    assert list(theirs.params) == arguments


def test_we_read_the_messages_of_python_osc() -> None:
    builder = OscMessageBuilder("/look/warp")
    for value, tag in (
        (3, "i"),
        (0.25, "f"),
        ("abc", "s"),
        (2**40, "h"),
        (0.1, "d"),
        (True, "T"),
        (b"\1", "b"),
    ):
        builder.add_arg(value, tag)
    assert decode(builder.build().dgram) == OscMessage(
        "/look/warp", (3, 0.25, "abc", 2**40, 0.1, True, b"\1")
    )


def test_bundles_agree_with_python_osc_both_ways() -> None:
    inner = OscMessageBuilder("/a")
    inner.add_arg(1, "i")
    builder = OscBundleBuilder(THEIR_IMMEDIATELY)
    builder.add_content(inner.build())
    nested = OscBundleBuilder(THEIR_IMMEDIATELY)
    nested.add_content(builder.build())
    expected = OscBundle(IMMEDIATELY, (OscBundle(IMMEDIATELY, (OscMessage("/a", (1,)),)),))
    assert decode(nested.build().dgram) == expected
    theirs = TheirBundle(encode_bundle([encode_message("/a", (1,)), encode_message("/b", ("x",))]))
    assert [message.address for message in theirs] == ["/a", "/b"]


def test_arrays_lie_flat_and_old_senders_without_tags_are_read() -> None:
    packet = b"/a\0\0,[ii]i\0\0" + struct.pack(">iii", 1, 2, 3)
    assert decode(packet) == OscMessage("/a", (1, 2, 3))
    assert decode(b"/abc\0\0\0\0") == OscMessage("/abc")


@pytest.mark.parametrize("ahead_s", [0.25, -3.0, 0.0, 1e9])
@pytest.mark.parametrize("wall_s", [1_700_000_000.0, 2_085_978_495.9])
def test_time_tags_are_read_across_the_turn_of_2036(wall_s: float, ahead_s: float) -> None:
    assert seconds_ahead(wall_s_to_time_tag(wall_s + ahead_s), wall_s) == pytest.approx(ahead_s, abs=1e-5)
    assert 0 <= wall_s_to_time_tag(wall_s + ahead_s) < 2**64


def test_we_never_send_what_max_reads_as_zero() -> None:
    packet = encode_message("/a", (1, 0.5, True))
    assert b",ifT" in packet


@pytest.mark.parametrize(
    ("address", "argument"),
    [
        ("/a", 2**31),
        ("/a", -(2**31) - 1),
        ("/a", 1e39),
        ("/a", "a\0b"),
        ("/a", "\ud800"),
        ("/a", b""),
        ("/a\0b", 1),
        ("/\ud800", 1),
        ("", 1),
    ],
)
def test_what_a_message_cannot_hold_is_refused(address: str, argument: int | float | str | bytes) -> None:
    with pytest.raises(ValueError, match="OSC"):
        encode_message(address, (argument,))


@pytest.mark.parametrize("edge", [2**31 - 1, -(2**31), 3.4028234e38])
def test_the_largest_numbers_are_told_as_they_are(edge: float) -> None:
    packet = encode_message("/a", (edge,))
    assert packet[4:8] == (b",i\0\0" if isinstance(edge, int) else b",f\0\0")
    heard = decode(packet)
    assert isinstance(heard, OscMessage)
    assert heard.arguments == (pytest.approx(edge),)


def test_an_empty_blob_is_read() -> None:
    assert decode(b"/a\0\0,b\0\0\0\0\0\0") == OscMessage("/a", (b"",))


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        b"\0\0\0\0",
        b"/a",
        b"/abc",
        b"abc\0",
        b"/\xff\0\0,\0\0\0",
        b"/a\0\0i\0\0\0\0\0\0\1",
        b"/a\0\0,i\0\0",
        b"/a\0\0,s\0\0abcd",
        b"/a\0\0,b\0\0\0\0\0\7abc\0",
        b"/a\0\0,b\0\0\xff\xff\xff\xff",
        b"/a\0\0,Q\0\0",
        b"/a\0\0,\0\0\0\0\0\0\1",
        b"#bundle\0",
        b"#bundle\0\0\0\0\0",
        b"#bundle\0\0\0\0\0\0\0\0\1\0\0\0\x40/a\0\0",
        b"#bundle\0\0\0\0\0\0\0\0\1\0\0\0\0",
        b"#bundle\0\0\0\0\0\0\0\0\1\xff\xff\xff\xfc",
        b"#bundle\0\0\0\0\0\0\0\0\1\0\0\0\3/a\0\0",
    ],
)
def test_broken_packets_raise_the_one_error(packet: bytes) -> None:
    with pytest.raises(OscDecodeError):
        decode(packet)


def test_nesting_is_bounded() -> None:
    packet = encode_message("/a", (1,))
    for _ in range(NESTING_LIMIT):
        packet = encode_bundle([packet])
    assert isinstance(decode(packet), OscBundle)
    with pytest.raises(OscDecodeError, match="nested"):
        decode(encode_bundle([packet]))


@given(st.binary(max_size=200), st.sampled_from([b"", b"/a\0\0,", b"#bundle\0\0\0\0\0\0\0\0\1"]))
def test_any_bytes_give_a_packet_or_the_one_error(tail: bytes, head: bytes) -> None:
    try:
        packet = decode(head + tail)
    except OscDecodeError:
        return
    assert isinstance(packet, OscMessage | OscBundle)
