"""A pack of 256 x 256 pictures from end to end: painted, crossed, drawn, and held while a slow model paints."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pytest

from chromesthesia.core.clock import ManualClock
from chromesthesia.core.config import FilmConfig
from chromesthesia.core.records import PaintedImage, PaintRequest
from chromesthesia.core.slot import LatestSlot
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.generator.blend import ImageBlend
from chromesthesia.generator.worker import GeneratorWorker
from chromesthesia.inference.check import find_faults
from chromesthesia.inference.generator import OnnxGenerator
from chromesthesia.inference.probe import load_pack
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.renderer import Renderer
from chromesthesia.show.offline import render_film
from chromesthesia.testing.models import SlowGenerator, write_tiny_pack

pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

SIDE = 256
CONDITION = np.array([0.5, -0.5, 0.2, 0.3, 0.1], dtype=np.float32)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_pack(tmp_path_factory.mktemp("large") / "large", side=SIDE)


@pytest.fixture
def generator(folder: Path) -> OnnxGenerator:
    return OnnxGenerator(load_pack(folder), "cpu")


def request(serial: int) -> PaintRequest:
    noise = np.random.default_rng(serial).standard_normal(16).astype(np.float32)
    return PaintRequest(serial, 240 * serial, 0.0, CONDITION, noise)


def test_the_manifests_shape_decides(folder: Path, generator: OnnxGenerator) -> None:
    assert find_faults(folder) == []
    assert generator.paint(CONDITION, request(1).noise).shape == (SIDE, SIDE, 3)


def test_large_pictures_cross_fade(generator: OnnxGenerator) -> None:
    clock = ManualClock()
    requests, images = LatestSlot[PaintRequest](), LatestSlot[PaintedImage]()
    worker = GeneratorWorker(generator, clock, requests, images)
    blend = ImageBlend()
    for serial in (1, 2, 3):
        requests.put(request(serial))
        assert worker.step()
        image = images.take(0.0)
        assert image is not None
        blend.push(image, clock.now_s())
        clock.advance(0.01)  # sooner than a crossing takes: the mixture is worked out at this size
    view = blend.at(clock.now_s())
    assert view.previous is not None
    assert view.current is not None
    assert view.previous.shape == view.current.shape == (SIDE, SIDE, 3)
    assert 0.0 < view.mix < 1.0


def test_a_slow_model_never_keeps_the_frame_waiting(generator: OnnxGenerator) -> None:
    clock, release = ManualClock(), threading.Event()
    requests, images = LatestSlot[PaintRequest](), LatestSlot[PaintedImage]()
    slow = SlowGenerator(generator, release=release)
    worker = GeneratorWorker(slow, clock, requests, images)
    requests.put(request(1))
    thread = threading.Thread(target=worker.step, args=(10.0,))
    thread.start()
    assert slow.started.wait(30.0)
    requests.put(request(2))
    requests.put(request(3))  # the newest wins: the second is never painted
    assert images.take(0.0) is None
    release.set()
    thread.join(30.0)
    first = images.take(30.0)
    assert first is not None
    assert first.serial == 1
    assert worker.step()
    newest = images.take(0.0)
    assert newest is not None
    assert newest.serial == 3


@pytest.mark.gl
def test_large_pictures_are_uploaded_and_a_change_of_size_is_taken(generator: OnnxGenerator) -> None:
    surface = HeadlessSurface(160, 90)
    renderer = Renderer(surface.ctx, 160, 90)
    small = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    shown = []
    for serial, pixels in enumerate(
        (generator.paint(CONDITION, request(1).noise), small, generator.paint(-CONDITION, request(2).noise)),
        1,
    ):
        inputs = FrameInputs(
            serial / 30,
            1 / 30,
            {},
            current=pixels,
            previous=pixels,
            current_serial=serial,
            previous_serial=serial,
        )
        renderer.render(inputs)
        shown.append(renderer.read_pixels().copy())
    renderer.release()
    surface.close()
    assert all(frame.std() > 3 for frame in shown)
    assert np.abs(shown[0].astype(int) - shown[2]).mean() > 1


@pytest.mark.gl
def test_a_film_with_large_pictures(folder: Path, tmp_path: Path) -> None:
    soundfile = pytest.importorskip("soundfile")
    tone = 0.3 * np.sin(2 * np.pi * 330 * np.arange(24_000) / 24_000)
    soundfile.write(tmp_path / "tone.wav", tone.astype(np.float32), 24_000)
    config = FilmConfig(
        sound=tmp_path / "tone.wav",
        film=tmp_path / "film.mp4",
        width=160,
        height=90,
        fps=10.0,
        duration_s=0.5,
        pack=folder,
        provider="cpu",
    )
    figures = render_film(config)
    assert figures["frames"] == 5
    assert (tmp_path / "film.mp4").stat().st_size > 0
