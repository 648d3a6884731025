"""MIDI in and out, through devices by script: files played, faders met, controls learned, cables pulled."""

from __future__ import annotations

import io
import logging
from pathlib import Path

import pytest

from chromesthesia.control.commands import SetParameter
from chromesthesia.control.controller import Controller
from chromesthesia.core.clock import ManualClock
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import Preset, PresetLibrary
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.midi.bindings import Binding, Bindings, load_bindings, parse_bindings, save_bindings
from chromesthesia.ports.midi.clock_out import ClockOut
from chromesthesia.ports.midi.devices import MidiError, chosen
from chromesthesia.ports.midi.endpoints import open_midi
from chromesthesia.ports.midi.port import MidiPort
from chromesthesia.ports.midi.takeover import Grip, left, moved
from chromesthesia.tempo.mtc import full_frame_data, quarter_frames
from chromesthesia.tempo.timecode import Rate, Timecode
from chromesthesia.testing.midi import FakeMidi, with_clock

KEYS = "Keystation 61"
FLOW = "/look/flow/amount"
ANGLE = "/look/view/angle"


class Room:
    """A show's control with a MIDI port on it; nothing runs by itself."""

    def __init__(
        self, folder: Path, *bindings: Binding, clock_to: str = "", out_to: str = "", programs: bool = True
    ) -> None:
        self.file = folder / "midi.toml"
        if bindings or not programs:
            save_bindings(self.file, Bindings(bindings, programs))
        self.clock = ManualClock()
        self.tree = ParameterTree(PARAMETERS)
        presets = tuple(Preset(name, {FLOW: value}) for name, value in (("Ash", 0.1), ("Ember", 0.6)))
        self.controller = Controller(self.tree, PresetLibrary(presets))
        self.controller.begin(0.0)
        self.midi = FakeMidi(KEYS)
        port = open_midi(
            ("keyst",), clock_to, out_to, self.file, self.tree, self.controller, self.clock, self.midi
        )
        assert port is not None
        self.port: MidiPort = port
        self.port.watch(0.0)

    def play(self, *message: int, value: str = FLOW) -> object:
        """One message from the keyboard; what `value` is then."""
        self.midi.play(KEYS, *message)
        self.controller.step(self.clock.now_s())
        self.controller.step(self.clock.now_s())
        return self.tree.snapshot()[value]

    def set(self, path: str, raw: object) -> None:
        """Somebody else sets a value."""
        self.controller.post(SetParameter(path, raw, "panel"))
        self.controller.step(self.clock.now_s())


def test_a_midi_file_moves_settings_presets_and_the_beat_clock(tmp_path: Path) -> None:
    mido = pytest.importorskip("mido")
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(140.0))])
    for number in range(8):
        track.append(mido.Message("control_change", control=21, value=10 * number + 30, time=480))
        if number == 3:
            track.append(mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(96.0)))
    track.append(mido.Message("program_change", program=1, time=240))
    written = io.BytesIO()
    mido.MidiFile(tracks=[track], ticks_per_beat=480).save(file=written)
    written.seek(0)
    messages = with_clock(mido.MidiFile(file=written))

    room = Room(tmp_path, Binding(FLOW, number=21, mode="jump"))
    seen: list[object] = []

    def each(at_s: float) -> None:
        room.controller.step(at_s)
        seen.append(room.tree.snapshot()[FLOW])

    room.midi.play_file(messages, KEYS, room.clock, each)
    assert {round(float(str(value)) * 127) for value in seen} >= {30, 40, 50, 60, 70, 80, 90, 100}
    beat = room.controller.beat(room.clock.now_s())
    assert (beat.bpm, beat.source, beat.running) == (pytest.approx(96.0, abs=0.1), "midi", True)
    assert beat.beats == pytest.approx(8.5, abs=0.01)
    assert room.controller.current[0].name == "Ember"
    assert room.port.health()["malformed"] == 0


