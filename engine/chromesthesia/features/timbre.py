"""Harmonic and percussive share, and the shape of the spectrum."""

from __future__ import annotations

import math

import numpy as np

from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32

STEPS = 9
"""Newest spectra that a tone must last through."""
NEIGHBOURS = 5
"""Pairs of bands that a stroke must fill half of."""
ROLLOFF_SHARE = 0.85
QUIET = 1e-7
CONTRAST_GROUPS = 8
_LEAST = np.float32(1e-20)
FULL_CONTRAST = 6.0
"""Nepers of power between peak and valley that count as 1."""


class Split:
    """Medians in time keep tones, across bands they keep strokes (Fitzgerald, 2010); of the past. Not thread-safe."""

    def __init__(self, bands: int = 64) -> None:
        """bands: of the mel; taken in pairs."""
        edge = NEIGHBOURS // 2
        self._past: Float32 = np.zeros((bands // 2, STEPS), dtype=np.float32)
        self._wide: Float32 = np.zeros(bands // 2 + 2 * edge, dtype=np.float32)
        self._inner = self._wide[edge:-edge]
        self._across = np.lib.stride_tricks.sliding_window_view(self._wide, NEIGHBOURS)
        self._ones: Float32 = np.ones(bands // 2, dtype=np.float32)
        self._place = 0

    def reset(self) -> None:
        """Forget the past."""
        self._past[:] = 0.0

    def step(self, mel: Float32) -> tuple[float, float]:
        """Mel power float32 [bands]: (harmonic, percussive) shares that add up to 1, or 0 and 0 in silence."""
        edge, pairs = NEIGHBOURS // 2, self._inner
        np.add(mel[::2], mel[1::2], out=pairs)
        self._past[:, self._place] = pairs
        self._place = (self._place + 1) % STEPS
        if float(np.dot(pairs, self._ones)) < QUIET:
            return 0.0, 0.0
        past = self._past.copy()
        past.partition(STEPS // 2, axis=1)
        lasting = past[:, STEPS // 2]
        self._wide[:edge], self._wide[-edge:] = pairs[0], pairs[-1]
        across = self._across.copy()
        across.partition(edge, axis=1)
        lasting, filled = np.square(lasting), np.square(across[:, edge])
        # Roots of the power: a bass drum does not drown the rest.
        weight = np.sqrt(pairs)
        filled += lasting
        filled += _LEAST
        lasting /= filled
        tonal = float(np.dot(weight, lasting)) / float(np.dot(weight, self._ones))
        return tonal, 1.0 - tonal


_BINS_HZ = np.fft.rfftfreq(1024, 1.0 / SAMPLE_RATE_HZ).astype(np.float32)


def rolloff_and_spread(power: Float32, centroid_hz: float) -> tuple[float, float]:
    """Power float32 [513]: (Hz below which 85 % of it lie, Hz by which it spreads about its centroid); 0 in silence."""
    sums = np.add.accumulate(power)
    total = float(sums[-1])
    if total < QUIET:
        return 0.0, 0.0
    place = int(sums.searchsorted(np.float32(ROLLOFF_SHARE * total)))
    off = _BINS_HZ - np.float32(centroid_hz)
    off *= off
    return float(_BINS_HZ[min(place, 512)]), math.sqrt(float(np.dot(off, power)) / total)


def contrast(log_mel: Float32) -> float:
    """How far peaks stand above valleys, 0..1, in groups of neighbouring bands (after Jiang and others, 2002)."""
    groups = log_mel.reshape(CONTRAST_GROUPS, -1)
    wide = np.maximum.reduce(groups, axis=1) - np.minimum.reduce(groups, axis=1)
    return min(1.0, float(np.add.reduce(wide)) / CONTRAST_GROUPS / FULL_CONTRAST)
