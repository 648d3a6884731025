"""A show on a file of outputs: drawn off screen at its canvas, heard at its windows, told where one is missing."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import cast

import pytest

from chromesthesia.control.commands import Command, NextPreset
from chromesthesia.control.controller import Controller
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.errors import UsageError
from chromesthesia.display.stage_file import StageError
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import PresetLibrary
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.stage import programs
from chromesthesia.show.staging import open_stage, presser, staged


def written(folder: Path, text: str) -> Path:
    path = folder / "stage.toml"
    path.write_text(f"schema = 1\n{text}", encoding="utf-8")
    return path


def test_with_windows_the_show_is_drawn_off_screen_at_its_canvas(tmp_path: Path) -> None:
    path = written(tmp_path, "canvas = [1920, 540]\n[[output]]\n")
    config, spec = staged(ShowConfig(outputs=path))
    assert spec is not None
    assert (config.headless, config.width, config.height) == (True, 1920, 540)
    config, _ = staged(ShowConfig(outputs=path, width=640, height=360))
    assert (config.width, config.height) == (640, 360)


def test_without_any_the_show_keeps_its_own_window(tmp_path: Path) -> None:
    path = written(tmp_path, '[[output]]\nto = "ndi"\n')
    given = ShowConfig(outputs=path)
    assert staged(given)[0] == given
    assert staged(ShowConfig()) == (ShowConfig(), None)
    with pytest.raises(StageError, match="gone"):
        staged(ShowConfig(outputs=tmp_path / "gone.toml"))


def test_a_library_that_is_missing_is_told_before_the_show(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs.importlib.util, "find_spec", lambda module: None)
    config, spec = staged(ShowConfig(outputs=written(tmp_path, '[[output]]\nto = "ndi"\n')))
    tree = ParameterTree(PARAMETERS)
    with pytest.raises(UsageError, match="needs cyndilib") as caught:
        open_stage(config, spec, tree, Controller(tree, PresetLibrary(())), ManualClock(), threading.Event())
    assert caught.value.remedy == "pip install 'chromesthesia[ndi]'"


def test_keys_at_any_window_do_what_they_do_at_the_shows_own() -> None:
    posted: list[Command] = []

    class Takes:
        def post(self, *commands: Command) -> None:
            posted.extend(commands)

    stop = threading.Event()
    pressed = presser(cast(Controller, Takes()), stop)
    for event in ("NEXT_PRESET", "RESIZED", "nothing", "TOGGLE_FULLSCREEN"):
        pressed(event)
    assert [type(command) for command in posted] == [NextPreset]
    assert not stop.is_set()
    pressed("QUIT")
    assert stop.is_set()
