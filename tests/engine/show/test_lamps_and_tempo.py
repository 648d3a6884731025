"""The lamps and the beat in a show as it runs."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chromesthesia import AudioBlock, ShowConfig
from chromesthesia.control.controller import Controller
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.config import FilmConfig
from chromesthesia.core.protocols import Clock
from chromesthesia.core.records import UInt8
from chromesthesia.core.slot import LatestSlot
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.display.outputs import no_outputs
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.dmx.picture import with_small_pictures
from chromesthesia.ports.port import Port, Readings
from chromesthesia.show.assembly import OwnParts
from chromesthesia.show.live import run_show
from chromesthesia.show.offline import render_film
from chromesthesia.testing.audio import ScriptedSource, tone
from chromesthesia.testing.models import PlainGenerator, ToneEncoder, write_tiny_pack

pytestmark = pytest.mark.gl

PATCH = """
schema = 1
rate_hz = 44
[[universe]]
number = 1
[[light]]
address = 1
channels = "rgb"
region = [0, 0, 1, 1]
smoothing_s = 0
"""


def test_a_small_picture_is_read_at_the_rate_of_the_lamps() -> None:
    clock = ManualClock()
    slot: LatestSlot[UInt8] = LatestSlot()
    surface = HeadlessSurface(64, 36)
    try:
        (output,) = with_small_pictures(no_outputs, slot, clock, 40.0)(surface)
        output.target.clear(1.0, 0.5, 0.0, 1.0)
        taken = []
        for _ in range(100):
            output.present()
            taken.append(slot.take())
            clock.advance(0.005)
        pictures = [pixels for pixels in taken if pixels is not None]
        assert len(pictures) == pytest.approx(20, abs=1)
        assert pictures[0].shape == (36, 64, 3)
        assert set(pictures[0][..., 0].flat) == {255}
        assert set(pictures[0][..., 2].flat) == {0}
        output.close()
    finally:
        surface.close()


@pytest.fixture
def lamps() -> Iterator[queue.Queue[Any]]:
    """What a real sACN receiver hears in universe 1 on loopback."""
    sacn = pytest.importorskip("sacn")
    heard: queue.Queue[Any] = queue.Queue()
    receiver = sacn.sACNreceiver(bind_address="127.0.0.1")
    receiver.register_listener("universe", heard.put, universe=1)
    receiver.start()
    yield heard
    receiver.stop()


class Told:
    """A port that keeps the readings of the beat, and ends the show when a lamp was lit."""

    name = "told"
    next_s = 0.0

    def __init__(self, lamps: queue.Queue[Any]) -> None:
        self.stopped = threading.Event()
        self.lit: tuple[int, ...] = ()
        self.bpm = 0.0
        self.source: object = ""
        self._lamps = lamps

    def start(self) -> None: ...

    def publish(self, now_s: float, writes: object, readings: Readings) -> None:
        while not self._lamps.empty():
            self.lit = max(self.lit, tuple(self._lamps.get().dmxData[:3]))
        values = readings()
        self.bpm, self.source = float(values["/tempo/bpm"]), values["/status/tempo_source"]
        if sum(self.lit) > 0 and self.source:
            self.stopped.set()

    def health(self) -> Mapping[str, int]:
        return {"failures": 0}

    def stop(self) -> None: ...


def test_a_show_lights_a_lamp_and_tells_its_beat(lamps: queue.Queue[Any], tmp_path: Path) -> None:
    patch = tmp_path / "patch.toml"
    patch.write_text(PATCH, encoding="utf-8")
    told = Told(lamps)

    def make(tree: ParameterTree, controller: Controller, clock: Clock) -> Port:
        return told

    config = ShowConfig(
        headless=True, width=64, height=36, osc_in_port=0, dmx=patch, bpm=133.0, duration_s=60.0
    )
    source = ScriptedSource(
        [AudioBlock(piece.astype(np.float32), 0.0) for piece in np.split(tone(440.0, 0.2), 20)]
    )
    own = OwnParts(source=source, encoder=ToneEncoder(), generator=PlainGenerator())
    report = run_show(config, told.stopped, ports=(make,), own=own)
    assert sum(told.lit) > 0
    assert (told.bpm, told.source) == (133.0, "own")
    counts = report["counts"]
    assert isinstance(counts, dict)
    assert counts["port dmx"]["failures"] == 0


def test_a_film_has_a_beat_when_it_is_given_one(tmp_path: Path) -> None:
    import soundfile

    sound = tmp_path / "tone.wav"
    soundfile.write(sound, tone(440.0, 0.4), 24_000)
    preset = tmp_path / "beat.toml"
    preset.write_text(
        'schema = 1\n[[route]]\nfrom = "tempo/pulse"\nto = "/look/grade/exposure"\ngain = 2.0\n',
        encoding="utf-8",
    )

    class Kept:
        def __init__(self) -> None:
            self.frames: list[UInt8] = []

        def frame(self, pixels: UInt8, time_s: float) -> None:
            self.frames.append(pixels.copy())

        def sound(self, samples: object, start_s: float) -> None: ...

        def close(self) -> None: ...

    pack = write_tiny_pack(tmp_path / "tiny")
    films = []
    for bpm in (None, 150.0, 150.0):
        kept = Kept()
        config = FilmConfig(sound, None, str(preset), width=64, height=36, fps=20.0, bpm=bpm, pack=pack)
        render_film(config, sinks=(kept,))
        films.append(np.stack(kept.frames))
    assert not np.array_equal(films[0], films[1])
    assert np.array_equal(films[1], films[2])
