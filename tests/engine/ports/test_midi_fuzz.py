"""Whatever bytes a device sends, and whatever is in a file of bindings or a patch: no crash, no growth, one line."""

from __future__ import annotations

import math
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from tests.fuzzing import check_told, growth_bytes, in_time, settings_for
from tests.hostile_toml import toml_bytes

from chromesthesia.control.controller import Controller
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.user_files import decode_text, parse_toml
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import Preset, PresetLibrary
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.dmx.lamps import Lamps
from chromesthesia.ports.dmx.patch import PatchError, parse_patch
from chromesthesia.ports.midi.bindings import CONTROLS, MODES, Binding, Bindings, parse_bindings
from chromesthesia.ports.midi.devices import MidiError
from chromesthesia.ports.midi.input import MidiInput

FILE = Path("fuzz.toml")
MESSAGES = st.one_of(
    st.lists(st.integers(0, 255), max_size=12),
    st.tuples(st.integers(0x80, 0xEF), st.integers(0, 127), st.integers(0, 127)).map(list),
    st.tuples(st.integers(0xF0, 0xFF), st.integers(0, 127)).map(list),
    st.lists(st.integers(0, 127), min_size=8, max_size=8).map(
        lambda data: [0xF0, 0x7F, 0, 1, 1, *data[4:], 0xF7]
    ),
)
TARGETS = (
    "/look/flow/amount",
    "/look/view/fold",
    "/master/freeze",
    "/look/view/segments",
    "/preset/load",
    "/nowhere",
)
ROWS = tuple(
    Binding(target, control, channel, number, mode)
    for number, (target, control, mode) in enumerate(
        (target, control, mode) for target in TARGETS for control in CONTROLS for mode in MODES
    )
    for channel in (0,)
    if control in ("cc", "note") or number < 32
)


class Desk:
    """A MIDI input with everything bound."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.tree = ParameterTree(PARAMETERS)
        self.controller = Controller(self.tree, PresetLibrary((Preset("Ash"), Preset("Ember"))))
        self.input = MidiInput(
            self.tree,
            self.controller.post,
            self.controller.tempo,
            self.clock,
            Bindings(ROWS),
            lambda kept: None,
        )

    def hear(self, message: list[int]) -> None:
        self.input.handle(message, "fuzz", self.clock.now_s())
        self.clock.advance(0.003)
        self.controller.step(self.clock.now_s())


@settings_for()
@given(st.lists(MESSAGES, max_size=30), st.sampled_from(("", *TARGETS)))
def test_fuzz_midi_messages(messages: list[list[int]], learning: str) -> None:
    desk = Desk()
    desk.tree.write("/midi/learn", learning, "fuzz")
    with in_time():
        for message in messages:
            desk.hear(message)
    counts = desk.input.counts()
    assert counts["messages"] == len(messages)
    assert desk.controller.counters.refused <= len(messages)
    beat = desk.controller.beat(desk.clock.now_s())
    assert math.isfinite(beat.beats)
    assert 0.0 <= beat.bpm <= 400.0 * (1 + 1e-9)
    assert 0.0 <= beat.confidence <= 1.0


def test_fuzzed_messages_leave_nothing_behind() -> None:
    desk = Desk()
    messages = [
        [status, number, (status * number) & 127] for status in range(256) for number in range(0, 128, 8)
    ]
    assert growth_bytes(desk.hear, messages, rounds=2) < 64 * 1024


BINDINGS = (
    b'schema = 1\nprograms = true\n[[binding]]\nto = "/look/flow/amount"\nnumber = 21\nlow = 0.2\n[[binding]]\n'
    b'to = "/preset/load"\ncontrol = "note"\nchannel = 10\nnumber = 36\nargument = "Ash"\nmode = "hold"\n',
)
PATCHES = (
    b'schema = 1\nrate_hz = 40\nat_end = "hold"\n[[universe]]\nnumber = 1\nto = "multicast"\n[[light]]\naddress = 1\n'
    b'channels = "rgbw"\nregion = [0, 0, 0.5, 1]\n[[light]]\naddress = 100\nbits = 16\npalette = 2\ngamma = 2.2\n'
    b'level = "features/onset"\nsmoothing_s = 0.1\nlow = 0.1\nhigh = 0.9\n[[fixed]]\naddress = 99\nvalue = 255\n',
)


@settings_for()
@given(toml_bytes(BINDINGS))
def test_fuzz_bindings(content: bytes) -> None:
    with in_time():
        try:
            bindings = parse_bindings(
                parse_toml(decode_text(content, FILE, MidiError), FILE, MidiError), FILE
            )
        except MidiError as error:
            check_told(error)
            return
    assert all(row.target.startswith("/") and 0 <= row.channel <= 16 for row in bindings.rows)


@settings_for()
@given(toml_bytes(PATCHES))
def test_fuzz_patch(content: bytes) -> None:
    with in_time():
        try:
            patch = parse_patch(parse_toml(decode_text(content, FILE, PatchError), FILE, PatchError), FILE)
        except PatchError as error:
            check_told(error)
            return
        sent = Lamps(patch).step(0.0, lambda tap: tap.source.high)
    assert all(len(channels) == 512 for channels in sent.values())
