"""The worker: newest request wins, and whatever the model does the last good picture stays."""

import re
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from chromesthesia.core.clock import ManualClock, SystemClock
from chromesthesia.core.protocols import Generator
from chromesthesia.core.records import PaintedImage, PaintRequest
from chromesthesia.core.slot import LatestSlot
from chromesthesia.generator.worker import GeneratorWorker
from chromesthesia.testing.models import PlainGenerator, RaisingGenerator, SlowGenerator


class _Desk:
    """A worker with its two slots."""

    def __init__(self, generator: Generator, clock: ManualClock | None = None) -> None:
        self.clock = clock or ManualClock()
        self.requests: LatestSlot[PaintRequest] = LatestSlot()
        self.images: LatestSlot[PaintedImage] = LatestSlot()
        self.worker = GeneratorWorker(generator, self.clock, self.requests, self.images)

    def ask(self, serial: int) -> None:
        noise = np.random.default_rng(serial).standard_normal(16).astype(np.float32)
        self.requests.put(
            PaintRequest(serial, 240 * serial, 0.01 * serial, np.zeros(5, dtype=np.float32), noise)
        )


def test_a_picture_carries_where_it_came_from() -> None:
    clock = ManualClock(7.0)
    desk = _Desk(SlowGenerator(clock=clock, paint_s=0.004), clock)
    desk.ask(3)
    assert desk.worker.step()
    image = desk.images.take()
    assert image is not None
    assert (image.serial, image.end_sample, image.entered_s, image.painted_s) == (
        3,
        720,
        0.03,
        pytest.approx(7.004),
    )
    assert image.pixels.shape == (32, 32, 3)
    assert image.paint_s == pytest.approx(0.004)


def test_nothing_asked_nothing_painted() -> None:
    desk = _Desk(PlainGenerator())
    assert not desk.worker.step(timeout_s=0.0)
    assert desk.images.take() is None


def test_the_newest_request_wins() -> None:
    desk = _Desk(PlainGenerator())
    for serial in range(5):
        desk.ask(serial)
    assert desk.worker.step()
    image = desk.images.take()
    assert image is not None
    assert image.serial == 4
    assert not desk.worker.step()


def test_a_picture_once_published_never_changes() -> None:
    desk = _Desk(PlainGenerator())
    desk.ask(1)
    desk.worker.step()
    first = desk.images.take()
    assert first is not None
    kept = first.pixels.copy()
    for serial in range(2, 8):
        desk.ask(serial)
        desk.worker.step()
    np.testing.assert_array_equal(first.pixels, kept)
    with pytest.raises(ValueError, match="read-only"):
        first.pixels[0, 0, 0] = 1


def test_a_raising_generator_is_counted_and_the_show_goes_on() -> None:
    desk = _Desk(RaisingGenerator(lambda call: call in (1, 2)))
    published = []
    for serial in range(4):
        desk.ask(serial)
        published.append(desk.worker.step())
    assert published == [True, False, False, True]
    assert desk.worker.failures == 2
    assert desk.worker.failures_in_a_row == 0
    assert desk.worker.last_error == "RuntimeError: out of paint"
    assert desk.worker.painted == 2


def test_the_last_image_is_held_through_failures() -> None:
    desk = _Desk(RaisingGenerator(lambda call: call > 0))
    for serial in range(3):
        desk.ask(serial)
        desk.worker.step()
    image = desk.images.peek()
    assert image is not None
    assert image.serial == 0
    assert desk.worker.failures_in_a_row == 2


def test_failures_for_weeks_do_not_fill_the_log(caplog: pytest.LogCaptureFixture) -> None:
    desk = _Desk(RaisingGenerator())
    for serial in range(1000):
        desk.ask(serial)
        desk.worker.step()
    assert desk.worker.failures == 1000
    assert len(caplog.records) == 10


class _Fixed:
    """Paints whatever it is told."""

    noise_size = 16
    condition_labels = ("valence",)

    def __init__(self, *pictures: np.ndarray) -> None:
        self._pictures = iter(pictures)

    def paint(self, condition: np.ndarray, noise: np.ndarray) -> np.ndarray:
        return next(self._pictures)


def _good(side: int = 8) -> np.ndarray:
    return np.arange(side * side * 3, dtype=np.uint8).reshape(side, side, 3)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (lambda: np.full((8, 8, 3), 130, dtype=np.uint8), "flat"),
        (lambda: np.zeros((8, 8, 3), dtype=np.uint8), "flat"),
        (lambda: _good().astype(np.float32), "expected a picture uint8"),
        (lambda: _good()[..., :1], r"got uint8 \[8, 8, 1\]"),
        (lambda: _good()[:0], r"\[0, 8, 3\]"),
        (lambda: _good(6), r"expected a picture of \[8, 8, 3\], got \[6, 6, 3\]"),
    ],
)
def test_an_unusable_picture_is_a_failure(bad: Callable[[], np.ndarray], message: str) -> None:
    desk = _Desk(_Fixed(_good(), bad(), _good()))
    outcomes = []
    for serial in range(3):
        desk.ask(serial)
        outcomes.append(desk.worker.step())
    assert outcomes == [True, False, True]
    assert re.search(message, desk.worker.last_error or "")


def test_a_slow_generator_does_not_hold_up_whoever_asks() -> None:
    release = threading.Event()
    slow = SlowGenerator(release=release)
    desk = _Desk(slow)
    worker = GeneratorWorker(slow, SystemClock(), desk.requests, desk.images)
    desk.ask(0)
    thread = threading.Thread(target=lambda: [worker.step(10.0), worker.step(10.0)])
    thread.start()
    assert slow.started.wait(10.0)
    for serial in range(1, 50):
        desk.ask(serial)
    assert desk.images.take() is None
    release.set()
    thread.join(10.0)
    assert not thread.is_alive()
    image = desk.images.take()
    assert image is not None
    assert image.serial == 49
    assert worker.painted == 2
    assert desk.requests.replaced == 48


def test_it_paints_with_a_pack(tmp_path: Path) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    from chromesthesia.inference.generator import OnnxGenerator
    from chromesthesia.inference.probe import load_pack
    from chromesthesia.testing.models import write_tiny_pack

    desk = _Desk(OnnxGenerator(load_pack(write_tiny_pack(tmp_path)), "cpu"))
    desk.ask(1)
    assert desk.worker.step()
