"""What partners are told: a value for each of `params.readings.READINGS`."""

from __future__ import annotations

from dataclasses import dataclass

from chromesthesia.core.records import Heard
from chromesthesia.params.declaration import Value
from chromesthesia.signals.table import FIRST, TABLE


@dataclass(frozen=True, slots=True)
class Status:
    """Health of the running show, as published under `/status`; the control loop fills in what OSC lost."""

    fps: float = 0.0
    latency_ms: float = 0.0
    overruns: int = 0
    late_frames: int = 0
    generator_fps: float = 0.0
    osc_lost: int = 0
    osc_dropped: int = 0
    source: str = ""
    pack: str = ""
    preset: str = ""
    preset_index: int = 0
    parameters: int = 0


def readings(heard: Heard | None, status: Status) -> dict[str, Value]:
    """Every reading with its value now; before the first sound (heard None) only those under `/status`."""
    return {**status_readings(status), **TABLE.values({} if heard is None else {FIRST: heard})}


def status_readings(status: Status) -> dict[str, Value]:
    """What `status` tells, by address."""
    return {
        "/status/fps": status.fps,
        "/status/latency_ms": status.latency_ms,
        "/status/overruns": status.overruns,
        "/status/late_frames": status.late_frames,
        "/status/generator_fps": status.generator_fps,
        "/status/osc_lost": status.osc_lost,
        "/status/osc_dropped": status.osc_dropped,
        "/status/source": status.source,
        "/status/pack": status.pack,
        "/status/preset": status.preset,
        "/status/preset_index": status.preset_index,
        "/status/parameters": status.parameters,
    }