def test_every_kind_of_control_steers_what_it_is_bound_to(tmp_path: Path) -> None:
    room = Room(
        tmp_path,
        Binding(FLOW, "cc", 2, 7, "jump"),
        Binding("/look/flow/scale", "cc14", 0, 1, "jump"),
        Binding(ANGLE, "bend", 0, 0, "jump", low=-90.0, high=90.0),
        Binding("/look/trails/amount", "pressure", 0, 0, "jump"),
        Binding("/look/view/fold", "cc", 0, 30, "jump"),
        Binding("/look/view/segments", "cc", 0, 31, "jump"),
        Binding("/master/freeze", "note", 10, 36),
        Binding("/hud/visible", "note", 10, 37, "hold"),
        Binding("/look/view/facet", "note", 10, 38),
        Binding("/look/grade/hue", "cc", 0, 16, "relative"),
        Binding("/preset/next", "note", 10, 40),
        Binding("/preset/load", "cc", 0, 50, argument="Ash"),
    )
    assert room.play(0xB1, 7, 127) == 1.0
    assert room.play(0xB0, 7, 0) == 1.0  # another channel
    assert room.play(0xB0, 1, 64, value="/look/flow/scale") == 1.0
    fine = room.play(0xB0, 33, 5, value="/look/flow/scale")
    assert fine == pytest.approx(0.25 + 3.75 * (64 * 128 + 5) / 16383)
    assert room.play(0xE3, 0, 0, value=ANGLE) == -90.0
    assert room.play(0xE3, 127, 127, value=ANGLE) == 90.0
    assert room.play(0xE3, 0, 64, value=ANGLE) == pytest.approx(0.0, abs=0.02)
    assert room.play(0xD5, 127, value="/look/trails/amount") == 1.0
    assert room.play(0xB0, 30, 127, value="/look/view/fold") == "kaleidoscope"
    assert room.play(0xB0, 31, 127, value="/look/view/segments") == 16
    assert room.play(0x99, 36, 1, value="/master/freeze") is True
    assert room.play(0x89, 36, 0, value="/master/freeze") is True
    assert room.play(0x99, 36, 100, value="/master/freeze") is False
    assert room.play(0x99, 37, 100, value="/hud/visible") is True
    assert room.play(0x99, 37, 0, value="/hud/visible") is False
    assert room.play(0x99, 38, 9, value="/look/view/facet") == "glass"
    assert room.play(0xB0, 16, 3, value="/look/grade/hue") == pytest.approx(3 * 360 / 127)
    assert room.play(0xB0, 16, 125, value="/look/grade/hue") == pytest.approx(0.0)
    # Three clicks of an encoder before the first is applied, two presses of a button: none is lost.
    for _ in range(3):
        room.midi.play(KEYS, 0xB0, 16, 1)
    assert room.play(0xB0, 16, 1, value="/look/grade/hue") == pytest.approx(4 * 360 / 127)
    room.midi.play(KEYS, 0x99, 36, 100)
    assert room.play(0x99, 36, 100, value="/master/freeze") is False
    before = room.controller.current[0].name
    room.play(0x99, 40, 1)
    assert room.controller.current[0].name != before
    room.play(0xB0, 50, 127)
    assert room.controller.current[0].name == "Ash"
    room.play(0xB0, 50, 126)  # still pressed: not again
    assert room.controller.looks == 2
    room.play(0xC0, 1)
    assert room.controller.current[0].name == "Ember"


def test_programs_may_be_left_alone(tmp_path: Path) -> None:
    room = Room(tmp_path, programs=False)
    before = room.controller.current[0]
    room.play(0xC0, 1)
    assert room.controller.current[0] is before


def test_soft_takeover_by_itself() -> None:
    assert moved(Grip(), 0.2, 0.8) == Grip(False, 0.2)
    assert moved(Grip(False, 0.2), 0.9, 0.8) == Grip(True, 0.9)
    assert moved(Grip(), 0.805, 0.8).held
    assert left(Grip(True, 0.5), 0.505).held
    assert not left(Grip(True, 0.5), 0.9).held


def test_a_fader_does_nothing_until_it_has_met_the_value(tmp_path: Path) -> None:
    room = Room(tmp_path, Binding(FLOW, number=7))
    room.set(FLOW, 0.5)
    assert room.play(0xB0, 7, 10) == 0.5
    assert room.play(0xB0, 7, 40) == 0.5
    assert room.play(0xB0, 7, 70) == pytest.approx(70 / 127)
    assert room.play(0xB0, 7, 20) == pytest.approx(20 / 127)
    # Moves that follow each other faster than they are applied do not lose it.
    for value in (40, 80, 120):
        room.midi.play(KEYS, 0xB0, 7, value)
    assert room.play(0xB0, 7, 127) == 1.0
    room.controller.post(SetParameter(FLOW, 0.3, "osc:1"))
    room.controller.step(0.0)
    assert room.play(0xB0, 7, 120) == 0.3
    assert room.play(0xB0, 7, 30) == pytest.approx(30 / 127)
    # A preset takes the value out of hand too.
    room.play(0xC0, 1)
    assert room.play(0xB0, 7, 28) == 0.6


