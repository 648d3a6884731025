"""Eight log-spaced bands with a slow automatic gain, and the spectral centroid."""

from __future__ import annotations

import math

import numpy as np

from chromesthesia.core.records import BAND_COUNT, HOP_SAMPLES, SAMPLE_RATE_HZ, Float32
from chromesthesia.features.mel import DEFAULT_MEL, MelSettings

LOW_HZ = 40.0
HIGH_HZ = 11_000.0
LOUDNESS_EXPONENT = 0.3
"""Loudness grows as intensity to about this power (Stevens, 1955)."""
QUIETEST_REFERENCE = 10.0**-4.8
"""The gain never treats a band below -48 dB as loud, so a room's noise floor is not blown up."""
KNEE = 0.15
"""Below this share of the reference loudness (27 dB under it) a band reads 0."""
CENTROID_LOW_HZ = 60.0
"""The centroid leaves out what is lower, where a DC offset leaks to."""
CENTROID_FLOOR = 1e-8
"""Power (-80 dB) below which the centroid fades to 0."""

_HOP_S = HOP_SAMPLES / SAMPLE_RATE_HZ
_REFERENCE_ATTACK = 1.0 - math.exp(-_HOP_S / 0.2)
_REFERENCE_FALL = 10.0 ** (-2.0 * _HOP_S / 10.0)  # 2 dB a second
_RELEASE = math.exp(-_HOP_S / 0.12)


def band_edges_hz() -> list[float]:
    """The nine edges of the eight bands, evenly spaced in log frequency."""
    ratio = HIGH_HZ / LOW_HZ
    return [LOW_HZ * ratio ** (i / BAND_COUNT) for i in range(BAND_COUNT + 1)]


def band_weights(settings: MelSettings = DEFAULT_MEL) -> Float32:
    """Share of every FFT bin in every band: float32 [BAND_COUNT, fft // 2 + 1], shares of a bin sum to at most 1."""
    width_hz = settings.sample_rate_hz / settings.fft
    centres_hz = np.fft.rfftfreq(settings.fft, 1.0 / settings.sample_rate_hz)
    low_hz, high_hz = centres_hz - width_hz / 2.0, centres_hz + width_hz / 2.0
    edges = np.array(band_edges_hz())
    covered = np.minimum(high_hz, edges[1:, None]) - np.maximum(low_hz, edges[:-1, None])
    return np.ascontiguousarray(np.clip(covered / width_hz, 0.0, 1.0), dtype=np.float32)


def shape_weights(settings: MelSettings = DEFAULT_MEL) -> Float32:
    """Share of every FFT bin in the bands, then in the centroid's total and moment: [BAND_COUNT + 2, fft // 2 + 1]."""
    frequencies_hz = np.fft.rfftfreq(settings.fft, 1.0 / settings.sample_rate_hz).astype(np.float32)
    counted = (frequencies_hz >= CENTROID_LOW_HZ).astype(np.float32)
    return np.concatenate([band_weights(settings), counted[None], (counted * frequencies_hz)[None]])


def centroid_hz(total: float, moment: float) -> float:
    """The power-weighted centroid, as in MPEG-7, out of the last two sums of `shape_weights`."""
    return moment / (total + CENTROID_FLOOR)


class BandGains:
    """Brings each band to 0..1 by a slow gain of its own: at once up, 0.12 s down, the reference over seconds.

    Not thread-safe; one `step` per hop.
    """

    def __init__(self) -> None:
        self._reference = [QUIETEST_REFERENCE] * BAND_COUNT
        self._level = [0.0] * BAND_COUNT

    def step(self, band_power: Float32) -> Float32:
        """Power float32 [BAND_COUNT] -> level float32 [BAND_COUNT] in 0..1, a new array."""
        self._reference, self._level = self._moved(band_power)
        return np.array(self._level, dtype=np.float32)

    def peek(self, band_power: Float32) -> Float32:
        """What `step` would give; nothing is remembered of it."""
        return np.array(self._moved(band_power)[1], dtype=np.float32)

    def _moved(self, band_power: Float32) -> tuple[list[float], list[float]]:
        references, levels = [], []
        # Plain floats: for eight numbers an array operation costs more than the loop.
        for power, reference, level in zip(band_power.tolist(), self._reference, self._level, strict=True):
            if power > reference:
                reference += (power - reference) * _REFERENCE_ATTACK
            elif (reference := reference * _REFERENCE_FALL) < QUIETEST_REFERENCE:
                reference = QUIETEST_REFERENCE
            loudness = (power / reference) ** LOUDNESS_EXPONENT
            references.append(reference)
            levels.append(max(min(1.0, (loudness - KNEE) / (1.0 - KNEE)), level * _RELEASE))
        return references, levels

    def reset(self) -> None:
        """Forget the levels and the gains."""
        self._reference = [QUIETEST_REFERENCE] * BAND_COUNT
        self._level = [0.0] * BAND_COUNT
