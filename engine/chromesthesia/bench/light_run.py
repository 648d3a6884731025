"""`chromesthesia bench --light`: a show in the room that answers clicks with flashes, and what that took."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from chromesthesia.bench.clicks import CLICK_PRESET, click_samples, click_sound
from chromesthesia.bench.light import RATE_HZ, ListeningRoom, Opener, find_photons, output_latency_s, told
from chromesthesia.bench.room import keep_room
from chromesthesia.core.clock import SystemClock
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.records import SAMPLE_RATE_HZ, STEP_SAMPLES
from chromesthesia.show.assembly import OwnParts
from chromesthesia.show.live import run_show


def measure_room(
    flashes: int, device: str | None, room: Path, opener: Opener, config: ShowConfig | None = None
) -> dict[str, Any]:
    """Play, look and keep the room's offset in `room`. config: of the show; None for one that fills the display.

    Raises AudioError where there is no such interface or no flash is seen.
    """
    clicks = click_samples(flashes, rate_hz=RATE_HZ)
    clock = SystemClock()
    interface = opener(device)
    with tempfile.TemporaryDirectory() as folder:
        preset = Path(folder) / "click.toml"
        preset.write_text(CLICK_PRESET, encoding="utf-8")
        asked = config or ShowConfig(fullscreen=True, osc_in_port=0, query_port=0)
        try:
            source = ListeningRoom(interface, click_sound(clicks, RATE_HZ), clock)
            report = run_show(_with(asked, preset), None, own=OwnParts(source=source))
        finally:
            interface.close()
    photons = find_photons(source.recorded(), clicks)
    latency_s = output_latency_s(photons, engine_s(report))
    keep_room(room, latency_s, len(photons.delays_s))
    return told(photons, latency_s)


def engine_s(report: dict[str, object]) -> float:
    """From a sound's entering to the showing of its frame, as the show itself measured it.

    Its figure begins with the oldest sample of 5 ms; a click falls half as much later in the mean.
    """
    stages = report["latency_ms"]
    assert isinstance(stages, dict)
    p50 = stages["sound_to_light"]["p50"]
    return (
        0.0 if p50 is None else max(0.0, float(np.float64(p50)) / 1e3 - 0.5 * STEP_SAMPLES / SAMPLE_RATE_HZ)
    )


def _with(config: ShowConfig, preset: Path) -> ShowConfig:
    from dataclasses import replace

    return replace(config, preset=str(preset), source="mic")