def test_two_faders_of_one_setting_hand_it_over(tmp_path: Path) -> None:
    room = Room(tmp_path, Binding(FLOW, number=7), Binding(FLOW, number=8))
    room.set(FLOW, 0.0)
    assert room.play(0xB0, 7, 0) == 0.0
    assert room.play(0xB0, 7, 100) == pytest.approx(100 / 127)
    assert room.play(0xB0, 8, 0) == pytest.approx(100 / 127)
    assert room.play(0xB0, 8, 101) == pytest.approx(101 / 127)
    assert room.play(0xB0, 8, 20) == pytest.approx(20 / 127)
    # The first one stands at 100 still, and has lost it.
    assert room.play(0xB0, 7, 99) == pytest.approx(20 / 127)


def learn(room: Room, path: str) -> None:
    room.set("/midi/learn", path)


def test_learning_binds_the_next_control_that_is_really_moved_and_keeps_it(tmp_path: Path) -> None:
    room = Room(tmp_path)
    for value in (60, 61, 60):
        room.play(0xB0, 9, value)
    learn(room, FLOW)
    room.play(0xB0, 9, 60)
    room.play(0xB0, 9, 61)  # a worn pot
    assert room.tree.snapshot()["/midi/learn"] == FLOW
    room.play(0xB0, 21, 10)
    room.play(0xB0, 21, 13)
    assert room.tree.snapshot()["/midi/learn"] == ""
    room.port.watch(1.0)
    assert load_bindings(room.file).rows == (Binding(FLOW, "cc", 1, 21),)
    learn(room, "/preset/next")
    room.play(0x90, 60, 100)
    learn(room, ANGLE)
    for coarse in range(4):
        room.play(0xB2, 2, 64 + coarse)
        room.play(0xB2, 34, 0)
    room.port.watch(2.0)
    kept = load_bindings(room.file)
    assert kept.rows[1:] == (Binding("/preset/next", "note", 1, 60), Binding(ANGLE, "cc14", 3, 2))
    # Another control takes over; the file written before is what the next show begins with.
    learn(room, FLOW)
    room.play(0xE0, 0, 64)
    room.play(0xE0, 0, 90)
    room.port.watch(3.0)
    again = Room(tmp_path)
    assert {row.target: row.control for row in again.port.input.bindings.rows} == {
        "/preset/next": "note",
        ANGLE: "cc14",
        FLOW: "bend",
    }
    again.set("/midi/forget", FLOW)
    again.controller.step(0.0)
    assert again.tree.snapshot()["/midi/forget"] == ""
    again.port.watch(1.0)
    assert {row.target for row in load_bindings(again.file).rows} == {"/preset/next", ANGLE}


def test_what_cannot_be_learned_or_kept_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    room = Room(tmp_path)
    learn(room, "/look/flwo/amount")
    room.play(0x90, 60, 100)
    assert room.tree.snapshot()["/midi/learn"] == ""
    assert room.port.input.bindings.rows == ()
    assert "cannot learn" in caplog.text
    room.file.mkdir()
    learn(room, FLOW)
    room.play(0x90, 60, 100)
    room.port.watch(1.0)
    assert "not kept" in caplog.text
    assert room.play(0x90, 60, 127) == 1.0  # it steers all the same


