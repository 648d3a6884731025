"""Another pack while the show runs: only by name, only one that fits, and a bad one changes nothing."""

from __future__ import annotations

import gc
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from chromesthesia.control.commands import LoadPack
from chromesthesia.control.controller import Controller
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.errors import PackError
from chromesthesia.core.records import PaintedImage, PaintRequest
from chromesthesia.core.slot import LatestSlot
from chromesthesia.generator.worker import GeneratorWorker
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import PresetLibrary
from chromesthesia.params.tree import ParameterTree
from chromesthesia.show.assembly import Models, open_models
from chromesthesia.show.pack_swap import PackSwap, refuse_beside_score
from chromesthesia.testing.models import TINY_NOISE, PlainGenerator, ToneEncoder, write_tiny_pack

SOURCE = "osc:10.0.0.7:1"
FOLDERS = {
    name: Path("/packs") / name for name in ("tiny", "rooms", "large", "broken", "strange", "slow", "flat")
}


def models(name: str, noise_size: int = TINY_NOISE, side: int = 32) -> Models:
    return Models(name, ToneEncoder(), PlainGenerator(noise_size, side))


class FlatGenerator(PlainGenerator):
    def paint(self, condition: np.ndarray, noise: np.ndarray) -> np.ndarray:
        return np.full((32, 32, 3), 99, np.uint8)


class Stage:
    """A controller that takes packs which load as their names say."""

    def __init__(self, open_pack: Callable[[Path], Models] | None = None) -> None:
        self.taken: list[Models] = []
        self.may_load = threading.Event()
        self.controller = Controller(ParameterTree(PARAMETERS), PresetLibrary(()))
        self.swap = PackSwap(
            models("tiny"),
            self.controller.post,
            self._take,
            open_pack or self._open,
            FOLDERS.values,
        )
        self.controller.handle(LoadPack, self.swap.load)

    def _take(self, models: Models, back: Callable[[str], None]) -> None:
        self.taken.append(models)
        self.take_back = back

    def _open(self, folder: Path) -> Models:
        if folder.name == "broken":
            raise PackError("its hash is another", "get it again")
        if folder.name == "strange":
            raise RuntimeError("the runtime is ill")
        if folder.name == "slow":
            assert self.may_load.wait(20.0)
        if folder.name == "flat":
            return Models("flat", ToneEncoder(), FlatGenerator())
        return models(folder.name, side=64 if folder.name == "large" else 32)

    def ask(self, name: str) -> str:
        """Load it and wait; what is told of it."""
        self.controller.post(LoadPack(name, SOURCE))
        self.controller.step(0.0)
        self.swap.wait(20.0)
        self.controller.step(0.0)
        return self.controller.notice.text


