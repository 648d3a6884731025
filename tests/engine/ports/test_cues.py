"""A cue list: its file, and what is played of it by hand, by itself, on the beat, at a time and by timecode."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from chromesthesia.control.actions import BY_PATH, commands_of
from chromesthesia.control.commands import LoadPack, LoadPreset, SetParameter
from chromesthesia.control.controller import Controller
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.user_files import parse_toml
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import Preset, PresetLibrary, find_presets
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.cues.cue_list import CueError, CueList, parse_cues
from chromesthesia.ports.cues.player import CuePlayer
from chromesthesia.tempo.timecode import Position, Rate

LIBRARY = PresetLibrary((Preset("Ember"), Preset("Gallery"), Preset("Ink")))
EVENING = """schema = 1
[[cue]]
name = "doors"
preset = "Gallery"
morph_s = 8.0
[[cue]]
name = "dim"
set = {"/master/brightness" = 0.5}
trigger = "kick"
[[cue]]
name = "storm"
preset = "Ember"
[[cue]]
name = "late"
set = {"/master/brightness" = 0.25}
"""
BRIGHTNESS = "/master/brightness"


class Room:
    """A controller, a player of one list, and both clocks by hand."""

    def __init__(self, folder: Path, text: str, day_s: float = 0.0) -> None:
        self.path = folder / "cues.toml"
        self.path.write_text(text)
        self.clock = ManualClock()
        self.day_s = day_s
        self.tree = ParameterTree(PARAMETERS)
        self.controller = Controller(self.tree, LIBRARY, Preset("Ink"))
        self.asked: list[object] = []
        self.controller.told = lambda command, now_s, done: self.asked.append(command)
        self.packs: list[str] = []
        self.controller.handle(LoadPack, lambda command, now_s: self.packs.append(command.name))
        self.player = CuePlayer(self.path, self.tree, self.controller, self.clock, lambda: self.day_s)
        self.player.start()
        self.turn()

    def turn(self, forward_s: float = 0.0) -> None:
        """The control loop comes round: what is posted, then what is due, then what that posted."""
        self.clock.advance(forward_s)
        now_s = self.clock.now_s()
        self.controller.step(now_s)
        self.player.publish(now_s, (), dict)
        self.controller.step(now_s)

    def ask(self, path: str, *arguments: object) -> bool:
        """Send an action; False when it was refused."""
        refused = self.controller.counters.refused
        commands = commands_of(BY_PATH[path], arguments, "osc:desk")
        assert commands is not None
        self.controller.post(*commands)
        self.turn()
        return self.controller.counters.refused == refused

    def tempo(self, bpm: float) -> None:
        self.controller.post(
            SetParameter("/tempo/own_bpm", bpm, "test"), SetParameter("/tempo/follow", "own", "test")
        )
        self.turn()

    @property
    def cue(self) -> str:
        return self.controller.cue.name

    @property
    def preset(self) -> str:
        return self.controller.current[0].name

    @property
    def brightness(self) -> object:
        return self.controller.current[1][BRIGHTNESS]

    @property
    def morph_s(self) -> float | None:
        return [command.morph_s for command in self.asked if isinstance(command, LoadPreset)][-1]


Open = Callable[..., Room]


@pytest.fixture
def open_room(tmp_path: Path) -> Open:
    return lambda text=EVENING, day_s=0.0: Room(tmp_path, text, day_s)


def test_go_plays_what_each_cue_says_and_nothing_else(open_room: Open) -> None:
    room = open_room()
    assert (room.cue, room.preset, room.controller.cue.next) == ("", "Ink", "doors")
    assert room.ask("/cue/go")
    assert (room.cue, room.preset, room.morph_s) == ("doors", "Gallery", 8.0)
    assert room.ask("/cue/go")
    assert (room.cue, room.preset, room.brightness) == ("dim", "Gallery", 0.5)
    assert room.ask("/cue/go")
    assert room.ask("/cue/go")
    assert (room.preset, room.brightness, room.controller.cue.next) == ("Ember", 0.25, "")
    assert not room.ask("/cue/go"), "there is no cue after the last"
    assert room.cue == "late"


def test_a_jump_brings_what_stays_of_the_cues_before(open_room: Open) -> None:
    room = open_room()
    assert room.ask("/cue/jump", "dim")
    assert (room.cue, room.preset, room.brightness) == ("dim", "Gallery", 0.5)
    assert room.ask("/cue/jump", 4)
    assert (room.preset, room.brightness) == ("Ember", 0.25)
    assert room.ask("/cue/back")
    assert (room.cue, room.preset) == ("storm", "Ember")
    assert room.ask("/cue/trigger", "KICK")
    assert room.cue == "dim"


@pytest.mark.parametrize(
    ("path", "argument"),
    [("/cue/jump", "nothing"), ("/cue/jump", 0), ("/cue/jump", 5), ("/cue/trigger", "x")],
)
def test_a_cue_that_is_not_there_is_refused_and_the_show_stays(
    open_room: Open, path: str, argument: object
) -> None:
    room = open_room()
    room.ask("/cue/go")
    assert not room.ask(path, argument)
    assert (room.cue, room.preset) == ("doors", "Gallery")
    assert room.controller.notice.is_error


def test_back_before_the_first_is_refused(open_room: Open) -> None:
    room = open_room()
    assert not room.ask("/cue/back")
    room.ask("/cue/go")
    assert not room.ask("/cue/back")


CHAIN = """schema = 1
autostart = true
[[cue]]
name = "one"
preset = "Ember"
follow_s = 10.0
[[cue]]
name = "two"
preset = "Gallery"
follow_s = 10.0
next = "one"
[[cue]]
name = "three"
preset = "Ink"
"""


def test_cues_follow_each_other_in_time_and_go_round(open_room: Open) -> None:
    room = open_room(CHAIN)
    assert (room.cue, room.preset) == ("one", "Ember")
    room.turn(9.9)
    assert room.cue == "one"
    assert room.player.next_s <= 10.0
    room.turn(0.4)  # late
    assert room.cue == "two"
    room.turn(9.6)
    assert room.cue == "two"
    room.turn(0.1)
    assert room.cue == "one", (
        "the next is due ten seconds after the one before was due, not after it was played"
    )


def test_go_takes_the_way_that_the_list_names(open_room: Open) -> None:
    room = open_room(CHAIN)
    room.ask("/cue/jump", "two")
    room.ask("/cue/go")
    assert room.cue == "one"


def test_hold_stops_what_comes_by_itself_until_somebody_goes(open_room: Open) -> None:
    room = open_room(CHAIN)
    assert room.ask("/cue/hold")
    assert room.controller.cue.due_s is None
    room.turn(30.0)
    assert room.cue == "one"
    room.ask("/cue/go")
    assert room.cue == "two"
    room.turn(10.0)
    assert room.cue == "one"


BEATS = """schema = 1
start = "bar"
[[cue]]
name = "verse"
preset = "Ember"
morph_beats = 8
[[cue]]
name = "chorus"
preset = "Gallery"
start = "now"
follow_beats = 4
[[cue]]
name = "drop"
start = "beat"
preset = "Ink"
"""


def test_a_cue_waits_for_the_bar_and_glides_over_beats(open_room: Open) -> None:
    room = open_room(BEATS)
    room.tempo(120.0)
    room.turn(0.3)
    room.ask("/cue/go")
    assert (room.cue, room.controller.cue.next) == ("", "verse")
    room.turn(1.5)
    assert room.cue == ""
    room.turn(0.3)
    assert room.cue == "verse"
    assert room.morph_s == pytest.approx(4.0)


def test_beats_that_follow_are_counted_by_the_beat_clock(open_room: Open) -> None:
    room = open_room(BEATS)
    room.tempo(120.0)
    room.ask("/cue/jump", "chorus")
    assert room.cue == "chorus"
    room.turn(1.9)
    assert room.cue == "chorus"
    room.turn(0.2)
    assert room.cue == "drop"


def test_pressed_again_it_waits_no_longer(open_room: Open) -> None:
    room = open_room(BEATS)
    room.tempo(120.0)
    room.turn(0.3)
    room.ask("/cue/go")
    room.ask("/cue/go")
    assert room.cue == "verse"


def test_without_a_beat_nothing_is_waited_for(open_room: Open) -> None:
    room = open_room(BEATS)
    room.ask("/cue/go")
    assert room.cue == "verse"


DAY = """schema = 1
[[cue]]
name = "morning"
at = "10:00"
preset = "Gallery"
[[cue]]
name = "evening"
at = "18:30:00"
preset = "Ember"
"""


@pytest.mark.parametrize(
    ("hour", "cue"),
    [(10.0, "morning"), (14.0, "morning"), (18.5, "evening"), (23.9, "evening"), (3.0, "evening")],
)
def test_a_show_that_starts_at_any_hour_has_the_cue_of_that_hour(
    open_room: Open, hour: float, cue: str
) -> None:
    assert open_room(DAY, hour * 3600.0).cue == cue


def test_the_hour_comes_once_and_a_hand_may_overrule_it(open_room: Open) -> None:
    room = open_room(DAY, 12.0 * 3600.0)
    room.ask("/cue/jump", "evening")
    room.turn(5.0)
    assert room.cue == "evening"
    room.day_s = 18.5 * 3600.0
    room.turn(5.0)
    assert room.cue == "evening"
    room.day_s = 10.0 * 3600.0
    room.turn(5.0)
    assert room.cue == "morning"


SONG = """schema = 1
[[cue]]
name = "intro"
timecode = "01:00:00"
preset = "Gallery"
[[cue]]
name = "solo"
timecode = "01:02:30"
preset = "Ember"
"""


def test_a_timecode_is_chased_from_the_middle_and_backwards(open_room: Open) -> None:
    room = open_room(SONG)

    def tape(position_s: float, seconds: float) -> None:
        for _ in range(round(seconds * 10)):
            room.turn(0.1)
            position_s += 0.1
            room.controller.tempo.timecode(Position(room.clock.now_s(), position_s, 1.0, Rate.PAL))
        room.turn()

    tape(3590.0, 1.0)
    assert room.cue == ""
    tape(3700.0, 1.0)
    assert room.cue == "intro"
    tape(3749.5, 1.0)
    assert room.cue == "solo"
    tape(3650.0, 1.0)
    assert room.cue == "intro", "the tape was wound back"


def test_a_list_saved_anew_is_taken_and_a_broken_one_is_not(open_room: Open) -> None:
    room = open_room()
    room.ask("/cue/jump", "storm")
    room.path.write_text(EVENING.replace('"late"', '"later still"'))
    room.turn(2.0)
    assert room.controller.cues[-1] == "later still"
    assert room.cue == "storm"
    room.path.write_text("schema = 1\n[[cue]]\nname = 3\n")
    room.turn(2.0)
    assert room.controller.cues[-1] == "later still"
    assert room.player.health()["failures"] == 1
    assert room.ask("/cue/go")
    assert room.cue == "later still"


def test_a_pack_is_asked_for(open_room: Open) -> None:
    room = open_room('schema = 1\n[[cue]]\nname = "a"\npack = "other"\n')
    room.ask("/cue/go")
    assert room.packs == ["other"]


def _parsed(text: str) -> CueList:
    path = Path("show.toml")
    return parse_cues(parse_toml(f"schema = 1\n{text}", path, CueError), path, PARAMETERS, LIBRARY)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no cue"),
        ('[[cue]]\nname = ""', "name is ''"),
        ('[[cue]]\nname = "a"\n[[cue]]\nname = "A"', "cue 2: name is 'A' again"),
        ('[[cue]]\nname = "a"\npreset = "Embr"', "did you mean Ember?"),
        ('[[cue]]\nname = "a"\nmorph_s = -1.0', "morph_s is -1.0 (use 0..600)"),
        ('[[cue]]\nname = "a"\nmorph_s = nan', "morph_s is nan"),
        ('[[cue]]\nname = "a"\nmorph_s = 1.0\nmorph_beats = 2', "both morph_s and morph_beats"),
        ('[[cue]]\nname = "a"\nfollow_s = 0.0', "followed at once"),
        ('[[cue]]\nname = "a"\nnext = "b"', "next is 'b'"),
        ('[[cue]]\nname = "a"\nstart = "baer"', "did you mean bar?"),
        ('[[cue]]\nname = "a"\nset = {"/master/brightnes" = 1.0}', "did you mean /master/brightness?"),
        ('[[cue]]\nname = "a"\nset = {"/master/brightness" = "full"}', "/master/brightness"),
        ('[[cue]]\nname = "a"\nat = "25:00"', "at is '25:00'"),
        ('[[cue]]\nname = "a"\ntimecode = "1:2"', "timecode is '1:2'"),
        ('[[cue]]\nname = "a"\nmorf_s = 1.0', "did you mean morph_s?"),
        ('autostrat = true\n[[cue]]\nname = "a"', "did you mean autostart?"),
    ],
)
def test_what_is_wrong_is_told_with_the_cue_and_the_remedy(text: str, told: str) -> None:
    with pytest.raises(CueError) as caught:
        _parsed(text)
    assert told in str(caught.value)
    assert str(caught.value).startswith("show.toml")


def test_the_list_in_the_guide_is_one() -> None:
    root = Path(__file__).resolve().parents[3]
    text = (root / "docs" / "cues.md").read_text().split("```toml")[1].split("```")[0]
    path = root / "docs" / "cues.md"
    cues = parse_cues(
        parse_toml(text, path, CueError), path, PARAMETERS, find_presets([root / "presets"], PARAMETERS)
    )
    assert [cue.name for cue in cues.cues] == ["doors", "verse", "chorus", "blackout"]
    assert cues.cues[2].follows == 1