def test_a_device_that_is_pulled_out_is_waited_for_and_comes_back(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    room = Room(tmp_path, Binding(FLOW, number=7, mode="jump"))
    for number in range(48):
        room.clock.set(number / 48)
        room.midi.play(KEYS, 0xF8)
    assert room.controller.beat(1.0).source == "midi"
    room.midi.unplug(KEYS)
    room.port.watch(2.0)
    assert room.port.health()["devices"] == 0
    assert room.controller.beat(2.0).source == ""
    assert f"{KEYS} is gone" in caplog.text
    room.port.watch(3.0)
    assert "waiting for it; there are: none" in caplog.text
    # It comes back, refuses to open for a while, and the pauses grow.
    room.midi.devices.append(KEYS)
    room.midi.refusing.add(KEYS)
    failures = room.port.health()["failures"]
    for now_s in range(4, 12):
        room.port.watch(float(now_s))
    assert room.port.health()["failures"] == failures + 4
    room.midi.refusing.clear()
    room.port.watch(30.0)
    assert (room.port.health()["devices"], room.port.health()["reconnects"]) == (1, 1)
    assert room.play(0xB0, 7, 127) == 1.0
    room.midi.broken = True
    room.port.watch(31.0)
    assert room.port.health()["failures"] == failures + 5


def test_only_one_device_is_the_clock(tmp_path: Path) -> None:
    room = Room(tmp_path)
    heard = room.port.input
    for number in range(96):
        at_s = number / 48
        heard.handle([0xF8], "one", at_s)
        heard.handle([0xF8], "other", at_s + 0.003)
        heard.handle([0xFA], "other", at_s + 0.003)
    assert room.controller.beat(2.0).bpm == pytest.approx(120.0)
    for number in range(200, 296):
        heard.handle([0xF8], "other", number / 36)
    assert room.controller.beat(296 / 36).bpm == pytest.approx(90.0)


def test_timecode_over_midi_is_read_to_the_frame(tmp_path: Path) -> None:
    room = Room(tmp_path)
    code = Timecode(1, 2, 3, 4, Rate.PAL)
    for piece, value in quarter_frames(code):
        room.clock.set(piece * 0.01)
        room.play(0xF1, piece << 4 | value)
    assert room.controller.tempo.timecode_text(0.08) == "01:02:03:06 at 25"
    assert room.controller.beat(0.08).position_s == pytest.approx(code.position_s + 0.08)
    room.play(0xF0, *full_frame_data(Timecode(9, 0, 0, 0, Rate.DROP)), 0xF7)
    assert room.controller.tempo.timecode_text(0.08) == "09:00:00;00 at 29.97 drop"


def test_the_clock_goes_out_with_start_place_and_stop(tmp_path: Path) -> None:
    room = Room(tmp_path, clock_to="key")
    room.set("/tempo/own_bpm", 120)
    assert room.port.tick(0.0) == pytest.approx(0.02)
    room.set("/tempo/follow", "own")
    for _ in range(10_000):
        now_s = room.port.tick(room.clock.now_s())
        room.clock.set(now_s)
        if now_s > 2.0:
            break
    sent = [message for _, message in room.midi.sent]
    assert sent[:2] == [(0xFA,), (0xF8,)]
    assert sent.count((0xF8,)) == pytest.approx(2 * 48, abs=1)
    room.set("/tempo/follow", "tap")
    room.port.tick(room.clock.now_s())
    room.set("/tempo/follow", "own")
    room.midi.sent.clear()
    room.clock.set(3.0)
    room.port.tick(3.0)
    assert [message for _, message in room.midi.sent][:2] == [(0xF2, 24, 0), (0xFB,)]
    room.midi.unplug(KEYS)
    room.clock.set(3.1)
    room.port.tick(3.1)
    assert room.port.health()["failures"] == 1


def test_controllers_are_told_what_they_steer_but_never_the_hand_that_moves_it(tmp_path: Path) -> None:
    room = Room(
        tmp_path,
        Binding(FLOW, "cc", 1, 7, "jump"),
        Binding(FLOW, "cc", 2, 8, "jump"),
        Binding("/look/flow/scale", "cc14", 1, 1),
        Binding(ANGLE, "bend", 3),
        Binding("/master/freeze", "note", 10, 36),
        Binding("/look/view/fold", "cc", 1, 30),
        Binding("/look/grade/hue", "cc", 1, 31, "relative"),
        Binding("/preset/next", "note", 1, 60),
        out_to="key",
    )

    def told() -> list[tuple[int, ...]]:
        room.clock.advance(0.1)
        room.midi.sent.clear()
        room.port.tick(room.clock.now_s())
        return [message for _, message in room.midi.sent]

    first = told()
    assert (0xB0, 7, 13) in first
    assert len(first) == 7
    assert told() == []
    room.set(FLOW, 1.0)
    assert told() == [(0xB0, 7, 127), (0xB1, 8, 127)]
    # A hand on one fader: the other one follows, its own does not fight it.
    room.play(0xB0, 7, 64)
    assert told() == [(0xB1, 8, 64)]
    room.set("/look/flow/scale", 4.0)
    room.set(ANGLE, 0.0)
    room.set("/master/freeze", True)
    room.set("/look/view/fold", "kaleidoscope")
    room.set("/look/grade/hue", 90.0)
    room.set(ANGLE, 180.0)
    assert told() == [
        (0xB0, 1, 127), (0xB0, 33, 127), (0xE2, 127, 127), (0x99, 36, 127), (0xB0, 30, 127)
    ]  # fmt: skip
    room.play(0xC0, 1)
    assert (0xB0, 7, round(0.6 * 127)) in told()
    # Many changes between two looks are one message.
    for value in range(100):
        room.set(FLOW, value / 100)
    assert told() == [(0xB0, 7, 126), (0xB1, 8, 126)]
    # A device that comes back is told everything.
    room.midi.unplug(KEYS)
    room.port.watch(1.0)
    room.midi.devices.append(KEYS)
    room.port.watch(2.0)
    assert len(told()) == len(first)
    room.port.stop()


def test_our_own_clock_is_read_back_as_it_was(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.set("/tempo/follow", "own")
    room.set("/tempo/own_bpm", 133)
    out = ClockOut(room.controller.beat)
    other = Room(tmp_path)
    now_s = 0.0
    while now_s < 3.0:
        messages, next_s = out.step(now_s)
        for message in messages:
            other.port.input.handle(message, "us", now_s)
        now_s = next_s
    beat, ours = other.controller.beat(now_s), room.controller.beat(now_s)
    assert (beat.bpm, beat.beats) == (pytest.approx(133.0, rel=1e-3), pytest.approx(ours.beats, abs=0.01))


BAD = (
    ("", "no schema number"),
    ("schema = 2", "schema is 2"),
    ("schema = 1\nbindings = []", "unknown key 'bindings'"),
    ("schema = 1\nbinding = 3", r"\[\[binding\]\]"),
    ("schema = 1\n[[binding]]\nnumber = 3", "binding 1: no 'to'"),
    ("schema = 1\n[[binding]]\nto = '/a'\nnumer = 3", "did you mean number"),
    ("schema = 1\n[[binding]]\nto = 'a'", "give an address"),
    ("schema = 1\n[[binding]]\nto = '/a'\ncontrol = 'ccc'", "did you mean cc"),
    ("schema = 1\n[[binding]]\nto = '/a'\nmode = 'hard'", "use soft, jump"),
    ("schema = 1\n[[binding]]\nto = '/a'\nchannel = 17", "1 to 16"),
    ("schema = 1\n[[binding]]\nto = '/a'\nnumber = 128", "0 to 127"),
    ("schema = 1\n[[binding]]\nto = '/a'\ncontrol = 'cc14'\nnumber = 32", "0 to 31"),
    ("schema = 1\n[[binding]]\nto = '/a'\nlow = nan", "ordinary size"),
    ("schema = 1\n[[binding]]\nto = '/a'\nlow = 1\nhigh = 1.0", "two ends"),
    ("schema = 1\n[[binding]]\nto = '/a'\nnumber = 'x'", "binding 1: number is 'x'"),
)


@pytest.mark.parametrize(("text", "told"), BAD, ids=[told for _, told in BAD])
def test_a_bad_file_of_bindings_is_refused_by_its_place(text: str, told: str, tmp_path: Path) -> None:
    file = tmp_path / "midi.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(MidiError, match=told):
        load_bindings(file)


def test_a_target_that_is_not_there_waits_and_is_told(caplog: pytest.LogCaptureFixture) -> None:
    table: dict[str, object] = {"schema": 1, "binding": [{"to": "/look/flow/amonut", "number": 3}]}
    rows = parse_bindings(table, Path("midi.toml"), {param.path for param in PARAMETERS}).rows
    assert rows == (Binding("/look/flow/amonut", number=3),)
    assert "did you mean /look/flow/amount?" in caplog.text


def test_without_the_libraries_the_remedy_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "mido", None)
    tree = ParameterTree(PARAMETERS)
    controller = Controller(tree, PresetLibrary(()))
    with pytest.raises(MidiError, match=r"pip install 'chromesthesia\[midi\]'"):
        open_midi(("all",), "", "", tmp_path / "midi.toml", tree, controller, ManualClock())
    assert open_midi((), "", "", tmp_path / "midi.toml", tree, controller, ManualClock()) is None


def test_devices_are_chosen_by_part_of_their_name() -> None:
    names = ("Midi Through:0 14:0", "Launchkey:0 20:0", "LaunchControl:0 24:0")
    assert chosen(names, "launchc") == ["LaunchControl:0 24:0"]
    assert chosen(names, "ALL") == list(names)
    assert chosen(names, "x") == []


def test_a_port_that_was_never_started_stops(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    room = Room(tmp_path)
    room.port.stop()
    assert room.port.health()["devices"] == 0
    assert caplog.text == ""


def test_the_bindings_of_the_guide_are_as_they_should_be(repository: Path, tmp_path: Path) -> None:
    page = (repository / "docs" / "midi.md").read_text(encoding="utf-8")
    (example,) = (block for block in page.split("```toml\n")[1:] if "[[binding]]" in block)
    file = tmp_path / "midi.toml"
    file.write_text(example.partition("```")[0], encoding="utf-8")
    first, second = load_bindings(file).rows
    assert first == Binding(FLOW, "cc", 1, 21, "soft", 0.2, 0.8)
    assert second == Binding("/preset/load", "note", number=36, argument="Ember")
