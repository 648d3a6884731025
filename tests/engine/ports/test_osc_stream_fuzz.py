"""Fuzz of what surrounds packets: streams in any framing and any pieces, and who may subscribe to what."""

from __future__ import annotations

import logging
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fuzzing import check_told, examples_asked, growth_bytes, in_time, memory_traced, settings_for

from chromesthesia.control.actions import LONGEST_SUBSCRIPTION_S, commands_of
from chromesthesia.control.commands import Subscribe, Unsubscribe
from chromesthesia.control.controller import Controller
from chromesthesia.control.waiting import QUEUE_LIMIT, SCHEDULE_LIMIT
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.errors import ChromesthesiaError
from chromesthesia.params.actions import ACTIONS, OSC_SUBSCRIBE, OSC_UNSUBSCRIBE
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import Preset, PresetLibrary
from chromesthesia.params.tree import ParameterTree
from chromesthesia.params.twins import twins
from chromesthesia.ports.osc.audience import SUBSCRIBER_LIMIT, Audience, Ways, handlers
from chromesthesia.ports.osc.codec import encode_bundle, encode_message
from chromesthesia.ports.osc.framing import PACKET_LIMIT, Deframer, Framing, FramingError, frame
from chromesthesia.ports.osc.output import PACKET_LIMIT as TOLD_LIMIT
from chromesthesia.ports.osc.port import OscPort
from chromesthesia.ports.osc.reading import PacketReader
from chromesthesia.ports.osc.senders import AllowedSenders
from chromesthesia.show.control_loop import ControlLoop
from chromesthesia.testing.network import FakeDatagrams

fuzz = settings_for(80)
STEP_S = 0.001

packets = st.lists(st.binary(min_size=1, max_size=60), max_size=8)
framings = st.sampled_from(list(Framing))
signs = st.sampled_from(
    [b"\xc0", b"\xdb", b"\xdb\xdc", b"\xdb\xdd", b"\0", b"\0\0\0\4", b"\0\1\0\0", b"/a\0\0", b"\xff"]
)
noise = st.lists(st.one_of(signs, st.binary(max_size=20)), max_size=30).map(b"".join)


def pieces(stream: bytes, sizes: list[int]) -> list[bytes]:
    """The stream cut into pieces of these sizes, round and round."""
    found: list[bytes] = []
    start = turn = 0
    while start < len(stream):
        size = sizes[turn % len(sizes)]
        found.append(stream[start : start + size])
        start, turn = start + size, turn + 1
    return found


@fuzz
@given(packets, framings, st.lists(st.integers(1, 90), min_size=1, max_size=5))
def test_fuzz_packets_survive_any_cutting(sent: list[bytes], framing: Framing, sizes: list[int]) -> None:
    if framing is Framing.SLIP and not sent:
        return
    deframer = Deframer()
    stream = b"".join(frame(packet, framing) for packet in sent)
    found = [packet for piece in pieces(stream, sizes) for packet in deframer.feed(piece)]
    assert found == sent
    assert deframer.kept == 0


@fuzz
@given(
    st.sampled_from([b"", b"\0", b"\xc0", b"/"]), noise, st.lists(st.integers(1, 50), min_size=1, max_size=4)
)
def test_fuzz_any_stream_gives_packets_or_the_one_error(first: bytes, rest: bytes, sizes: list[int]) -> None:
    stream = first + rest
    deframer = Deframer()
    taken = 0
    with in_time():
        try:
            for piece in pieces(stream, sizes):
                for packet in deframer.feed(piece):
                    assert packet
                    taken += len(packet)
                assert deframer.kept <= 2 * PACKET_LIMIT
        except FramingError as error:
            check_told(error)
    assert taken <= len(stream)


@fuzz
@given(noise)
def test_fuzz_how_a_stream_is_cut_does_not_matter(rest: bytes) -> None:
    stream = b"\xc0" + rest

    def read(sizes: list[int]) -> list[bytes]:
        deframer, found = Deframer(), []
        try:
            for piece in pieces(stream, sizes):
                found += deframer.feed(piece)
        except FramingError:
            return []
        return found

    assert read([1]) == read([len(stream)]) or not read([len(stream)])


