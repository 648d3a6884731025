"""What partners are told: a value for each of `params.readings.READINGS`."""

from __future__ import annotations

from dataclasses import dataclass

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.records import Heard
from chromesthesia.params.declaration import Value


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


def readings(heard: Heard | None, status: Status) -> dict[str, Value]:
    """Every reading with its value now; before the first sound (heard None) only those under `/status`."""
    values: dict[str, Value] = {
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
    }
    if heard is None:
        return values
    frame, emotion = heard.frame, heard.emotion
    values.update(
        {
            "/emotion/valence": emotion.valence,
            "/emotion/arousal": emotion.arousal,
            "/emotion/confidence": emotion.confidence,
            "/emotion/activity": emotion.activity,
            "/features/loudness_dbfs": frame.rms_dbfs,
            "/features/lufs": frame.lufs_momentary,
            "/features/centroid_hz": frame.centroid_hz,
            "/features/flux": frame.flux,
            "/features/onset": heard.onset_envelope,
            "/features/onset_count": heard.onset_count,
        }
    )
    values.update(
        (f"/emotion/{label}", probability)
        for label, probability in zip(EMOTIONS, emotion.probabilities.tolist(), strict=True)
    )
    values.update(
        (f"/features/band/{number}", level) for number, level in enumerate(frame.bands.tolist(), start=1)
    )
    return values
