"""Eight log-spaced bands with a slow automatic gain, and the spectral centroid."""

from __future__ import annotations

import math

import numpy as np

from chromesthesia.features.mel import DEFAULT_MEL, MelSettings
from chromesthesia.seams import BAND_COUNT, HOP_SAMPLES, SAMPLE_RATE_HZ, Float32

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
_REFERENCE_ATTACK_S = 0.2
_REFERENCE_FALL_DB_PER_S = 2.0
_RELEASE_S = 0.12


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


class SpectrumShape:
    """Band powers, total and centroid of a power spectrum as one matrix product."""

    def __init__(self, settings: MelSettings = DEFAULT_MEL) -> None:
        frequencies_hz = np.fft.rfftfreq(settings.fft, 1.0 / settings.sample_rate_hz).astype(np.float32)
        counted = (frequencies_hz >= CENTROID_LOW_HZ).astype(np.float32)
        rows = [band_weights(settings), counted[None], (counted * frequencies_hz)[None]]
        self._weights: Float32 = np.ascontiguousarray(np.concatenate(rows), dtype=np.float32)

    def of(self, power: Float32) -> tuple[Float32, float]:
        """float32 [fft // 2 + 1] -> (band power float32 [BAND_COUNT], centroid in Hz, power-weighted as in MPEG-7)."""
        products = self._weights @ power
        total, moment = float(products[-2]), float(products[-1])
        return products[:BAND_COUNT], moment / (total + CENTROID_FLOOR)


class BandGains:
    """Brings each band to 0..1 by a slow gain of its own: at once up, 0.12 s down, the reference over seconds.

    Not thread-safe; one `step` per hop.
    """

    def __init__(self) -> None:
        self._reference = np.full(BAND_COUNT, QUIETEST_REFERENCE, dtype=np.float32)
        self._level: Float32 = np.zeros(BAND_COUNT, dtype=np.float32)
        self._attack = np.float32(1.0 - math.exp(-_HOP_S / _REFERENCE_ATTACK_S))
        self._fall = np.float32(10.0 ** (-_REFERENCE_FALL_DB_PER_S * _HOP_S / 10.0))
        self._release = np.float32(math.exp(-_HOP_S / _RELEASE_S))

    def step(self, band_power: Float32) -> Float32:
        """Power float32 [BAND_COUNT] -> level float32 [BAND_COUNT] in 0..1, a new array."""
        reference = self._reference
        rising = (band_power - reference) * self._attack
        np.maximum(reference + np.maximum(rising, 0.0), QUIETEST_REFERENCE, out=reference)
        reference *= np.where(band_power < reference, self._fall, np.float32(1.0))
        np.maximum(reference, QUIETEST_REFERENCE, out=reference)
        share = (band_power / reference) ** np.float32(LOUDNESS_EXPONENT)
        target = np.clip((share - KNEE) / (1.0 - KNEE), 0.0, 1.0).astype(np.float32)
        self._level = np.maximum(target, self._level * self._release)
        return self._level

    def reset(self) -> None:
        """Forget the levels and the gains."""
        self._reference[:] = QUIETEST_REFERENCE
        self._level = np.zeros(BAND_COUNT, dtype=np.float32)
