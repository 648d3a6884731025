"""Changes that are taken back."""

from __future__ import annotations

from chromesthesia.control.commands import (
    AlignBar,
    LoadPreset,
    RemoveRoute,
    SetParameter,
    SetRoute,
    ToggleParameter,
    Undo,
)
from chromesthesia.control.controller import Controller
from chromesthesia.control.history import MOST_STEPS
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.preset_file import RouteTable
from chromesthesia.params.presets import Preset, PresetLibrary
from chromesthesia.params.tree import ParameterTree

FLOW, ZOOM = "/look/flow/amount", "/look/view/zoom"
ROUTE = RouteTable(signal="features/onset", target=ZOOM)


class Room:
    def __init__(self) -> None:
        library = PresetLibrary((Preset("Ember", {FLOW: 0.9}), Preset("Ink", {FLOW: 0.1})))
        self.controller = Controller(ParameterTree(PARAMETERS), library, library.presets[1])
        self.now_s = 0.0

    def do(self, *commands: object, after_s: float = 5.0) -> None:
        self.now_s += after_s
        self.controller.post(*commands)  # type: ignore[arg-type]
        self.controller.step(self.now_s)

    def value(self, path: str) -> object:
        return self.controller.current[1][path]


def test_each_setting_and_each_look_is_a_step_back() -> None:
    room = Room()
    room.do(SetParameter(FLOW, 0.5, "hand"))
    room.do(LoadPreset("Ember", "hand"))
    room.do(ToggleParameter("/master/freeze", "hand"))
    room.do(Undo("hand"))
    assert (room.value("/master/freeze"), room.value(FLOW)) == (False, 0.9)
    room.do(Undo("hand"))
    assert (room.controller.current[0].name, room.value(FLOW)) == ("Ink", 0.5)
    room.do(Undo("hand"))
    assert room.value(FLOW) == 0.1
    room.do(Undo("hand"))
    assert room.controller.notice.is_error
    assert room.value(FLOW) == 0.1


def test_what_one_fader_does_in_one_go_is_one_step() -> None:
    room = Room()
    room.do(SetParameter(ZOOM, 1.2, "hand"))
    for step in range(50):
        room.do(SetParameter(FLOW, step / 50, "hand"), after_s=0.02 if step else 5.0)
    room.do(SetParameter(FLOW, 0.3, "hand"), after_s=2.0)
    room.do(Undo("hand"))
    assert room.value(FLOW) == 0.98
    room.do(Undo("hand"))
    assert (room.value(FLOW), room.value(ZOOM)) == (0.1, 1.2)


def test_what_comes_at_once_is_one_step_whoever_sends_it() -> None:
    room = Room()
    room.do(SetParameter(ZOOM, 1.5, "hand"))
    for step in range(100):
        path = FLOW if step % 2 else ZOOM
        room.do(SetParameter(path, 0.5 + step / 1000, "osc:a"), after_s=0.01 if step else 5.0)
    assert len(room.controller.history) == 2
    room.do(Undo("hand"))
    assert (room.value(FLOW), room.value(ZOOM)) == (0.1, 1.5)


def test_a_route_comes_back_and_the_preset_stays_what_its_file_says() -> None:
    room = Room()
    room.do(SetRoute(ROUTE, "hand"))
    room.do(RemoveRoute(ROUTE.signal, ROUTE.target, "hand"))
    room.do(Undo("hand"))
    assert [route.target for route in room.controller.current[0].routes] == [ZOOM]
    changes = room.controller.route_changes
    room.do(Undo("hand"))
    assert room.controller.current[0].routes == ()
    assert room.controller.route_changes == changes + 1


def test_what_changes_nothing_is_no_step_and_steps_are_bounded() -> None:
    room = Room()
    room.do(SetParameter(FLOW, 0.1, "hand"))
    room.do(AlignBar("hand"))
    room.do(SetParameter("/nowhere", 0.1, "hand"))
    assert len(room.controller.history) == 0
    for step in range(MOST_STEPS + 20):
        room.do(SetParameter(FLOW, step % 7 / 10, "hand"))
    assert len(room.controller.history) == MOST_STEPS


def test_what_comes_in_one_step_with_an_undo_is_a_step_of_its_own() -> None:
    room = Room()
    room.do(SetParameter(ZOOM, 1.5, "hand"))
    room.do(SetParameter(FLOW, 0.5, "hand"), Undo("hand"))
    assert (room.value(FLOW), room.value(ZOOM)) == (0.1, 1.5)
    room.do(Undo("hand"), SetParameter(FLOW, 0.7, "hand"))
    assert (room.value(FLOW), room.value(ZOOM)) == (0.7, 1.0)
    room.do(Undo("hand"))
    assert room.value(FLOW) == 0.1
    assert len(room.controller.history) == 0
