"""Presets that are kept and renamed while a show runs, routes that are edited, and the ways back."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chromesthesia.control.actions import BY_PATH, commands_of
from chromesthesia.control.commands import LoadPreset, SetParameter
from chromesthesia.control.controller import Controller
from chromesthesia.core.paths import HOME_VARIABLE, resource_dirs, user_folder
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import find_presets, load_preset
from chromesthesia.params.routes import Route
from chromesthesia.params.tree import ParameterTree
from chromesthesia.show.preset_keeper import PresetKeeper

SHIPPED = """schema = 1
name = "Ember"
description = "glows"
[params]
"/look/flow/amount" = 0.75
[[route]]
from = "features/onset"
to = "/look/view/zoom"
gain = 0.1
"""


class Room:
    """A controller with one shipped preset, and a keeper with a folder of its own."""

    def __init__(self, root: Path) -> None:
        self.shipped, self.own = root / "shipped", root / "own"
        self.shipped.mkdir()
        (self.shipped / "ember.toml").write_text(SHIPPED)
        self.tree = ParameterTree(PARAMETERS)
        self.picture: np.ndarray | None = None
        self.controller = Controller(self.tree, find_presets([self.shipped]))
        PresetKeeper(
            self.tree,
            self.controller,
            self.own,
            lambda: [folder for folder in (self.own, self.shipped) if folder.is_dir()],
            lambda: self.picture,
        ).register()

    def ask(self, path: str, *arguments: object) -> bool:
        """Send an action; False when it was refused."""
        refused = self.controller.counters.refused
        commands = commands_of(BY_PATH[path], arguments, "osc:panel")
        assert commands is not None, "of no use"
        self.controller.post(*commands)
        self.controller.step(0.0)
        return self.controller.counters.refused == refused

    def set(self, path: str, value: object) -> None:
        self.controller.post(SetParameter(path, value, "test"))
        self.controller.step(0.0)

    def names(self) -> tuple[str, ...]:
        return self.controller.library.names

    def routes(self) -> tuple[Route, ...]:
        return self.controller.current[0].routes

    def value(self, path: str) -> object:
        return self.tree.snapshot()[path]


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def test_the_present_look_is_kept_and_comes_back(room: Room) -> None:
    room.set("/look/flow/amount", 0.5)
    room.set("/master/brightness", 0.5)
    assert room.ask("/route/set", "emotion/arousal", "/look/flow/amount", 0.25)
    assert room.ask("/preset/save", "Mine, at last")
    assert room.names() == ("Ember", "Mine, at last")
    assert room.controller.current[0].name == "Mine, at last"
    kept = load_preset(room.own / "mine-at-last.toml")
    assert kept.params == {"/look/flow/amount": 0.5}, "what is the room's is not the look's"
    assert {(route.signal, route.target) for route in kept.routes} == {
        ("features/onset", "/look/view/zoom"),
        ("emotion/arousal", "/look/flow/amount"),
    }
    assert room.ask("/preset/load", "Ember")
    assert room.value("/look/flow/amount") == 0.75
    assert room.ask("/preset/load", "Mine, at last")
    assert room.value("/look/flow/amount") == 0.5
    assert find_presets([room.own, room.shipped]).names == room.names(), "and after a restart"


def test_what_was_set_or_loaded_just_before_is_kept(room: Room) -> None:
    save = commands_of(BY_PATH["/preset/save"], ["Quick"], "osc:panel")
    assert save is not None
    room.controller.post(SetParameter("/look/flow/amount", 0.5, "osc:panel"), *save)
    room.controller.step(0.0)
    assert load_preset(room.own / "quick.toml").params["/look/flow/amount"] == 0.5
    room.controller.post(LoadPreset("Ember", "osc:panel"), *save)
    room.controller.step(0.0)
    assert load_preset(room.own / "quick.toml").params["/look/flow/amount"] == 0.75


def test_saving_again_replaces_ones_own_and_never_what_is_shipped(room: Room) -> None:
    assert room.ask("/preset/save", "Mine")
    room.set("/look/flow/amount", 0.25)
    assert room.ask("/preset/save", "mine")
    assert len(list(room.own.glob("*.toml"))) == 1
    assert load_preset(room.own / "mine.toml").params["/look/flow/amount"] == 0.25
    assert room.ask("/preset/save", "Ember")
    assert (room.shipped / "ember.toml").read_text() == SHIPPED
    assert room.names() == ("Ember", "mine")
    assert room.controller.library.choose("Ember").path == room.own / "ember.toml"


def test_a_name_that_only_looks_like_a_shipped_one_hides_nothing(room: Room) -> None:
    assert room.ask("/preset/save", "Ember!")
    assert room.names() == ("Ember", "Ember!")
    assert room.ask("/preset/save", "Ember?")
    assert len(room.names()) == 3
    assert room.ask("/preset/save", "***")
    assert room.ask("/preset/save", "雪")
    assert set(room.names()) == {"Ember", "Ember!", "Ember?", "***", "雪"}


@pytest.mark.parametrize("name", ["two\nlines", "x" * 401, "\x00", "../../etc/passwd\x1b"])
def test_a_name_that_no_preset_can_have_is_refused_and_nothing_is_written(room: Room, name: str) -> None:
    assert not room.ask("/preset/save", name)
    assert not room.own.exists() or not list(room.own.iterdir())
    assert room.names() == ("Ember",)


def test_a_path_in_a_name_leads_nowhere(room: Room) -> None:
    assert room.ask("/preset/save", "../../outside")
    assert [path.name for path in room.own.iterdir()] == ["outside.toml"]


def test_a_picture_is_kept_beside_it_where_there_is_one(room: Room) -> None:
    assert room.ask("/preset/save", "Blind")
    assert not (room.own / "blind.jpg").exists()
    room.picture = np.full((360, 640, 3), 200, np.uint8)
    assert room.ask("/preset/save", "Seen")
    picture = Image.open(io.BytesIO((room.own / "seen.jpg").read_bytes()))
    assert picture.size == (320, 180)
    assert room.ask("/preset/rename", "Seen", "Found")
    assert (room.own / "found.jpg").exists()
    assert not (room.own / "seen.jpg").exists()


def test_ones_own_is_renamed_and_nothing_else(room: Room) -> None:
    assert room.ask("/preset/save", "Mine")
    assert room.ask("/preset/rename", "Mine", "Yours")
    assert room.names() == ("Ember", "Yours")
    assert [path.name for path in room.own.iterdir()] == ["yours.toml"]
    assert room.controller.current[0].name == "Yours"
    assert not room.ask("/preset/rename", "Ember", "Ash"), "shipped"
    assert not room.ask("/preset/rename", "Yours", "Ember"), "taken"
    assert not room.ask("/preset/rename", "Nobody", "Else")
    assert not room.ask("/preset/rename", "Yours", "a\nb")
    assert room.names() == ("Ember", "Yours")


def test_a_preset_that_is_not_playing_is_renamed_without_changing_the_look(room: Room) -> None:
    assert room.ask("/preset/save", "Mine")
    assert room.ask("/preset/load", "Ember")
    room.set("/look/flow/amount", 0.1)
    assert room.ask("/preset/rename", 1, "Yours")
    assert room.controller.current[0].name == "Ember"
    assert room.value("/look/flow/amount") == 0.1


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    room = Room(tmp_path)
    room.own.write_text("a file where the folder should be")
    assert not room.ask("/preset/save", "Mine")
    assert room.names() == ("Ember",)


def test_routes_are_set_replaced_and_removed_until_another_look_comes(room: Room) -> None:
    before = room.controller.route_changes
    assert room.ask(
        "/route/set", "features/onset", "/look/view/zoom", 0.2, 0.0, 0.5, "square", 0.1, 0.2, "scale"
    )
    assert room.routes() == (
        Route("features/onset", "/look/view/zoom", 0.2, "square", 0.0, 0.5, 0.1, 0.2, "scale"),
    )
    assert room.ask("/route/set", "emotion/valence", "/look/grade/hue")
    first, second = room.routes()
    assert first.gain == 0.2
    assert (second.low, second.high) == (-1.0, 1.0), "a signal's own range"
    assert room.ask("/route/remove", "features/onset", "/look/view/zoom")
    assert not room.ask("/route/remove", "features/onset", "/look/view/zoom")
    assert room.controller.route_changes == before + 3
    assert room.ask("/reset")
    assert [route.gain for route in room.routes()] == [0.1], "as it was loaded"
    assert room.controller.route_changes == before + 4


@pytest.mark.parametrize(
    "arguments",
    [
        ("features/nothing", "/look/view/zoom"),
        ("features/onset", "/look/nothing"),
        ("features/onset", "/master/brightness"),
        ("features/onset", "/look/view/zoom", 1e9),
        ("features/onset", "/look/view/zoom", 0.1, 1.0, 1.0),
        ("features/onset", "/look/view/zoom", 0.1, 0.0, 1.0, "wavy"),
        ("features/onset", "/look/view/zoom", 0.1, 0.0, 1.0, "linear", -1.0),
        ("features/onset", "/look/view/zoom", 0.1, 0.0, 1.0, "linear", 0.0, 0.0, "multiply"),
    ],
)
def test_a_route_that_cannot_be_is_refused(room: Room, arguments: tuple[object, ...]) -> None:
    routes = room.routes()
    assert not room.ask("/route/set", *arguments)
    assert room.routes() is routes


@pytest.mark.parametrize(
    "arguments",
    [(), ("features/onset",), (1, 2), ("features/onset", "/look/view/zoom", "x"), ("a", "b", 1.0, None)],
)
def test_arguments_of_no_use_are_none(arguments: tuple[object, ...]) -> None:
    assert commands_of(BY_PATH["/route/set"], arguments, "osc:x") is None


def test_routes_are_bounded(room: Room) -> None:
    targets = [param.path for param in PARAMETERS if param.routable]
    signals = ("features/onset", "emotion/valence", "emotion/arousal", "features/loudness")
    asked = [room.ask("/route/set", signal, target) for signal in signals for target in targets]
    assert not all(asked)
    assert len(room.routes()) == 64


def test_one_setting_comes_back_to_what_the_preset_has(room: Room) -> None:
    room.set("/look/flow/amount", 0.1)
    room.set("/look/trails/amount", 0.9)
    default = room.tree.declaration("/look/trails/amount").default
    assert room.ask("/parameter/reset", "/look/flow/amount")
    assert room.value("/look/flow/amount") == 0.75
    assert room.ask("/parameter/reset", "/look/trails/amount")
    assert room.value("/look/trails/amount") == default
    assert not room.ask("/parameter/reset", "/look/nothing")
    assert not room.ask("/parameter/reset", "/status/fps")


def test_the_safe_look_is_plain_and_leaves_the_room_alone(room: Room) -> None:
    room.set("/master/brightness", 0.5)
    assert room.ask("/safe")
    preset, values = room.controller.current
    assert preset.routes == ()
    assert values["/look/flow/amount"] == room.tree.declaration("/look/flow/amount").default
    assert values["/master/brightness"] == 0.5
    room.controller.post(LoadPreset("Ember", "test"))
    room.controller.step(1.0)
    assert room.controller.current[0].name == "Ember"


def test_a_message_without_a_value_presses_a_button_and_zero_lets_it_go() -> None:
    for pressed in ((), (None,), (1,), (True,), (float("inf"),)):
        assert commands_of(BY_PATH["/safe"], pressed, "x")
    for let_go in ((0,), (False,), (0.0,), ("0",)):
        assert commands_of(BY_PATH["/safe"], let_go, "x") == []


def test_what_a_user_made_is_found_before_what_is_shipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path))
    assert user_folder("presets") == tmp_path / "presets"
    assert resource_dirs("presets")[0] != tmp_path / "presets"
    (tmp_path / "presets").mkdir()
    assert resource_dirs("presets")[0] == tmp_path / "presets"
    monkeypatch.delenv(HOME_VARIABLE)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr("sys.platform", "linux")
    assert user_folder("presets") == tmp_path / "data" / "chromesthesia" / "presets"
