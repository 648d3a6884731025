"""Fuzz of the decoder and of everything behind it: one error only, bounded work, bounded memory, no torn line."""

from __future__ import annotations

import logging
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fuzzing import in_time, settings_for

from chromesthesia.control.commands import SetParameter
from chromesthesia.control.controller import Controller
from chromesthesia.control.waiting import QUEUE_LIMIT, SCHEDULE_LIMIT
from chromesthesia.core.clock import ManualClock
from chromesthesia.params.actions import ACTIONS
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import Preset, PresetLibrary
from chromesthesia.params.tree import ParameterTree
from chromesthesia.params.twins import twins
from chromesthesia.params.values import in_range
from chromesthesia.ports.osc.audience import Audience
from chromesthesia.ports.osc.codec import ELEMENT_LIMIT, OscBundle, OscDecodeError, OscMessage, decode
from chromesthesia.ports.osc.input import OscInput
from chromesthesia.ports.osc.output import OscOutput
from chromesthesia.ports.osc.pattern import STEPS_A_PACKET
from chromesthesia.ports.osc.port import OscPort
from chromesthesia.ports.osc.reading import PATTERN_CACHE
from chromesthesia.show.control_loop import ControlLoop
from chromesthesia.testing.network import FakeDatagrams

fuzz = settings_for()
WALL_S = 1_700_000_000.0
KNOWN = [
    address for param in PARAMETERS for address in (param.path, *(twin.address for twin in twins(param)))
]
COMMANDS = [action.path for action in ACTIONS]

texts = st.text(max_size=40)
patterns = st.lists(
    st.sampled_from(
        ["/", "//", "*", "?", "[a-z]", "[!/]", "{a,}", "{look,hud}", "look", "amount", "]", "{", "["]
    ),
    max_size=40,
).map(lambda parts: "/" + "".join(parts))
addresses = st.one_of(
    st.sampled_from(KNOWN), st.sampled_from(COMMANDS), patterns, texts.map(lambda text: "/" + text), texts
)
bodies = {
    "i": st.integers(-(2**31), 2**31 - 1).map(lambda number: struct.pack(">i", number)),
    "f": st.floats(width=32).map(lambda number: struct.pack(">f", number)),
    "d": st.floats().map(lambda number: struct.pack(">d", number)),
    "h": st.integers(-(2**63), 2**63 - 1).map(lambda number: struct.pack(">q", number)),
    "t": st.binary(min_size=8, max_size=8),
    "c": st.binary(min_size=4, max_size=4),
    "r": st.binary(min_size=4, max_size=4),
    "m": st.binary(min_size=4, max_size=4),
    "s": texts.map(lambda text: padded(text.encode(errors="replace").replace(b"\0", b""))),
    "b": st.binary(max_size=12).map(lambda blob: struct.pack(">i", len(blob)) + blob + bytes(-len(blob) % 4)),
    **{tag: st.just(b"") for tag in "TFNI[]"},
}


def padded(text: bytes) -> bytes:
    """As OSC writes a string."""
    return text + bytes(4 - len(text) % 4)


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """A message that is right in form, of any address and arguments."""
    tags = draw(st.text("".join(bodies), max_size=4))
    head = padded(draw(addresses).encode(errors="replace").replace(b"\0", b""))
    return head + padded(b"," + tags.encode()) + b"".join(draw(bodies[tag]) for tag in tags)


