"""Named signals that routes start from, each in its natural range."""

from __future__ import annotations

import math

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.records import Heard
from chromesthesia.params.routes import BAND_SIGNALS, SIGNALS

QUIET_DBFS = -60.0
LOUD_DBFS = -10.0
DARK_HZ = 100.0
BRIGHT_HZ = 10_000.0
_OCTAVES = math.log(BRIGHT_HZ / DARK_HZ)
_EMOTION_SIGNALS = tuple(f"emotion/{label}" for label in EMOTIONS)


def signals(heard: Heard) -> dict[str, float]:
    """Every signal of `params.routes.SIGNALS` with its value now.

    features/loudness: RMS from -60 dBFS (0) to -10 dBFS (1); features/centroid: from 100 Hz (0) to 10 kHz (1)
    by octaves; features/flux: 1 - exp(-flux). Not-a-number becomes the low end of the range.
    """
    frame, emotion = heard.frame, heard.emotion
    values = {
        "features/loudness": (frame.rms_dbfs - QUIET_DBFS) / (LOUD_DBFS - QUIET_DBFS),
        "features/centroid": math.log(max(frame.centroid_hz, DARK_HZ) / DARK_HZ) / _OCTAVES,
        "features/flux": 1.0 - math.exp(-max(frame.flux, 0.0)),
        "features/onset": heard.onset_envelope,
        "emotion/valence": emotion.valence,
        "emotion/arousal": emotion.arousal,
        "emotion/confidence": emotion.confidence,
        "emotion/activity": emotion.activity,
    }
    values.update(zip(BAND_SIGNALS, frame.bands.tolist(), strict=True))
    values.update(zip(_EMOTION_SIGNALS, emotion.probabilities.tolist(), strict=True))
    return {name: _held(values[name], low, high) for name, (low, high) in SIGNALS.items()}


def resting() -> dict[str, float]:
    """The signals before anything was heard: silence and a neutral emotion."""
    return dict.fromkeys(SIGNALS, 0.0)


def _held(value: float, low: float, high: float) -> float:
    if value >= high:
        return high
    return value if value > low else low
