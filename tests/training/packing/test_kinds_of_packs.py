"""What the default pack passes, packs of the VAE and of the cGAN pass, too: check, a film, a swap in a running show."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from tests.training.tiny_painters import tiny_cgan, tiny_vae

from chromesthesia.audio.etude import ETUDE
from chromesthesia.control.commands import LoadPack, SetParameter
from chromesthesia.control.controller import Controller
from chromesthesia.core.config import FilmConfig, ShowConfig
from chromesthesia.core.protocols import Clock
from chromesthesia.core.records import Float32, UInt8
from chromesthesia.core.rungs import Rung
from chromesthesia.inference.check import find_faults
from chromesthesia.inference.generator import OnnxGenerator
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.port import Port, Readings
from chromesthesia.show.live import run_show
from chromesthesia.show.offline import render_film
from chromesthesia.testing.models import TINY_SIDE, write_tiny_pack
from chromesthesia.testing.render import AllFrames
from chromesthesia_training.encoder.export import TrainedEncoder
from chromesthesia_training.packing.painter import EnginePainter, painter_pack
from chromesthesia_training.packing.sources import sources_of
from chromesthesia_training.vae.export import engine_vae

pytestmark = pytest.mark.slow
FRAMES, PICTURES = 6, 2
"""Of each pack in the running show: too few to be taken back for late frames, however busy the machine is."""
PATIENCE_S = 120.0
MADE: dict[str, Callable[[], EnginePainter]] = {"vae": lambda: engine_vae(tiny_vae()), "cgan": tiny_cgan}
SIDES = {"default": 256, "vae": 224, "cgan": 16}


@pytest.fixture(scope="module", params=SIDES)
def pack(
    request: pytest.FixtureRequest,
    repository: Path,
    exported: tuple[TrainedEncoder, Path],
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    """The default pack, whose painter is a GAN; a tiny one of the VAE; a tiny one of the cGAN."""
    name: str = request.param
    if name not in MADE:
        return repository / "exports" / name
    folder = tmp_path_factory.mktemp("packs") / name
    painter_pack(MADE[name](), exported[1], folder, (1e-5, 1e-5), sources_of(["art"], "generator"))
    return folder


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> list[UInt8]:
    """Every picture that a generator of a pack paints, in order."""
    pictures: list[UInt8] = []
    paint = OnnxGenerator.paint

    def kept(self: OnnxGenerator, condition: Float32, noise: Float32) -> UInt8:
        picture = paint(self, condition, noise)
        pictures.append(picture.copy())
        return picture

    monkeypatch.setattr(OnnxGenerator, "paint", kept)
    return pictures


def assert_seen_and_moving(frames: Sequence[UInt8]) -> None:
    """Neither black nor flat, and no two in a row are the same."""
    assert all(frame.mean() > 2.0 and frame.std() > 2.0 for frame in frames)
    assert all(not np.array_equal(one, other) for one, other in pairwise(frames))


def test_check_finds_no_fault(pack: Path) -> None:
    assert find_faults(pack) == []


@pytest.mark.gl
def test_a_film_is_rendered_with_the_pack(pack: Path, painted: list[UInt8], tmp_path: Path) -> None:
    film = tmp_path / "film.mp4"
    config = FilmConfig(ETUDE, film, "Gallery", pack=pack, width=96, height=54, duration_s=1.0, fps=12.0)
    frames = AllFrames()
    report = render_film(config, sinks=(frames,))
    assert (report["pack"], report["frames"]) == (pack.name, 12)
    assert report["generator_failures"] == report["encoder_failures"] == 0
    assert film.stat().st_size > 1_000
    assert len(frames.kept) == 12
    assert_seen_and_moving(frames.kept)
    assert {picture.shape for picture in painted} == {(SIDES[pack.name], SIDES[pack.name], 3)}
    assert painted[0].std() > 1.0
    assert not np.array_equal(painted[0], painted[-1])


class Swaps(AllFrames):
    """A port and a sink of a show that begins with the first of `packs`: asks for one after the other, each when the
    one before has shown some frames and painted some pictures, and ends the show after the last. packs: names, and the
    sides of their pictures; told: names of the packs that were used; by_pack: the frames of each."""

    name = "swaps"

    def __init__(self, stop: threading.Event, packs: Sequence[tuple[str, int]], painted: list[UInt8]) -> None:
        super().__init__()
        self.stopped = stop
        self.packs = list(packs)
        self.painted = painted
        self.left = 0
        self.told: list[str] = []
        self.by_pack: list[list[UInt8]] = []
        self.next_s = 0.0
        self.controller: Controller | None = None

    def __call__(self, tree: ParameterTree, controller: Controller, clock: Clock) -> Port:
        self.controller = controller
        return self

    def frame(self, pixels: UInt8, time_s: float) -> None:
        number = len(self.by_pack)
        if time_s > PATIENCE_S or number > len(self.packs):
            self.stopped.set()
        if not 1 <= number <= len(self.packs):
            return
        self.by_pack[-1].append(pixels.copy())
        side = self.packs[number - 1][1]
        if len(self.by_pack[-1]) < FRAMES or self._painted(side) < PICTURES or self.left == number:
            return
        self.left = number
        if number < len(self.packs):
            assert self.controller is not None
            self.controller.post(LoadPack(self.packs[number][0], "test"))
        else:
            self.stopped.set()

    def _painted(self, side: int) -> int:
        """How many of the newest pictures, one after the other, have this side."""
        other = [number for number, picture in enumerate(self.painted, 1) if picture.shape[0] != side]
        return len(self.painted) - (other[-1] if other else 0)

    def start(self) -> None:
        pass

    def publish(self, now_s: float, writes: Sequence[SetParameter], readings: Readings) -> None:
        self.next_s = now_s + 0.05
        pack = str(readings()["/status/pack"])
        if self.told[-1:] != [pack]:
            self.by_pack.append([])
            self.told.append(pack)

    def health(self) -> dict[str, int]:
        return {"failures": 0}

    def stop(self) -> None:
        pass


@pytest.mark.gl
def test_a_show_swaps_to_the_pack_and_back(
    pack: Path, painted: list[UInt8], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = write_tiny_pack(tmp_path / "tiny")
    monkeypatch.setattr(
        "chromesthesia.show.pack_swap.PackSwap.__init__.__defaults__", (lambda: [tiny, pack],)
    )
    stop = threading.Event()
    packs = [("tiny", TINY_SIDE), (pack.name, SIDES[pack.name]), ("tiny", TINY_SIDE)]
    swaps = Swaps(stop, packs, painted)
    config = ShowConfig(
        source="demo",
        headless=True,
        preset="Gallery",
        width=96,
        height=54,
        fps=12.0,
        pack=tiny,
        osc_in_port=0,
        lowest_rung=Rung.FULL,
    )
    report = run_show(config, stop, (swaps,), ports=(swaps,))
    assert swaps.told == [name for name, _ in packs]
    counts = cast(dict[str, dict[str, int]], report["counts"])
    assert counts["swaps"]["taken_back"] == 0
    assert report["generator_failures"] == report["encoder_failures"] == 0
    for frames in swaps.by_pack:
        assert len(frames) >= FRAMES
        assert_seen_and_moving(frames)
    sides = [picture.shape[0] for picture in painted]
    assert sides[0] == sides[-1] == TINY_SIDE
    assert sides.count(SIDES[pack.name]) > PICTURES