def bundled(elements: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    """Bundles of `elements` with any time tag, most of them near now."""
    soon = int((WALL_S + 2_208_988_800 + 1) * 2**32)
    tag = st.one_of(st.just(1), st.integers(soon - 2**33, soon + 2**33), st.integers(0, 2**64 - 1))
    return st.tuples(tag, st.lists(elements, max_size=6)).map(
        lambda parts: (
            b"#bundle\0"
            + struct.pack(">Q", parts[0])
            + b"".join(struct.pack(">i", len(element)) + element for element in parts[1])
        )
    )


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A packet with some bytes changed, cut off or doubled."""
    packet = bytearray(draw(packets))
    for _ in range(draw(st.integers(1, 4))):
        if not packet:
            break
        at = draw(st.integers(0, len(packet) - 1))
        match draw(st.integers(0, 2)):
            case 0:
                packet[at] = draw(st.sampled_from([0, 0x2A, 0x2C, 0x2F, 0x7F, 0xFF]))
            case 1:
                del packet[at:]
            case _:
                packet[at:at] = packet[at // 2 : at]
    return bytes(packet)


packets = st.recursive(messages(), bundled, max_leaves=12)
anything = st.one_of(
    packets,
    damaged(),
    st.binary(max_size=64),
    st.tuples(packets, st.integers(1, 1500)).map(lambda pair: many(*pair)),
)


def many(element: bytes, count: int) -> bytes:
    """One large packet of the same element over and over, as large as a datagram may be."""
    one = struct.pack(">i", len(element)) + element
    return b"#bundle\0" + bytes(7) + b"\1" + one * min(count, 65_000 // len(one))


@fuzz
@given(anything)
def test_fuzz_any_packet_is_read_or_refused_by_the_one_error(packet: bytes) -> None:
    said = ""
    with in_time():
        try:
            read = decode(packet)
        except OscDecodeError as error:
            said = str(error)
        else:
            assert elements(read) <= ELEMENT_LIMIT + 1
    assert said.isprintable()
    assert len(said) < 400


def elements(packet: OscMessage | OscBundle) -> int:
    """Messages and bundles in `packet`, itself included."""
    return 1 + sum(map(elements, packet.elements)) if isinstance(packet, OscBundle) else 1


class Show:
    """Everything between a datagram in and a datagram out, on one thread."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.tree = ParameterTree(PARAMETERS)
        library = PresetLibrary((Preset("Ash"), Preset("Ember", {"/look/flow/amount": 0.8})))
        self.controller = Controller(self.tree, library)
        self.outgoing = FakeDatagrams()
        self.input = OscInput(
            FakeDatagrams(),
            self.tree,
            self.controller.post,
            self.clock,
            wall_time_s=lambda: WALL_S + self.clock.now_s(),
        )
        self.output = OscOutput(self.outgoing, "127.0.0.1", 9001, self.tree)
        self.loop = ControlLoop(
            self.controller, self.clock, [OscPort(self.input, Audience(self.tree, [self.output]))]
        )


SHOW = Show()
"""One show for all inputs: what one leaves behind meets the next."""


@fuzz
@given(st.lists(anything, min_size=1, max_size=5), st.sampled_from([9001, 40_000]))
def test_fuzz_no_packet_breaks_the_show(payloads: list[bytes], port: int) -> None:
    show, lines = SHOW, Lines()
    logging.getLogger("chromesthesia").addHandler(lines)
    try:
        with in_time():
            for payload in payloads:
                show.input.handle(payload, ("127.0.0.1", port))
                assert show.controller.waiting <= QUEUE_LIMIT + SCHEDULE_LIMIT
            for _ in range(3):
                show.loop.step(show.clock.now_s())
                show.clock.advance(0.07)
    finally:
        logging.getLogger("chromesthesia").removeHandler(lines)
    assert all(sign.isprintable() for line in [*lines.seen, show.controller.notice.text] for sign in line)
    values = show.tree.snapshot()
    assert all(in_range(show.tree.params[path], value) for path, value in values.items())
    assert all(type(value) is type(show.tree.params[path].default) for path, value in values.items())
    assert show.output.failures == 0
    assert show.input.reader.patterns_kept <= PATTERN_CACHE
    assert show.output.feed.held <= len(KNOWN)
    show.outgoing.sent.clear()


class Lines(logging.Handler):
    """Keeps the messages of the log."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one."""
        self.seen.append(record.getMessage())


@fuzz
@given(st.lists(patterns, min_size=1, max_size=30))
def test_fuzz_patterns_of_one_packet_make_no_more_commands_than_they_have_steps(found: list[str]) -> None:
    made = 0

    def post(*commands: object, at_s: float | None = None) -> None:
        nonlocal made
        made += sum(isinstance(command, SetParameter) for command in commands)

    desk = OscInput(FakeDatagrams(), ParameterTree(PARAMETERS), post, ManualClock())
    one = [padded(pattern.encode()) + b",i\0\0\0\0\0\1" for pattern in found]
    packet = b"#bundle\0" + bytes(7) + b"\1" + b"".join(struct.pack(">i", len(each)) + each for each in one)
    desk.handle(packet, ("10.0.0.9", 1))
    assert made <= STEPS_A_PACKET
    counters = desk.counters
    assert counters.messages + counters.unknown + counters.refused == len(found)


def test_after_all_that_the_show_still_answers(caplog: pytest.LogCaptureFixture) -> None:
    show = SHOW
    show.clock.advance(10.0)
    show.loop.step(show.clock.now_s())
    show.clock.advance(1.0)
    show.input.handle(b"/audio/gain_db\0\0,i\0\0\0\0\0\7", ("10.0.0.1", 1))
    show.loop.step(show.clock.now_s())
    assert show.controller.current[1]["/audio/gain_db"] == 7.0