def test_a_pack_that_fits_is_taken() -> None:
    stage = Stage()
    stage.ask("rooms")
    stage.ask("tiny")
    assert [each.name for each in stage.taken] == ["rooms", "tiny"]
    assert stage.controller.counters.refused == 0


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("room", "did you mean rooms"),
        ("../packs/rooms", "no model pack"),
        ("/packs/rooms", "no model pack"),
        ("..", "no model pack"),
        ("broken", "its hash is another (get it again)"),
        ("strange", "pack strange cannot be loaded: the runtime is ill"),
        ("flat", "the picture is flat"),
    ],
)
def test_what_cannot_be_had_is_refused_with_the_reason_and_the_show_goes_on(
    name: str, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    stage = Stage()
    assert stage.ask(name) == "refused over OSC: another model pack (see the log)"
    assert said in caplog.text
    assert stage.taken == []
    stage.ask("rooms")
    assert [each.name for each in stage.taken] == ["rooms"]


def test_a_pack_that_was_refused_leaves_nothing_behind_of_what_was_read() -> None:
    class Weights:
        """A large file."""

    read: list[weakref.ref[Weights]] = []

    def open_pack(folder: Path) -> Models:
        weights = Weights()
        read.append(weakref.ref(weights))
        try:
            raise ValueError("cut short")
        except ValueError as error:
            raise PackError("its hash is another", "get it again") from error

    stage = Stage(open_pack)
    gc.disable()
    try:
        assert "refused" in stage.ask("broken")
        assert [ref() for ref in read] == [None]
    finally:
        gc.enable()


def test_one_is_loaded_at_a_time_and_the_show_does_not_wait(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage()
    for name in ("slow", "rooms"):
        stage.controller.post(LoadPack(name, SOURCE))
        stage.controller.step(0.0)
    assert "another pack is being loaded" in caplog.text
    assert stage.taken == []
    stage.may_load.set()
    stage.swap.wait(20.0)
    stage.controller.step(1.0)
    assert [each.name for each in stage.taken] == ["slow"]


def test_beside_a_score_no_pack_is_changed(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage()
    stage.controller.handle(LoadPack, refuse_beside_score)
    stage.ask("rooms")
    assert "a score is kept" in caplog.text
    assert stage.taken == []


@pytest.mark.parametrize("other", [models("rooms", noise_size=TINY_NOISE + 1), models("rooms", side=64)])
def test_a_pack_of_other_sizes_is_taken(other: Models) -> None:
    stage = Stage(lambda folder: other)
    stage.ask("rooms")
    assert stage.taken == [other]


def test_one_that_is_taken_back_is_told_and_the_former_is_what_the_next_follows(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stage = Stage()
    stage.ask("rooms")
    stage.take_back("20 of its first 30 frames were late")
    stage.controller.step(1.0)
    assert "pack rooms was taken back: 20 of its first 30 frames were late (tiny goes on" in caplog.text
    assert stage.controller.notice.text.startswith("refused over OSC")
    stage.ask("large")
    stage.take_back("it failed 3 times")
    stage.controller.step(2.0)
    assert "tiny goes on" in caplog.text.splitlines()[-1]


def test_the_next_picture_is_the_other_generators() -> None:
    requests: LatestSlot[PaintRequest] = LatestSlot()
    images: LatestSlot[PaintedImage] = LatestSlot()

    class White(PlainGenerator):
        def paint(self, condition: np.ndarray, noise: np.ndarray) -> np.ndarray:
            pixels = np.full((32, 32, 3), 255, np.uint8)
            pixels[0] = 0
            return pixels

    worker = GeneratorWorker(PlainGenerator(), ManualClock(), requests, images)
    worker.change(White())
    requests.put(PaintRequest(1, 0, 0.0, np.zeros(5, np.float32), np.zeros(TINY_NOISE, np.float32)))
    assert worker.step()
    image = images.take()
    assert image is not None
    assert image.pixels[1:].min() == 255


def test_a_generator_of_other_sizes_waits_for_the_first_request_of_its_own() -> None:
    requests: LatestSlot[PaintRequest] = LatestSlot()
    images: LatestSlot[PaintedImage] = LatestSlot()
    worker = GeneratorWorker(PlainGenerator(), ManualClock(), requests, images)
    worker.change(PlainGenerator(TINY_NOISE + 3, side=48))

    def painted(serial: int, noise: int) -> PaintedImage:
        requests.put(PaintRequest(serial, 0, 0.0, np.zeros(5, np.float32), np.zeros(noise, np.float32)))
        assert worker.step()
        image = images.take()
        assert image is not None
        return image

    old, new = painted(1, TINY_NOISE), painted(2, TINY_NOISE + 3)
    assert (old.pixels.shape[0], old.painter) == (32, 0)
    assert (new.pixels.shape[0], new.painter) == (48, 1)
    assert worker.failures == 0


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return write_tiny_pack(tmp_path / "tiny")


def test_a_real_pack_from_disk(tiny: Path) -> None:
    taken: list[Models] = []
    controller = Controller(ParameterTree(PARAMETERS), PresetLibrary(()))
    swap = PackSwap(
        models("own", side=32),
        controller.post,
        lambda models, back: taken.append(models),
        lambda folder: open_models(folder, "cpu"),
        lambda: [tiny],
    )
    swap.load(LoadPack("tiny", SOURCE), 0.0)
    swap.wait(60.0)
    controller.step(0.0)
    assert [each.name for each in taken] == ["tiny"]
