"""Tempo and beat of music as it plays, from what rises in the mel bands: no look-ahead, and sure of itself or not."""

from __future__ import annotations

import math

import numpy as np

from chromesthesia.core.records import HOP_SAMPLES, SAMPLE_RATE_HZ, Float32
from chromesthesia.features.beat_space import TOGETHER, BeatSpace

HOP_S = HOP_SAMPLES / SAMPLE_RATE_HZ
LOW_BANDS = 6
"""Mel bands up to about 250 Hz: bass drum and bass."""
STRUCK = np.array([[0.85, 0.5, 0.25, 0.2, 0.04], [0.6, 0.15, 0.1, 0.06, 0.02]])
"""How often something begins on the beat, halfway, on a quarter, on a third, elsewhere: in all bands, in low ones."""
WEIGHTS = np.array([0.7, 0.5])
"""How much one hop counts: neighbouring hops tell the same."""
QUIET = np.array([0.25, 0.25])
"""How much nothing where something was likely counts, beside something where it was not. Less, and strokes between the
beats double the tempo; more, and a beat that only some drums strike is halved."""
PEAK_KEEP = 0.9975
LEAST_PEAK = 0.15
FALL = 0.02
NEIGHBOURS = 0.06
"""Periods that differ by less are one tempo."""
DELAY_S = 0.017
"""From a stroke to where its rise is seen."""
PHASE_GAIN = 0.28
TEMPO_GAIN = 0.19
SURE_GAIN = 0.0975
SNAP_BEATS = 0.15
AGREE_READINGS = 6
"""So many readings must be off alike before the beat jumps: a syncopation is no other beat."""

_SMOOTH = np.array([0.5, 1.0, 0.5], dtype=np.float32)


class BeatTracker:
    """Follows the beat; reads the states with every eighth hop. Not thread-safe; one `step` for each hop.

    bpm: 0 while nothing is known. beats: counted from the start, its fraction the phase, at the end of the hop.
    confidence: 0..1.
    """

    def __init__(self) -> None:
        self.bpm = 0.0
        self.beats = 0.0
        self.confidence = 0.0
        self._space = BeatSpace()
        self._peaks = [LEAST_PEAK, LEAST_PEAK]
        self._floors = [0.0, 0.0]
        quiet = np.log1p(-STRUCK) * (WEIGHTS * QUIET)[:, None]
        struck = np.log(STRUCK) * WEIGHTS[:, None]
        self._quiet = quiet.sum(axis=0).astype(np.float32)
        self._struck = (struck - quiet).astype(np.float32)
        self._full: list[float] = []
        self._low: Float32 = np.zeros((TOGETHER, LOW_BANDS), dtype=np.float32)
        self._low_mean: Float32 = np.full(LOW_BANDS, 1.0 / LOW_BANDS, dtype=np.float32)
        self._periods = self._space.periods.astype(np.float32)
        self._off = 0

    def step(self, flux: float, rise: Float32 | None) -> None:
        """What rose in each mel band since two hops ago, float32 [mels] of 0 or more, in nepers of power, None for
        nothing; flux: its mean."""
        self._low[len(self._full)] = 0.0 if rise is None else rise[:LOW_BANDS]
        self._full.append(flux)
        self.beats += self.bpm * HOP_S / 60.0
        if len(self._full) == TOGETHER:
            low = np.dot(self._low, self._low_mean).tolist()
            shares = np.array([self._shares(0, self._full), self._shares(1, low)], np.float32)
            self._full.clear()
            logs = np.dot(shares.T, self._struck)
            logs += self._quiet
            self._space.step(np.exp(logs, out=logs))
            self._read()

    def reset(self) -> None:
        """Forget the tempo; beats go on being counted."""
        self._space.reset()
        self._full.clear()
        self.bpm = self.confidence = 0.0
        self._off = 0

    def _shares(self, band: int, rises: list[float]) -> list[float]:
        """How surely something was struck in each hop: in all bands (0), in low ones (1); against what was of late."""
        peak, floor = self._peaks[band], self._floors[band]
        shares = []
        for value in rises:
            peak = max(value, peak * PEAK_KEEP, LEAST_PEAK)
            floor += (value - floor) * (FALL if value > floor else 0.2)
            share = (value - 1.5 * floor) / max(peak - 1.5 * floor, 1e-3)
            shares.append(math.sqrt(min(1.0, share)) if share > 0.0 else 0.0)
        self._peaks[band], self._floors[band] = peak, floor
        return shares

    def _read(self) -> None:
        tempi, total = self._space.tempi()
        best = int(np.correlate(tempi, _SMOOTH, "same").argmax())
        width = max(1, round(NEIGHBOURS * float(self._periods[best])))
        low, high = max(0, best - width), min(len(tempi) - 1, best + width)
        near = tempi[low : high + 1]
        share = max(float(np.add.reduce(near)), 1e-30)
        period = float(np.dot(near, self._periods[low : high + 1])) / share
        phase, agreed = self._space.place(low, high)
        bpm = 60.0 / (period * HOP_S)
        phase = (phase + DELAY_S * bpm / 60.0) % 1.0
        sure = min(1.0, agreed / total)
        self.confidence += (sure - self.confidence) * SURE_GAIN
        error = (phase - self.beats + 0.5) % 1.0 - 0.5
        if self.bpm == 0.0:
            if sure > 0.3:
                self.bpm, self.beats = bpm, self.beats + error
            return
        other = abs(bpm / self.bpm - 1.0) > 0.04
        self._off = self._off + 1 if other or abs(error) > SNAP_BEATS else 0
        if self._off >= AGREE_READINGS and sure > 0.2:
            self.bpm, self.beats, self._off = bpm, self.beats + error, 0
            return
        if not other:
            self.bpm += (bpm - self.bpm) * TEMPO_GAIN
            if abs(error) <= SNAP_BEATS:
                self.beats += error * PHASE_GAIN
