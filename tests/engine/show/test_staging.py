"""A show on a file of outputs: drawn off screen at its canvas, heard at its windows, told where one is missing."""

from __future__ import annotations

import functools
import threading
from pathlib import Path
from typing import ClassVar, cast

import numpy as np
import pytest
from PIL import Image

from chromesthesia.control.commands import Command, NextPreset
from chromesthesia.control.controller import Controller
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.errors import UsageError
from chromesthesia.core.records import AudioBlock, Float32, UInt8
from chromesthesia.display.frame_share import FrameReader
from chromesthesia.display.stage_file import StageError
from chromesthesia.display.window_words import ALIVE, OPENED, Order, Word
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import PresetLibrary
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.stage import programs
from chromesthesia.ports.stage.port import StagePort
from chromesthesia.show import staging
from chromesthesia.show.assembly import OwnParts
from chromesthesia.show.live import run_show
from chromesthesia.show.staging import open_stage, presser, staged
from chromesthesia.testing.audio import ScriptedSource
from chromesthesia.testing.models import PlainGenerator, ToneEncoder


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


class Quiet(ScriptedSource):
    """A room without end in which nothing is heard."""

    def read(self) -> AudioBlock | None:
        if self._pause.wait(0.01):
            return None
        return AudioBlock(np.zeros(240, np.float32), 0.0)

    def close(self) -> None:
        self._pause.set()

    _pause = threading.Event()


class Told:
    """A window that keeps its orders and takes what is in memory while the show plays."""

    links: ClassVar[list[Told]] = []

    def __init__(self, screen: str, order: Order) -> None:
        self.order = order
        self.seen: UInt8 | None = None
        self.said = [Word(what=OPENED, displays=2)]
        Told.links.append(self)

    def tell(self, order: Order) -> None:
        self.order = order

    def words(self) -> list[Word]:
        if self.order.memory and self.seen is None:
            reader = FrameReader(self.order.memory)
            taken = reader.take()
            self.seen = None if taken is None else taken.copy()
            reader.close()
        said, self.said = self.said, []
        return [*said, Word(what=ALIVE, displays=2)]

    def ended(self) -> str | None:
        return None

    def close(self) -> None:
        pass


@pytest.mark.gl
def test_a_whole_show_is_seen_by_its_windows_and_paints_what_its_eye_sees(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Told.links.clear()
    monkeypatch.setattr(staging, "StagePort", functools.partial(StagePort, open_link=Told))
    path = written(tmp_path, 'canvas = [96, 54]\n[[output]]\n[[output]]\nname = "right"\ndisplay = 1\n')
    Image.new("RGB", (40, 30), (250, 10, 10)).save(tmp_path / "seen.png")
    stop = threading.Event()

    class Ends:
        """Ends the show once both windows have a frame and something was seen."""

        def frame(self, pixels: UInt8, time_s: float) -> None:
            if len(Told.links) == 2 and all(link.seen is not None for link in Told.links) and time_s > 0.5:
                stop.set()

        def sound(self, samples: Float32, start_s: float) -> None: ...

        def close(self) -> None: ...

    report = run_show(
        ShowConfig(
            outputs=path, eye=str(tmp_path / "seen.png"), osc_in_port=0, query_port=0, duration_s=60.0
        ),
        stop,
        (Ends(),),
        own=OwnParts(
            source=Quiet([]),
            encoder=ToneEncoder(),
            generator=PlainGenerator(),
        ),
    )
    assert report["size"] == [96, 54]
    counts = cast(dict[str, dict[str, int]], report["counts"])
    assert counts["port stage"]["outputs"] == counts["port stage"]["visible"] == 2
    assert counts["port eye"]["seen"] == 1
    assert report["frame_failures"] == {}
    assert all(link.seen is not None and link.seen.shape == (54, 96, 3) for link in Told.links)
