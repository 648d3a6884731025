"""Where the processor draws, or is too slow for the generator, the pack's quick pupil paints."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import msgspec
import numpy as np
import pytest

from chromesthesia.core.clock import ManualClock
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.records import PaintedImage, PaintRequest
from chromesthesia.core.rungs import Rung
from chromesthesia.display.light import Light
from chromesthesia.packs.manifest import GENERATOR_ROLE, Tier
from chromesthesia.packs.pack import Pack, read_pack
from chromesthesia.show.assembly import Models, OwnParts, open_models
from chromesthesia.show.painter import EVERY_THIRD, LATE_PICTURES, SOFTWARE_PAINT_FACTOR, Painter
from chromesthesia.show.score_live import FrameScore
from chromesthesia.testing.models import (
    TINY_NOISE,
    PlainGenerator,
    SlowGenerator,
    ToneEncoder,
    write_tiny_pack,
)

WAIT_S = 20.0
FRAME_S = 1 / 30


class Show:
    """A painter whose light draws in software or not, and its two generators."""

    def __init__(
        self,
        software: bool = True,
        gain: float = 3.0,
        score: FrameScore | None = None,
        full_s: float = 0.02,
        **config: Any,
    ) -> None:
        self.clock = ManualClock()
        self.full, self.quick = PlainGenerator(), PlainGenerator()
        self.models = Models(
            "a test",
            ToneEncoder(),
            SlowGenerator(self.full, self.clock, full_s),
            smaller=lambda: self.quick,
            quick_gain=gain,
        )
        light = SimpleNamespace(
            size=(64, 36),
            renderer=SimpleNamespace(software=software),
            reloaded=None,
            crossfade_s=0.0,
            draw_share=lambda _share: None,
        )
        self.painter = Painter(
            self.models,
            ShowConfig(**config),
            cast(Light, light),
            self.clock,
            score,
            lambda _a, _b: None,
            lambda: 0,
            FRAME_S,
        )
        self.serial = 0

    def wait(self) -> None:
        smaller = self.painter._smaller
        assert smaller is not None
        smaller.wait(WAIT_S)

    def paint(self, times: int = 1) -> list[PaintedImage]:
        """What comes of so many requests."""
        taken = []
        for _ in range(times):
            self.serial += 1
            self.painter.ask(
                PaintRequest(
                    self.serial,
                    0,
                    self.clock.now_s(),
                    np.zeros(5, np.float32),
                    np.zeros(TINY_NOISE, np.float32),
                )
            )
            image = self.painter.painted_now()
            if image is not None:
                taken.append(image)
        return taken


def test_it_paints_at_the_full_pace_where_the_processor_draws_too(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    show = Show(gain=3.5)
    show.wait()
    warmed = show.quick.painted
    assert len(show.paint(4)) == 4
    assert (show.full.painted, show.quick.painted - warmed) == (0, 4)
    assert show.painter.ladder.step.pace == 1.0
    assert "the pack's quick painter paints: the processor draws, too" in caplog.text


def test_its_pace_is_what_it_saves() -> None:
    assert Show(gain=1.5).painter.ladder.step.pace == pytest.approx(1.5 * SOFTWARE_PAINT_FACTOR)
    assert Show(gain=0.0).painter.ladder.step.pace == SOFTWARE_PAINT_FACTOR


def test_until_it_is_there_the_generator_paints_every_third_picture() -> None:
    show = Show()
    show.wait()
    show.painter.try_models(replace(show.models, smaller=None, quick_gain=0.0), lambda _why: None)
    assert len(show.paint()) == 1  # a show does not begin with a stand-in
    assert show.paint(EVERY_THIRD - 1) == []
    assert len(show.paint(EVERY_THIRD)) == 1
    assert show.full.painted == 2


@pytest.mark.parametrize(
    "how",
    [
        {"software": False},
        {"gain": 0.0},
        {"lowest_rung": Rung.PAINT_SLOWER},
        {"score": cast(FrameScore, SimpleNamespace(asking=lambda _r: None, taking=lambda image: image))},
    ],
)
def test_the_generator_itself_paints_elsewhere(how: dict[str, Any]) -> None:
    show = Show(**how)
    assert len(show.paint(3)) == 3
    assert (show.full.painted, show.quick.painted) == (3, 0)


@pytest.mark.parametrize(("full_s", "taken"), [(1.5 * FRAME_S, True), (0.9 * FRAME_S, False)])
def test_it_paints_once_the_generator_has_always_taken_longer_than_a_frame(
    full_s: float, taken: bool
) -> None:
    show = Show(software=False, full_s=full_s)
    show.paint(LATE_PICTURES - 1)
    assert show.quick.painted == 0
    show.paint(1)
    show.wait()
    before = show.full.painted
    show.paint(5)
    assert show.full.painted - before == (0 if taken else 5)


def quick_pack(folder: Path, quick_ms: float, **more_ms: float) -> Pack:
    """A tiny pack whose generator takes 20 ms, with a pupil and other precisions."""
    pack = read_pack(write_tiny_pack(folder))
    own = pack.manifest.generator.file
    files = {"fp32": (own, 20.0), "quick": ("quick.onnx", quick_ms)}
    files |= {name: (f"{name}.onnx", ms) for name, ms in more_ms.items()}
    tiers = tuple(
        Tier(model=GENERATOR_ROLE, precision=name, kept=True, file=file, ms=ms, why="a test")
        for name, (file, ms) in files.items()
    )
    models = {**pack.models, **{tier.file: pack.generator_bytes for tier in tiers}}
    return Pack(pack.path, msgspec.structs.replace(pack.manifest, tiers=tiers), models, None)


def test_a_pupil_is_not_taken_for_a_precision(tmp_path: Path) -> None:
    pack = quick_pack(tmp_path, 8.0, int8=16.0)
    assert pack.model(GENERATOR_ROLE)[0] == "int8.onnx"
    assert pack.model(GENERATOR_ROLE, on_cpu=False)[0] == pack.manifest.generator.file
    quick = pack.quick_model()
    assert quick is not None
    assert (quick.file, quick.gain) == ("quick.onnx", 2.0)
    faster = pack.faster_model(GENERATOR_ROLE)
    assert faster is not None
    assert faster[0] == "quick.onnx"


def test_a_pupil_that_is_not_quicker_is_no_quick_one(tmp_path: Path) -> None:
    pack = quick_pack(tmp_path, 21.0)
    assert pack.quick_model() is None
    assert pack.faster_model(GENERATOR_ROLE) is None


def test_models_of_a_pack_know_what_its_pupil_saves(tmp_path: Path) -> None:
    models = open_models(None, "cpu", OwnParts(pack=quick_pack(tmp_path / "one", 8.0)))
    assert models.quick_gain == 2.5
    assert models.smaller is not None
    assert models.smaller().noise_size == TINY_NOISE
    without = open_models(None, "cpu", OwnParts(pack=read_pack(write_tiny_pack(tmp_path / "other"))))
    assert (without.quick_gain, without.smaller) == (0.0, None)


def test_what_is_asked_for_is_painted_when_it_is_begun_and_only_the_newest() -> None:
    show = Show()
    show.wait()
    painter = show.painter
    for serial in (1, 2):
        painter.ask(PaintRequest(serial, 0, 0.0, np.zeros(5, np.float32), np.zeros(TINY_NOISE, np.float32)))
        assert not painter.requests.waits
    painter.begin()
    newest = painter.requests.take()
    assert newest is not None
    assert newest.serial == 2
    painter.begin()
    assert not painter.requests.waits
