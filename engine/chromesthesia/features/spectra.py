"""Everything about a hop that follows from its spectrum, in one go: both mels, the bands, the centroid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.records import BAND_COUNT, Float32
from chromesthesia.features.bands import centroid_hz, shape_weights
from chromesthesia.features.mel import DEFAULT_MEL, ENCODER_MEL, mel_filterbank, window_samples

_SHAPE = BAND_COUNT + 2


@dataclass(slots=True)
class HopSpectra:
    """power: float32 [513], by `DEFAULT_MEL`. mels: float32 [3, 64], powers with their floors: by `DEFAULT_MEL`, by
    `ENCODER_MEL`, and a free row. band_power: float32 [BAND_COUNT]. All arrays are new ones."""

    power: Float32
    mels: Float32
    band_power: Float32
    centroid_hz: float


class SpectraMeter:
    """Measures windows. Not thread-safe."""

    def __init__(self) -> None:
        size, length = DEFAULT_MEL.fft, DEFAULT_MEL.window
        # Both windows end with the hop, so one product makes both frames.
        self._windows: Float32 = np.zeros((2, length), dtype=np.float32)
        self._windows[0] = window_samples(DEFAULT_MEL)
        self._windows[1, length - ENCODER_MEL.window :] = window_samples(ENCODER_MEL)
        self._frames: Float32 = np.zeros((2, size), dtype=np.float32)
        self._filled = self._frames[:, :length]
        self._spectrum: NDArray[Any] = np.zeros((2, size // 2 + 1), dtype=np.complex64)
        self._magnitude: Float32 = np.zeros((2, size // 2 + 1), dtype=np.float32)
        rows = np.concatenate([shape_weights(), mel_filterbank(DEFAULT_MEL).T])
        self._weights, self._counted = _filled_columns(rows)
        self._heard_weights, count = _filled_columns(mel_filterbank(ENCODER_MEL).T)
        self._heard = self._magnitude[1, :count]
        floors = [settings.floor for settings in (DEFAULT_MEL, ENCODER_MEL)]
        self._floors: Float32 = np.repeat(floors, DEFAULT_MEL.mels).astype(np.float32)

    def of(self, window: Float32) -> HopSpectra:
        """float32 [DEFAULT_MEL.window], the newest last."""
        np.multiply(self._windows, window, out=self._filled)
        np.fft.rfft(self._frames, out=self._spectrum)
        np.abs(self._spectrum, out=self._magnitude)
        power: Float32 = np.square(self._magnitude[0])
        # In one row: bands, total and moment; the three mels.
        sums: Float32 = np.empty(_SHAPE + 3 * DEFAULT_MEL.mels, dtype=np.float32)
        heard_from, free_from = _SHAPE + DEFAULT_MEL.mels, _SHAPE + 2 * DEFAULT_MEL.mels
        np.dot(self._weights, power[: self._counted], out=sums[:heard_from])
        heard = sums[heard_from:free_from]
        np.dot(self._heard_weights, self._heard, out=heard)
        np.multiply(heard, heard, out=heard)
        sums[_SHAPE:free_from] += self._floors
        total, moment = sums[BAND_COUNT:_SHAPE].tolist()
        mels = sums[_SHAPE:].reshape(3, DEFAULT_MEL.mels)
        return HopSpectra(power, mels, sums[:BAND_COUNT], centroid_hz(total, moment))


def _filled_columns(rows: Float32) -> tuple[Float32, int]:
    """The columns up to the last that is not empty, and how many they are: what is higher is heard nowhere."""
    count = int(np.flatnonzero(rows.any(axis=0))[-1]) + 1
    return np.ascontiguousarray(rows[:, :count]), count
