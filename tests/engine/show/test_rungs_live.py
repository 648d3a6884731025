"""A whole show on every rung, and what is swapped in it while it runs."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest

from chromesthesia.control.commands import LoadPack, SetParameter
from chromesthesia.control.controller import Controller
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.protocols import Clock
from chromesthesia.core.records import Float32, UInt8
from chromesthesia.core.rungs import RUNGS, Rung
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.port import Port, Readings
from chromesthesia.render.renderer import Renderer
from chromesthesia.show import live
from chromesthesia.show.assembly import Models, OwnParts, open_models
from chromesthesia.show.live import run_show
from chromesthesia.show.pack_swap import PackSwap
from chromesthesia.show.trial import SETTLE_FRAMES, TRIAL_FRAMES
from chromesthesia.testing.models import TINY_NOISE, PlainGenerator, ToneEncoder, write_tiny_pack

pytestmark = pytest.mark.gl
FRAMES = 12


class Watcher:
    """Ends the show after some frames and keeps the newest."""

    def __init__(self, stop: threading.Event, frames: int = FRAMES) -> None:
        self.stop, self.left = stop, frames
        self.pixels: UInt8 | None = None

    def frame(self, pixels: UInt8, time_s: float) -> None:
        self.pixels = pixels.copy()
        self.left -= 1
        if self.left <= 0:
            self.stop.set()

    def sound(self, samples: Float32, start_s: float) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_pack(tmp_path_factory.mktemp("packs") / "tiny")


def config_of(pack: Path, **more: Any) -> ShowConfig:
    small = ShowConfig(source="demo", headless=True, width=160, height=90, fps=30.0, pack=pack, osc_in_port=0)
    return replace(small, **more)


@pytest.mark.parametrize("rung", RUNGS)
def test_a_show_on_every_rung_has_its_size_and_a_picture(pack: Path, rung: Rung) -> None:
    stop = threading.Event()
    watcher = Watcher(stop)
    # A rung that is not there in this pack gives way to the next cheaper one.
    there = Rung.FEWER_PIXELS if rung is Rung.SMALLER_GENERATOR else rung
    report = run_show(config_of(pack, rung=rung, lowest_rung=there), stop, (watcher,))
    assert report["rung"] == there
    assert watcher.pixels is not None
    assert watcher.pixels.shape == (90, 160, 3)
    assert watcher.pixels.std() > 4.0
    painted = cast(dict[str, dict[str, int]], report["counts"])["generator"]["painted"]
    assert (painted == 0) == (rung in (Rung.SHADERS, Rung.SMALL))


def test_beside_a_score_only_rungs_that_follow_from_it_are_there(pack: Path, tmp_path: Path) -> None:
    stop = threading.Event()
    report = run_show(
        config_of(pack, rung=Rung.CACHED_LATENTS, score=tmp_path / "a.score"), stop, (Watcher(stop),)
    )
    assert report["rung"] == Rung.SHADERS


class Other(PlainGenerator):
    """Paints white with one dark row, in another size and from another noise; `ill`: raises after the first."""

    def __init__(self, ill: bool = False) -> None:
        super().__init__(TINY_NOISE + 5, side=48)
        self.ill = ill

    def paint(self, condition: Float32, noise: Float32) -> UInt8:
        self.painted += 1
        if self.ill and self.painted > 1:
            raise RuntimeError("the model is ill")
        pixels = np.full((48, 48, 3), 250, np.uint8)
        pixels[0] = 0
        return pixels


@pytest.mark.parametrize("ill", [False, True])
def test_a_pack_of_other_sizes_comes_up_and_one_that_fails_goes_again(
    pack: Path, ill: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Models("other", ToneEncoder(), Other(ill))
    monkeypatch.setattr(
        live,
        "open_models",
        lambda path, provider, own=None: (
            other
            if path is not None and path.name == "other"
            else open_models(path, provider, own or OwnParts())
        ),
    )
    monkeypatch.setattr(
        live,
        "PackSwap",
        lambda running, post, take, open_pack: PackSwap(
            running, post, take, open_pack, lambda: [Path("/packs/other")]
        ),
    )
    stop = threading.Event()

    class UntilSwapped(Watcher):
        def frame(self, pixels: UInt8, time_s: float) -> None:
            swaps = other.generator
            assert isinstance(swaps, Other)
            if swaps.painted > 3 or time_s > 20.0:
                super().frame(pixels, time_s)

    def asks(tree: ParameterTree, controller: Controller, clock: Clock) -> Port:
        controller.post(LoadPack("other", "test"))
        return Silent()

    watcher = UntilSwapped(stop, frames=12)
    report = run_show(config_of(pack), stop, (watcher,), ports=(asks,))
    counts = cast(dict[str, dict[str, int]], report["counts"])
    assert report["pack"] == ("tiny" if ill else "other")
    assert counts["swaps"]["taken_back"] == int(ill)


class Silent:
    """A port that tells nothing."""

    name = "silent"
    next_s = float("inf")

    def start(self) -> None:
        pass

    def publish(self, now_s: float, writes: Sequence[SetParameter], readings: Readings) -> None:
        pass

    def health(self) -> dict[str, int]:
        return {"failures": 0}

    def stop(self) -> None:
        pass


def test_edited_shaders_are_tried_in_a_running_show(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reload = Renderer.reload_changed_shaders
    taken: list[int] = []

    def edited_once(self: Renderer) -> str | None:
        if not taken:
            taken.append(1)
            self.library.generation += 1
        return reload(self)

    monkeypatch.setattr(Renderer, "reload_changed_shaders", edited_once)
    stop = threading.Event()
    report = run_show(config_of(pack, fps=60.0), stop, (Watcher(stop, TRIAL_FRAMES + SETTLE_FRAMES + 20),))
    swaps = cast(dict[str, dict[str, int]], report["counts"])["swaps"]
    # Which of both it is depends on the machine that runs this test.
    assert swaps["kept"] + swaps["taken_back"] == 1