def test_fuzz_streams_leave_nothing_behind() -> None:
    def one(stream: bytes) -> None:
        deframer = Deframer()
        try:
            for start in range(0, len(stream), 100):
                deframer.feed(stream[start : start + 100])
        except FramingError:
            pass

    streams = [b"\xc0" + bytes([number]) * 1000 for number in range(20)]
    assert growth_bytes(one, streams) < 64 * 1024


hosts = st.one_of(
    st.sampled_from(
        [
            "127.0.0.1",
            "localhost",
            "10.0.0.7",
            "10.0.0.8",
            "10.0.9.9",
            "239.1.1.1",
            "0.0.0.0",
            "255.255.255.255",
            "::1",
            "",
        ]
    ),
    st.text(max_size=20),
    st.integers(),
    st.floats(),
    st.none(),
    st.binary(max_size=8),
)
numbers = st.one_of(
    st.sampled_from([0, 1, 9000, 9001, 65_535, 65_536, 60.0, "60", "9001", True]),
    st.integers(),
    st.floats(),
    st.text(max_size=8),
    st.none(),
)
arguments = st.lists(st.one_of(hosts, numbers), max_size=4) | st.tuples(hosts, numbers, numbers).map(list)
sources = st.sampled_from(
    [
        "osc:10.0.0.7:4000",
        "osc:10.0.0.7:4000/tcp",
        "osc:127.0.0.1:4000",
        "keyboard",
        "osc:999.1.1.1:99999",
        "oscquery:10.0.0.7:80",
    ]
)


class Hall:
    """An audience for all inputs: what one leaves behind meets the next."""

    def __init__(self) -> None:
        self.sent = FakeDatagrams()
        self.now_s = 0.0
        allowed = AllowedSenders(["10.0.0.8"])
        ways = Ways(self.sent, 9000, self.sent, lambda sender: True, allowed, lambda host: host[:4] == "127.")
        self.audience = Audience(ParameterTree(PARAMETERS), (), ways)


HALL = Hall()


@fuzz
@given(st.lists(st.tuples(st.booleans(), arguments, sources), min_size=1, max_size=6))
def test_fuzz_who_is_told_is_who_may_be(asked: list[tuple[bool, list[object], str]]) -> None:
    hall = HALL
    logging.disable(logging.INFO)
    try:
        with in_time():
            for is_more, given_, source in asked:
                action = OSC_SUBSCRIBE if is_more else OSC_UNSUBSCRIBE
                for command in commands_of(action, given_, source) or ():
                    try:
                        if isinstance(command, Subscribe):
                            hall.audience.subscribe(command, hall.now_s)
                        elif isinstance(command, Unsubscribe):
                            hall.audience.unsubscribe(command, hall.now_s)
                    except ChromesthesiaError as error:
                        check_told(error)
            hall.audience.publish(hall.now_s, [], dict)
    finally:
        logging.disable(logging.NOTSET)
    hall.now_s += 0.5
    assert len(hall.audience.targets) <= SUBSCRIBER_LIMIT
    for target in hall.audience.targets:
        assert target.host in ("127.0.0.1", "10.0.0.7", "10.0.0.8") or target.host.startswith("127.")
        assert 0 < target.port < 65_536
        assert not (target.host.startswith("127.") and target.port == 9000 and not target.way)
    assert all(len(payload) <= TOLD_LIMIT for payload, _, _ in hall.sent.sent)
    hall.sent.sent.clear()


VALID = [
    *(encode_message(param.path, (param.default,)) for param in PARAMETERS if param.writable),
    *(encode_message(twin.address, (1,)) for param in PARAMETERS for twin in twins(param)),
    *(encode_message(action.path, ("127.0.0.1", 9001)) for action in ACTIONS),
    encode_message("/osc/subscribe", ("10.0.0.7", 9001, 5.0)),
    encode_message("/osc/unsubscribe", ("10.0.0.7", 9001)),
    encode_message("/preset/morph", ("Ash", "2.5")),
    encode_bundle([encode_message("/osc/subscribe"), encode_message("/look/*/amount", ("0.5",))]),
]


