"""Presets on the disk while a show runs."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chromesthesia.control.controller import Controller
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import find_presets
from chromesthesia.params.tree import ParameterTree
from chromesthesia.show.preset_watch import LOOK_EVERY_S, PresetWatch

FLOW = "/look/flow/amount"


class Room:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.written = 0
        self.write("ink", 0.25)
        tree = ParameterTree(PARAMETERS)
        library = find_presets([folder], PARAMETERS)
        self.controller = Controller(tree, library, library.presets[0])
        self.watch = PresetWatch(tree, self.controller, lambda: [folder])
        self.now_s = 0.0
        self.turn()

    def write(self, stem: str, flow: object, name: str | None = None) -> None:
        path = self.folder / f"{stem}.toml"
        path.write_text(f'schema = 1\nname = "{name or stem}"\n[params]\n"{FLOW}" = {flow}\n')
        self.written += 1
        os.utime(path, ns=(self.written, self.written))  # two files of one tick of the disk's clock

    def turn(self) -> None:
        self.now_s += LOOK_EVERY_S
        self.watch.publish(self.now_s, (), dict)
        self.controller.step(self.now_s)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def test_a_file_that_comes_or_goes_is_in_the_library(room: Room) -> None:
    room.write("ember", 0.5)
    room.turn()
    assert room.controller.library.names == ("ember", "ink")
    (room.folder / "ember.toml").unlink()
    room.turn()
    assert room.controller.library.names == ("ink",)


def test_the_preset_that_is_on_is_loaded_anew(room: Room) -> None:
    assert room.controller.current[1][FLOW] == 0.25
    room.write("ink", 0.75)
    room.turn()
    assert room.controller.current[1][FLOW] == 0.75


def test_another_file_leaves_what_a_hand_has_moved(room: Room) -> None:
    looks = room.controller.looks
    room.write("ember", 0.5)
    room.turn()
    assert room.controller.looks == looks


def test_a_file_that_is_wrong_is_told_once_and_the_look_stays(room: Room) -> None:
    room.write("ink", '"much"')
    room.turn()
    assert room.controller.notice.is_error
    assert room.controller.current[1][FLOW] == 0.25
    assert room.watch.health()["failures"] == 1
    room.write("ember", 0.5)
    room.turn()
    assert room.watch.health()["failures"] == 1


def test_a_folder_that_is_gone_is_no_fault(room: Room) -> None:
    (room.folder / "ink.toml").unlink()
    room.folder.rmdir()
    room.turn()
    assert len(room.controller.library) == 0
    assert room.controller.current[1][FLOW] == 0.25
