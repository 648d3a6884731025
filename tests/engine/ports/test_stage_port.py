"""Outputs set while a show runs: by parameters that OSC and the panel have, refused when they show nothing, saved."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from chromesthesia.control.actions import BY_PATH, commands_of
from chromesthesia.control.commands import ResetRoom, SafeLook, SetParameter, Undo
from chromesthesia.control.controller import Controller
from chromesthesia.core.clock import ManualClock
from chromesthesia.display.frame_share import FrameReader
from chromesthesia.display.stage_file import read_stage
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import PresetLibrary
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.stage.port import SharedFrames, StagePort
from chromesthesia.render.cards import Card
from chromesthesia.testing.stage import SilentWindow

FILE = """schema = 1
[[output]]
name = "left"
corners = [[0.1, 0], [1, 0], [1, 1], [0, 1]]

[[output]]
name = "right"
columns = 3
rows = 3
"""


class Desk:
    def __init__(self, folder: Path) -> None:
        self.path = folder / "stage.toml"
        self.now_s = 0.0
        self.path.write_text(FILE, encoding="utf-8")
        self.tree = ParameterTree(PARAMETERS)
        self.controller = Controller(self.tree, PresetLibrary(()))
        self.port = StagePort(
            read_stage(self.path),
            self.path,
            self.tree,
            self.controller,
            ManualClock(),
            open_link=SilentWindow,
        )
        self.controller.begin(0.0)

    def set(self, path: str, value: object) -> None:
        self.controller.post(SetParameter(path, value, "osc:test", path))
        self.step()

    def step(self) -> None:
        self.now_s += 10.0
        writes = self.controller.step(self.now_s)
        self.port.publish(self.now_s, writes, dict)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def test_a_corner_is_dragged_by_its_address(desk: Desk) -> None:
    assert desk.tree.value("/output/1/corner/1/x") == 0.1
    desk.set("/output/1/corner/3/y", 0.8)
    desk.set("/output/1/blend/right", 0.25)
    desk.set("/output/1/gamma/green", 1.2)
    desk.set("/output/2/mesh/2/2/x", 0.6)
    left, right = desk.port.output(1), desk.port.output(2)
    assert left.shape.corners == ((0.1, 0.0), (1.0, 0.0), (1.0, 0.8), (0.0, 1.0))
    assert left.shape.fade == (0.0, 0.0, 0.25, 0.0)
    assert left.shape.gamma == (1.0, 1.2, 1.0)
    assert right.shape.mesh is not None
    assert right.shape.mesh.points[4] == (0.6, 0.5)


def test_what_shows_nothing_is_refused_and_told_and_the_next_move_counts(desk: Desk) -> None:
    before = desk.port.output(1)
    desk.set("/output/1/corner/1/x", 1.9)
    assert desk.port.output(1) == before
    assert "output left stays as it was" in desk.controller.notice.text
    desk.set("/output/1/corner/1/x", 0.3)
    assert desk.port.output(1).shape.corners[0] == (0.3, 0.0)


def test_a_crop_moved_beyond_the_picture_ends_at_its_edge(desk: Desk) -> None:
    desk.set("/output/1/crop/left", 0.75)
    assert desk.port.output(1).shape.crop == (0.75, 0.0, 0.25, 1.0)
    desk.set("/output/1/crop/left", 1.0)
    assert desk.port.output(1).shape.crop[0] < 1.0


def test_cards_and_identify(desk: Desk) -> None:
    desk.set("/output/2/card", "grid")
    assert [desk.port.output(n).card for n in (1, 2)] == [Card.OFF, Card.GRID]
    desk.set("/output/all/identify", True)
    assert [desk.port.output(n).card for n in (1, 2)] == [Card.IDENTIFY, Card.IDENTIFY]
    desk.set("/output/all/identify", False)
    assert [desk.port.output(n).card for n in (1, 2)] == [Card.OFF, Card.GRID]


def test_presets_leave_it_alone_and_undo_and_reset_do_not(desk: Desk) -> None:
    desk.set("/output/1/corner/2/x", 0.9)
    desk.controller.post(SafeLook("test"))
    desk.step()
    assert desk.port.output(1).shape.corners[1][0] == 0.9
    desk.set("/output/1/corner/2/x", 0.7)
    desk.controller.post(Undo("test"))
    desk.step()
    assert desk.port.output(1).shape.corners[1][0] == 0.9
    desk.controller.post(ResetRoom("test"))
    desk.step()
    assert desk.port.output(1).shape.corners[1][0] == 1.0


def test_it_is_saved_into_its_file_by_an_action(desk: Desk) -> None:
    desk.set("/output/1/corner/1/y", 0.25)
    desk.set("/output/all/identify", True)
    commands = commands_of(BY_PATH["/output/save"], [], "osc:test")
    assert commands is not None
    desk.controller.post(*commands)
    desk.step()
    saved = read_stage(desk.path).outputs
    assert saved[0].shape.corners[0] == (0.1, 0.25)
    assert saved[0].card is Card.OFF
    assert "saved" in desk.controller.notice.text
    desk.path.write_text("not TOML", encoding="utf-8")
    desk.controller.post(*commands)
    desk.step()
    assert desk.controller.notice.is_error


def test_windows_are_told_what_was_set(desk: Desk) -> None:
    desk.port.keeper.step()
    desk.set("/output/1/blend/left", 0.5)
    desk.port.keeper.step()
    links = [one.next.link for one in desk.port.keeper._outputs if one.next is not None]
    assert len(links) == 2
    assert isinstance(links[0], SilentWindow)
    assert links[0].order.shape.fade[0] == 0.5


def test_a_show_that_no_display_shows_says_so(desk: Desk) -> None:
    told = [desk.port.unseen]
    desk.port.keeper.step()
    for one in desk.port.keeper._outputs:
        assert one.next is not None
        one.next.link.ended = lambda: "its window ended (exit code 1)"  # type: ignore[method-assign]
    desk.port.keeper.step()
    told.append(desk.port.unseen)
    assert told == [False, True]
    assert desk.port.trouble.startswith("the picture is seen on no display")


def test_frames_are_in_memory_for_windows_whatever_their_size() -> None:
    told: list[str] = []
    frames = SharedFrames(told.append)
    frames.frame(np.full((4, 6, 3), 9, np.uint8), 0.0)
    frames.frame(np.full((4, 6, 3), 10, np.uint8), 0.1)
    assert len(told) == 1
    reader = FrameReader(told[0])
    taken = reader.take()
    assert taken is not None
    assert taken.max() == 10
    reader.close()
    frames.frame(np.zeros((8, 8, 3), np.uint8), 0.2)
    assert len(told) == 2
    frames.close()


def test_a_move_just_before_is_saved_and_shown(desk: Desk) -> None:
    commands = commands_of(BY_PATH["/output/save"], [], "osc:test")
    assert commands is not None
    desk.controller.post(SetParameter("/output/2/mesh/2/2/y", 0.4, "osc:test"), *commands)
    desk.step()
    for outputs in (read_stage(desk.path).outputs, (desk.port.output(1), desk.port.output(2))):
        mesh = outputs[1].shape.mesh
        assert mesh is not None
        assert mesh.points[4] == (0.5, 0.4)
