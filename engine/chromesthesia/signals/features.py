"""What a listener measures of the sound."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from chromesthesia.core.records import BAND_COUNT, Float32, Heard
from chromesthesia.signals.declaration import Signal, Source

QUIET_DBFS = -60.0
LOUD_DBFS = -10.0
DARK_HZ = 100.0
BRIGHT_HZ = 10_000.0
_OCTAVES = math.log(BRIGHT_HZ / DARK_HZ)


SILENT_DBFS = -90.0
"""Below this the spectrum is that of the floor, which is flat and means nothing."""


def _flatness(log_mel: Float32, rms_dbfs: float) -> float:
    """Geometric over arithmetic mean of the mel power (its natural log is given), 0 in silence."""
    if not rms_dbfs > SILENT_DBFS:
        return 0.0
    above = log_mel - log_mel.max()
    return float(np.exp(above.mean()) / np.exp(above).mean())


def _band(column: int) -> Callable[[Heard], float]:
    return lambda heard: float(heard.frame.bands[column])


LOUDNESS = Signal(
    "features/loudness_dbfs",
    "RMS level",
    lambda heard: heard.frame.rms_dbfs,
    low=-120.0,
    high=6.0,
    unit="dBFS",
    rest=-120.0,
    scaled=Source("features/loudness", take=lambda dbfs: (dbfs - QUIET_DBFS) / (LOUD_DBFS - QUIET_DBFS)),
)
LUFS = Signal(
    "features/lufs",
    "Momentary loudness (ITU-R BS.1770)",
    lambda heard: heard.frame.lufs_momentary,
    low=-120.0,
    high=6.0,
    unit="LUFS",
    rest=-120.0,
)
CENTROID = Signal(
    "features/centroid_hz",
    "Spectral centroid: how bright it sounds",
    lambda heard: heard.frame.centroid_hz,
    low=0.0,
    high=12_000.0,
    unit="Hz",
    scaled=Source("features/centroid", take=lambda hz: math.log(max(hz, DARK_HZ) / DARK_HZ) / _OCTAVES),
)
FLUX = Signal(
    "features/flux",
    "Spectral flux: how much the spectrum changes",
    lambda heard: heard.frame.flux,
    low=0.0,
    scaled=Source("features/flux", take=lambda flux: 1.0 - math.exp(-max(flux, 0.0))),
)
ONSET = Signal(
    "features/onset",
    "1 at an onset, then fading with 0.15 s",
    lambda heard: heard.onset_envelope,
    low=0.0,
    high=1.0,
)
ONSET_COUNT = Signal(
    "features/onset_count",
    "Onsets so far: grows by one with each, so that none is missed",
    lambda heard: heard.onset_count,
    low=0.0,
    whole=True,
)
BANDS = tuple(
    Signal(
        f"features/band/{column + 1}",
        f"Level of band {column + 1} of {BAND_COUNT}, low to high, after auto-gain",
        _band(column),
        low=0.0,
        high=1.0,
    )
    for column in range(BAND_COUNT)
)
FLATNESS = Signal(
    "features/flatness",
    "Spectral flatness: 0 for a tone or silence, 1 for white noise",
    lambda heard: _flatness(heard.frame.log_mel, heard.frame.rms_dbfs),
    low=0.0,
    high=1.0,
)

FEATURES: tuple[Signal, ...] = (LOUDNESS, LUFS, CENTROID, FLUX, ONSET, ONSET_COUNT, *BANDS, FLATNESS)
