"""Sound to light, as a person has it: clicks go in, their light is looked for in the pixels that were presented."""

from __future__ import annotations

import resource
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from chromesthesia.bench.clicks import CLICK_PRESET, PacedSound, click_samples, click_sound
from chromesthesia.bench.finding import find_clicks, percentiles_ms
from chromesthesia.bench.power import PowerMeter
from chromesthesia.core.clock import SystemClock
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.protocols import AudioSource
from chromesthesia.core.records import SAMPLE_RATE_HZ, STEP_SAMPLES, Float32, UInt8
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.show.assembly import OwnParts
from chromesthesia.show.live import run_show


class Watched(HeadlessSurface):
    """A surface that remembers when it last presented a frame."""

    def __init__(self, width: int, height: int, clock: SystemClock) -> None:
        super().__init__(width, height)
        self.presented_s = 0.0
        self._clock = clock

    def present(self) -> None:
        """The frame is there now."""
        self.presented_s = self._clock.now_s()


class Looking:
    """Opens the surface of a show and keeps how bright each frame was and when it was presented; a FrameSink."""

    def __init__(self, width: int, height: int, clock: SystemClock) -> None:
        self.shown_s: list[float] = []
        self.levels: list[float] = []
        self._size = (width, height)
        self._clock = clock
        self._surface: Watched | None = None

    def open(self) -> Watched:
        """The surface; again when its context was lost."""
        self._surface = Watched(*self._size, self._clock)
        return self._surface

    def frame(self, pixels: UInt8, time_s: float) -> None:
        """Look at every fourth pixel each way."""
        assert self._surface is not None
        self.shown_s.append(self._surface.presented_s)
        self.levels.append(float(np.mean(pixels[::4, ::4, 1])))

    def sound(self, samples: Float32, start_s: float) -> None:
        """What is heard is known."""

    def close(self) -> None:
        """Nothing to close."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What to measure with. pack, provider: as for a show. block_samples: at a time, as of a microphone."""

    clicks: int
    width: int = 640
    height: int = 360
    fps: float = 60.0
    pack: Path | None = None
    provider: str = "auto"
    block_samples: int = STEP_SAMPLES


def measure_clicks(asked: Asked) -> dict[str, Any]:
    """A show of clicks in real time: delays from a click's first sample to the frame that shows it, and by stage.

    Call from the main thread. `sound_to_light`: by the clicks; `by_step`: from the oldest sample of 5 ms, as every
    show's report tells it.
    """
    samples = click_samples(asked.clicks)
    clock = SystemClock()
    source = PacedSound(click_sound(samples), clock, asked.block_samples)

    def clicks_s() -> list[float]:
        start_s = source.start_s
        return [] if start_s is None else [start_s + sample / SAMPLE_RATE_HZ for sample in samples]

    return measure_source(asked, source, clicks_s, clock)


def measure_source(
    asked: Asked,
    source: AudioSource,
    clicks_s: Callable[[], list[float]],
    clock: SystemClock,
    duration_s: float | None = None,
) -> dict[str, Any]:
    """The same with sound from elsewhere. clicks_s: asked after the show for when each click was made."""
    report, looking, power = watch_show(asked, source, clock, CLICK_PRESET, duration_s)
    found = find_clicks(clicks_s(), looking.shown_s, looking.levels)
    stages = report["latency_ms"]
    assert isinstance(stages, Mapping)
    return {
        "sound_to_light": percentiles_ms(found.delays_s),
        "delays_ms": [round(1e3 * delay_s, 2) for delay_s in found.delays_s],
        "missed": found.missed,
        "by_step": stages["sound_to_light"],
        "stages": {
            shown: stages[name]
            for shown, name in (
                ("driver", "capture"),
                ("ring", "heard"),
                ("features", "features"),
                ("encoder", "encoder"),
                ("generator", "generator"),
                ("upload", "upload"),
                ("passes", "passes"),
                ("present", "present"),
            )
        },
        "fps": report["fps"],
        "frames": report["frames"],
        "late_frames": report["late_frames"],
        "size": [asked.width, asked.height],
        "asked_fps": asked.fps,
        "power": power,
        "peak_memory_mib": round(peak_memory_mib(), 1),
    }


def watch_show(
    asked: Asked, source: AudioSource, clock: SystemClock, look: str, duration_s: float | None = None
) -> tuple[dict[str, object], Looking, dict[str, Any]]:
    """Play `source` with a preset of the text `look`: the show's report, what was seen of it, the power it took.

    Call from the main thread.
    """
    looking = Looking(asked.width, asked.height, clock)
    with tempfile.TemporaryDirectory() as folder:
        preset = Path(folder) / "look.toml"
        preset.write_text(look, encoding="utf-8")
        config = ShowConfig(
            headless=True,
            width=asked.width,
            height=asked.height,
            fps=asked.fps,
            preset=str(preset),
            pack=asked.pack,
            provider=asked.provider,
            osc_in_port=0,
            query_port=0,
            duration_s=duration_s,
        )
        with PowerMeter() as power:
            report = run_show(config, None, (looking,), own=OwnParts(source=source, surface=looking.open))
    return report, looking, power.figures()


def peak_memory_mib() -> float:
    """Most memory that this process has held."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 2**20 if sys.platform == "darwin" else most / 2**10


def at_rate(asked: Asked, fps: float) -> Asked:
    """The same at another rate."""
    return replace(asked, fps=fps)
