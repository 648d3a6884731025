"""Clicks through a real sound server: played into a sink of our own PulseAudio and captured from its monitor."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from chromesthesia.bench.clicks import click_samples, click_sound
from chromesthesia.bench.light_of_clicks import Asked, measure_source
from chromesthesia.core.clock import SystemClock
from chromesthesia.core.protocols import AudioSource
from chromesthesia.core.records import SAMPLE_RATE_HZ, AudioBlock, Float32

THRESHOLD = 0.1
REFRACTORY_S = 0.2


class Marking:
    """A source that notes when each click entered the engine, by the times that the source itself gives its samples."""

    def __init__(self, source: AudioSource) -> None:
        self.clicks_s: list[float] = []
        self._source = source
        self._last_s = -1.0
        self.name, self.live = source.name, source.live

    @property
    def overruns(self) -> int:
        """Of the source within."""
        return self._source.overruns

    def read(self) -> AudioBlock | None:
        """A block of the source within."""
        block = self._source.read()
        if block is not None:
            self._mark(block.samples, block.entered_s)
        return block

    def close(self) -> None:
        """Close the source within."""
        self._source.close()

    def _mark(self, samples: Float32, entered_s: float) -> None:
        loud = np.flatnonzero(np.abs(samples) > THRESHOLD)
        if len(loud):
            at_s = entered_s + int(loud[0]) / SAMPLE_RATE_HZ
            if at_s - self._last_s > REFRACTORY_S:
                self.clicks_s.append(at_s)
            self._last_s = at_s


def measure_pulse(asked: Asked) -> dict[str, Any]:
    """As `measure_clicks`, from when the engine's capture dates a click; `refused` where there is no PulseAudio."""
    missing = [program for program in ("pulseaudio", "pactl", "paplay") if shutil.which(program) is None]
    if missing:
        return {"refused": f"not installed: {', '.join(missing)}"}
    from chromesthesia.testing.pulse import RATE_HZ, PulseStage

    clock = SystemClock()
    samples = click_samples(asked.clicks, rate_hz=RATE_HZ)
    sound = click_sound(samples, RATE_HZ)
    with tempfile.TemporaryDirectory() as name, PulseStage(Path(name)) as stage:
        path = Path(name) / "clicks.wav"
        soundfile.write(path, sound, RATE_HZ)
        before = {key: os.environ.get(key) for key in stage.environment}
        os.environ.update(stage.environment)
        try:
            from chromesthesia.audio.select import open_source

            source = Marking(open_source("mic", "pulse", "ALSA", clock))
            player = threading.Timer(1.0, lambda: stage.play(path))
            player.start()
            result = measure_source(
                asked, source, lambda: source.clicks_s, clock, duration_s=2.5 + len(sound) / RATE_HZ
            )
            player.join()
        finally:
            for key, value in before.items():
                if value is None:
                    os.environ.pop(key, None)
                else:
                    os.environ[key] = value
    return {**result, "overruns": source.overruns, "played": asked.clicks}
