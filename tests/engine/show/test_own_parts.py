"""A show takes parts of one's own: what it then uses, says, closes and puts back."""

from __future__ import annotations

import sys
import threading

import numpy as np
import pytest

from chromesthesia import AudioBlock, Show, ShowConfig
from chromesthesia.core.errors import PackError, UsageError
from chromesthesia.core.records import Float32, UInt8
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.testing.audio import ScriptedSource, tone
from chromesthesia.testing.models import PlainGenerator, ToneEncoder

pytestmark = pytest.mark.gl

CONFIG = ShowConfig(headless=True, width=64, height=36, osc_in_port=0)


class Counting:
    """A FrameSink that counts, and ends the show after some frames."""

    def __init__(self, most: int = 1_000_000) -> None:
        self.frames, self.samples, self.most = 0, 0, most
        self.enough = threading.Event()
        self.show: Show | None = None

    def frame(self, pixels: UInt8, time_s: float) -> None:
        self.frames += 1
        if self.frames == self.most and self.show is not None:
            self.show.stop()

    def sound(self, samples: Float32, start_s: float) -> None:
        self.samples += len(samples)

    def close(self) -> None: ...


class Closing(ScriptedSource):
    """Remembers that it was closed."""

    closed = False

    def close(self) -> None:
        self.closed = True
        super().close()


def source() -> Closing:
    return Closing([AudioBlock(piece.astype(np.float32), 0.0) for piece in np.split(tone(440.0, 0.2), 20)])


def test_a_show_of_ones_own_parts_needs_no_pack() -> None:
    opened: list[HeadlessSurface] = []
    sink, sound = Counting(), source()

    def surface() -> HeadlessSurface:
        opened.append(HeadlessSurface(64, 36))
        return opened[-1]

    interval_s = sys.getswitchinterval()
    report = Show(
        ShowConfig(osc_in_port=0, pack=None, source="nowhere.wav"),
        source=sound,
        encoder=ToneEncoder(),
        generator=PlainGenerator(),
        surface=surface,
        sinks=[sink],
    ).run()
    assert report["pack"] == "own models"
    assert report["source"] == sound.name
    assert report["generator_failures"] == report["encoder_failures"] == 0
    assert report["size"] == [64, 36]
    assert len(opened) == 1
    assert sink.frames == report["frames"]
    assert sink.samples == 4800
    assert sound.closed
    assert sys.getswitchinterval() == interval_s


def test_stop_ends_a_show_before_and_while_it_plays() -> None:
    sink = Counting(most=3)
    show = Show(CONFIG, source=endless(), encoder=ToneEncoder(), generator=PlainGenerator(), sinks=[sink])
    sink.show = show
    assert show.run()["frames"] == 3
    assert show.run()["frames"] == 0  # it was stopped: it does not begin again


def endless() -> ScriptedSource:
    blocks = [AudioBlock(np.zeros(240, np.float32), 0.0)] * 100_000
    return ScriptedSource(blocks)


def test_a_generator_with_an_unknown_label_is_refused_before_the_show() -> None:
    generator = PlainGenerator()
    generator.condition_labels = ("smell",)  # type: ignore[assignment]
    with pytest.raises(PackError, match="smell"):
        Show(CONFIG, source=source(), encoder=ToneEncoder(), generator=generator).run()


def test_a_config_that_no_show_can_have_is_refused() -> None:
    with pytest.raises(UsageError, match="fps"):
        Show(ShowConfig(fps=float("nan"))).run()
