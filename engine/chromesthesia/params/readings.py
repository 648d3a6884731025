"""What the engine tells its partners: emotion, features and its own health, all read-only."""

from __future__ import annotations

from chromesthesia.params.declaration import Access, Param, Value


def _reading(
    path: str,
    default: Value,
    description: str,
    low: float | None = None,
    high: float | None = None,
    unit: str = "",
) -> Param:
    return Param(path, default, description, low=low, high=high, unit=unit, access=Access.READ)


READINGS: tuple[Param, ...] = (
    _reading("/emotion/valence", 0.0, "Unpleasant to pleasant, as heard and smoothed", -1.0, 1.0),
    _reading("/emotion/arousal", 0.0, "Calm to excited, as heard and smoothed", -1.0, 1.0),
    _reading("/emotion/angry", 0.0, "Probability of anger", 0.0, 1.0),
    _reading("/emotion/happy", 0.0, "Probability of happiness", 0.0, 1.0),
    _reading("/emotion/sad", 0.0, "Probability of sadness", 0.0, 1.0),
    _reading("/emotion/confidence", 0.0, "How sure the encoder is", 0.0, 1.0),
    _reading("/emotion/activity", 0.0, "0 when the room is silent, 1 when it is not", 0.0, 1.0),
    _reading("/features/loudness_dbfs", -120.0, "RMS level", -120.0, 6.0, "dBFS"),
    _reading("/features/lufs", -120.0, "Momentary loudness (ITU-R BS.1770)", -120.0, 6.0, "LUFS"),
    _reading("/features/centroid_hz", 0.0, "Spectral centroid: how bright it sounds", 0.0, 12_000.0, "Hz"),
    _reading("/features/flux", 0.0, "Spectral flux: how much the spectrum changes", 0.0),
    _reading("/features/onset", 0.0, "1 at an onset, then fading with 0.15 s", 0.0, 1.0),
    _reading("/features/onset_count", 0, "Onsets so far: grows by one with each, so that none is missed", 0),
    *(
        _reading(
            f"/features/band/{number}",
            0.0,
            f"Level of band {number} of 8, low to high, after auto-gain",
            0.0,
            1.0,
        )
        for number in range(1, 9)
    ),
    _reading("/status/fps", 0.0, "Frames shown per second", 0.0, unit="Hz"),
    _reading("/status/latency_ms", 0.0, "Sound to light, median of the last seconds", 0.0, unit="ms"),
    _reading("/status/overruns", 0, "Times that sound was lost", 0),
    _reading("/status/late_frames", 0, "Frames that missed their time", 0),
    _reading("/status/generator_fps", 0.0, "Pictures painted per second", 0.0, unit="Hz"),
    _reading(
        "/status/osc_lost",
        0,
        "OSC packets that the system lost because they came too fast; -1 where it does not tell",
        -1,
    ),
    _reading("/status/osc_dropped", 0, "OSC commands dropped because more waited than are kept", 0),
    _reading("/status/source", "", "Where the sound comes from"),
    _reading("/status/pack", "", "Model pack in use"),
    _reading("/status/preset", "", "Preset in use"),
    _reading(
        "/status/preset_index", 0, "Number of the preset in use, for partners that carry numbers only", 0
    ),
)