def hostile(source: random.Random) -> bytes:
    """Some packets in a framing, some of them damaged before and some of the stream behind."""
    framing = source.choice(list(Framing))
    sent = bytearray()
    for _ in range(source.randrange(1, 5)):
        packet = bytearray(source.choice(VALID))
        if source.random() < 0.4:
            packet[source.randrange(len(packet))] = source.choice((0, 0x2A, 0x2F, 0xC0, 0xDB, 0xFF))
        sent += frame(bytes(packet), framing)
    kind = source.randrange(6)
    if kind == 0:
        sent[source.randrange(len(sent))] = source.randrange(256)
    elif kind == 1:
        del sent[source.randrange(len(sent)) :]
    elif kind == 2:
        at = source.randrange(len(sent))
        sent[at:at] = source.randbytes(source.randrange(12))
    elif kind == 3:
        sent[:0] = source.randbytes(source.randrange(4))
    return bytes(sent)


def test_fuzz_the_whole_way_from_a_stream_to_those_who_are_told(caplog: pytest.LogCaptureFixture) -> None:
    """Streams, subscriptions, nudges, packs at one show: no error, no growth, a line a second at most of each kind."""
    clock, wire = ManualClock(), FakeDatagrams()
    tree = ParameterTree(PARAMETERS)
    controller = Controller(tree, PresetLibrary((Preset("Ash"), Preset("Ember"))))
    ways = Ways(wire, 9000, wire, lambda sender: True, None, lambda host: host[:4] == "127.")
    audience = Audience(tree, (), ways)
    for kind, do in handlers(audience).items():
        controller.handle(kind, do)
    reader = PacketReader(tree, clock, wall_time_s=lambda: 1.7e9 + clock.now_s())
    loop = ControlLoop(controller, clock, [OscPort(None, audience)])
    source = random.Random(7)
    broken = lines = 0

    def attack(count: int) -> None:
        nonlocal broken, lines
        for number in range(count):
            sender = f"osc:10.0.0.7:{source.randrange(4000, 4040)}/tcp"
            stream, size = hostile(source), source.randrange(1, 200)
            deframer = Deframer()
            try:
                for start in range(0, len(stream), size):
                    for packet in deframer.feed(stream[start : start + size]):
                        for asked in reader.read(packet, sender):
                            controller.post(*asked.commands, at_s=asked.at_s)
            except FramingError:
                broken += 1
            clock.advance(STEP_S)
            if number % 25 == 0:
                loop.step(clock.now_s())
                assert len(audience.targets) <= SUBSCRIBER_LIMIT
                assert controller.waiting <= QUEUE_LIMIT + SCHEDULE_LIMIT
                assert all(len(payload) <= TOLD_LIMIT for payload, _, _ in wire.sent)
                wire.sent.clear()
                lines += len(caplog.records)
                assert all(record.getMessage().isprintable() for record in caplog.records)
                caplog.clear()

    def rest() -> None:
        """Do all that waits, and end all subscriptions: how many there are is not the question here."""
        for _ in range(2):  # what was scheduled may itself subscribe
            clock.advance(LONGEST_SUBSCRIPTION_S)
            loop.step(clock.now_s())
        assert (audience.targets, controller.waiting) == ((), 0)
        wire.sent.clear()
        caplog.clear()

    count = examples_asked(400)
    with memory_traced() as held_bytes:
        attack(count)
        rest()
        before = held_bytes()
        attack(count)
        rest()
        grown = held_bytes() - before
    assert grown < 128 * 1024
    assert broken > 0
    assert reader.counters.messages > count
    assert reader.counters.malformed > 0
    assert loop.heart.failures == 0
    assert lines <= 8 * (2 * count * STEP_S + 1)
