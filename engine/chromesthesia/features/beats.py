"""Tempo and beat of music as it plays, from what rises in the mel bands: no look-ahead, and sure of itself or not."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from chromesthesia.core.records import HOP_SAMPLES, SAMPLE_RATE_HZ, Float32
from chromesthesia.features.beat_space import BeatSpace

HOP_S = HOP_SAMPLES / SAMPLE_RATE_HZ
LOW_BANDS = 6
"""Mel bands up to about 250 Hz: bass drum and bass."""
STRUCK = np.array([[0.85, 0.5, 0.25, 0.2, 0.04], [0.6, 0.15, 0.1, 0.06, 0.02]])
"""How often something begins on the beat, halfway, on a quarter, on a third, elsewhere: in all bands, in low ones."""
WEIGHTS = np.array([0.7, 0.5])
"""How much one hop counts: neighbouring hops tell the same."""
QUIET = 0.25
"""How much nothing where something was likely counts, beside something where it was not."""
PEAK_KEEP = 0.9975
LEAST_PEAK = 0.15
FALL = 0.02
READ_EVERY = 4
"""Hops between two readings of the states."""
NEIGHBOURS = 0.06
"""Periods that differ by less are one tempo."""
DELAY_S = 0.022
"""From a stroke to where its rise is seen."""
PHASE_GAIN = 0.15
TEMPO_GAIN = 0.1
SNAP_BEATS = 0.15
AGREE_READINGS = 12
"""So many readings must be off alike before the beat jumps: a syncopation is no other beat."""


@dataclass(frozen=True, slots=True)
class BeatReading:
    """bpm: 0 while nothing is known. beats: counted from the start, its fraction the phase, at the end of the hop.
    confidence: 0..1."""

    bpm: float = 0.0
    beats: float = 0.0
    confidence: float = 0.0


class BeatTracker:
    """Follows the beat. Not thread-safe; one `step` for each hop."""

    def __init__(self) -> None:
        self._space = BeatSpace()
        self._peaks = [LEAST_PEAK, LEAST_PEAK]
        self._floors = [0.0, 0.0]
        self._struck_log = np.log(STRUCK) * WEIGHTS[:, None]
        self._quiet_log = np.log1p(-STRUCK) * WEIGHTS[:, None] * QUIET
        self._hop = 0
        self._bpm = 0.0
        self._beats = 0.0
        self._off = 0
        self._confidence = 0.0

    def step(self, rise: Float32) -> BeatReading:
        """What rose in each mel band since two hops ago, float32 [mels] of 0 or more, in nepers of power."""
        full = float(np.add.reduce(rise)) / len(rise)
        low = float(np.add.reduce(rise[:LOW_BANDS])) / LOW_BANDS
        logs = self._quiet_log[0] + self._quiet_log[1]
        for band, value in enumerate((full, low)):
            peak = self._peaks[band] = max(value, self._peaks[band] * PEAK_KEEP, LEAST_PEAK)
            floor = self._floors[band]
            floor += (value - floor) * (FALL if value > floor else 0.2)
            self._floors[band] = floor
            share = min(1.0, max(0.0, (value - 1.5 * floor) / max(peak - 1.5 * floor, 1e-3)))
            share = math.sqrt(share)
            logs = logs + share * (self._struck_log[band] - self._quiet_log[band])
        self._space.step(np.exp(logs).astype(np.float32))
        self._hop += 1
        self._beats += self._bpm * HOP_S / 60.0
        if self._hop % READ_EVERY == 0:
            self._read()
        return BeatReading(self._bpm, self._beats, self._confidence)

    def reset(self) -> None:
        """Forget the tempo; beats go on being counted."""
        self._space.reset()
        self._bpm = self._confidence = 0.0
        self._off = 0

    def _read(self) -> None:
        space = self._space
        tempi = space.tempi()
        best = int(np.argmax(np.convolve(tempi, (0.5, 1.0, 0.5), "same")))
        period = float(space.periods[best])
        width = max(1, round(NEIGHBOURS * period))
        low, high = max(0, best - width), min(len(tempi) - 1, best + width)
        near = tempi[low : high + 1]
        share = float(np.add.reduce(near))
        period = float(np.dot(near, space.periods[low : high + 1])) / max(share, 1e-30)
        phase, agreed = space.place(low, high)
        bpm = 60.0 / (period * HOP_S)
        phase = (phase + DELAY_S * bpm / 60.0) % 1.0
        sure = min(1.0, share) * agreed
        self._confidence += (sure - self._confidence) * 0.05
        error = (phase - self._beats + 0.5) % 1.0 - 0.5
        if self._bpm == 0.0:
            if sure > 0.3:
                self._bpm, self._beats = bpm, self._beats + error
            return
        other = abs(bpm / self._bpm - 1.0) > 0.04
        self._off = self._off + 1 if other or abs(error) > SNAP_BEATS else 0
        if self._off >= AGREE_READINGS and sure > 0.2:
            self._bpm, self._beats, self._off = bpm, self._beats + error, 0
            return
        if not other:
            self._bpm += (bpm - self._bpm) * TEMPO_GAIN
            if abs(error) <= SNAP_BEATS:
                self._beats += error * PHASE_GAIN
