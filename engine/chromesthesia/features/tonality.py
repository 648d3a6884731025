"""Chroma of a long window, and the key that the last seconds are in."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32

WINDOW = 8192
"""Samples: 341 ms, in which a semitone at 130 Hz is apart."""
LOW_HZ, HIGH_HZ = 65.0, 2100.0
WIDTH_SEMITONES = 0.35
MEMORY_STEPS = 300.0
"""Time constant of the key, in steps of chroma."""
PROFILES = {
    "major": (1.0, 0.0, 0.42, 0.0, 0.53, 0.37, 0.0, 0.77, 0.0, 0.38, 0.21, 0.30),
    "minor": (1.0, 0.0, 0.36, 0.39, 0.0, 0.38, 0.0, 0.74, 0.27, 0.0, 0.42, 0.23),
}
"""How much each tone tells of a key of C, as found in recordings (Faraldo, Jorda and Herrera, 2017)."""
PARTIALS, PARTIAL_FALL = 4, 0.6
"""For the key a peak also speaks, ever less, for the tones whose second, third and fourth partials it may be."""
TONES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
KEYS = tuple(f"{tone} {mode}" for mode in PROFILES for tone in TONES)
"""The 24 keys, by number."""
LEAST_LIKENESS = 0.4
QUIET_POWER = 1e-7
_QUIET = QUIET_POWER * WINDOW**2 / 16.0
_KEEP = 1.0 - 1.0 / MEMORY_STEPS


class KeyTracker:
    """Chroma and key of a stream. Not thread-safe."""

    def __init__(self) -> None:
        self._window: Float32 = np.hanning(WINDOW).astype(np.float32)
        frequencies_hz = np.fft.rfftfreq(WINDOW, 1.0 / SAMPLE_RATE_HZ).astype(np.float64)
        first, last = (int(np.searchsorted(frequencies_hz, edge_hz)) for edge_hz in (LOW_HZ, HIGH_HZ))
        self._spectrum: NDArray[Any] = np.zeros(WINDOW // 2 + 1, dtype=np.complex64)
        self._heard_bins = self._spectrum[first:last]
        bins_hz = frequencies_hz[first + 1 : last - 1]
        partials = [
            PARTIAL_FALL ** (number - 1) * _chroma_weights(bins_hz / number)
            for number in range(1, PARTIALS + 1)
        ]
        # Side by side: the chroma, and what the key is found by.
        self._weights: Float32 = np.concatenate([partials[0], np.sum(partials, axis=0)], axis=1)
        self._profiles = _profiles()
        self._memory: Float32 = np.zeros(12, dtype=np.float32)
        self._heard = 0.0

    def reset(self) -> None:
        """Forget the key."""
        self._memory[:] = 0.0
        self._heard = 0.0

    def step(self, newest: Float32) -> tuple[Float32, int, float]:
        """float32 [WINDOW], the newest last: (chroma float32 [12] from C on, its largest 1, or 0 in silence; number of
        the key in `KEYS`, -1 for none; how clear 0..1)."""
        np.fft.rfft(newest * self._window, out=self._spectrum)
        magnitude = np.abs(self._heard_bins)
        if float(np.dot(magnitude, magnitude)) < _QUIET:
            return np.zeros(12, dtype=np.float32), *self._key()
        # Peaks alone: what lies between tones belongs to none of them.
        inner = magnitude[1:-1]
        top = (inner >= magnitude[:-2]) & (inner > magnitude[2:])
        inner = inner * top
        tones: Float32 = np.dot(inner, self._weights)
        chroma, keyed = tones[:12], tones[12:]
        chroma *= 1.0 / max(*chroma.tolist(), 1e-9)
        keyed *= 1.0 / max(*keyed.tolist(), 1e-9)
        self._memory *= _KEEP
        self._memory += keyed
        self._heard = self._heard * _KEEP + 1.0
        return chroma, *self._key()

    def _key(self) -> tuple[int, float]:
        if self._heard < 5.0:
            return -1, 0.0
        # Profiles have mean 0, so that of the memory does not matter; it does for the length.
        memory = self._memory
        mean = sum(memory.tolist()) / 12.0
        size = math.sqrt(max(0.0, float(np.dot(memory, memory)) - 12.0 * mean * mean))
        if size < 1e-6:
            return -1, 0.0
        likeness = np.dot(self._profiles, memory).tolist()
        second, first = sorted(likeness)[-2:]
        if first < LEAST_LIKENESS * size:
            return -1, 0.0
        clear = (first - second) / size / 0.15 * min(1.0, self._heard / 20.0)
        return likeness.index(first), min(1.0, max(0.0, clear))


def _chroma_weights(frequencies_hz: NDArray[np.float64]) -> Float32:
    """[bins, 12]: how much each bin tells of each tone; the lowest and the highest tell less."""
    note = 69.0 + 12.0 * np.log2(frequencies_hz / 440.0)
    off = (note[:, None] - np.arange(12) + 6.0) % 12.0 - 6.0
    near = np.exp(-0.5 * (off / WIDTH_SEMITONES) ** 2)
    octave = np.exp(-0.5 * ((note - 60.0) / 15.0) ** 2)
    return np.ascontiguousarray(near * octave[:, None], dtype=np.float32)


def _profiles() -> Float32:
    """[24, 12], each of mean 0 and length 1."""
    table = np.array([np.roll(profile, tonic) for profile in PROFILES.values() for tonic in range(12)])
    table -= table.mean(axis=1, keepdims=True)
    return np.asarray(table / np.linalg.norm(table, axis=1, keepdims=True), dtype=np.float32)
