"""What kind of sound it is: voice, music, noise or silence, by rules of thumb over the last seconds."""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from chromesthesia.core.records import Float32

KINDS = ("voice", "music", "noise", "silence")
SILENT_DBFS = -60.0
STEPS = 100
"""Steps of 20 ms that are looked at."""
SMOOTH = 0.2
LEAST_STEPS = 15
STEADY_OCTAVES = 0.25 / 12.0
"""A pitch that moves by less in 20 ms is held."""
GAP_DB = 12.0


class KindWatch:
    """Shares of the kinds, float32 [4] that add up to 1, by `KINDS`. Not thread-safe; one `step` each 20 ms."""

    def __init__(self) -> None:
        self._levels: deque[float] = deque(maxlen=STEPS)
        self._pitches: deque[float] = deque(maxlen=STEPS)
        self._evenness: deque[float] = deque(maxlen=STEPS)
        self.shares: Float32 = np.array([0.0, 0.0, 0.0, 1.0], dtype=np.float32)

    def reset(self) -> None:
        """Forget what was heard."""
        self.__init__()  # type: ignore[misc]

    def step(self, rms_dbfs: float, pitch_hz: float, evenness: float) -> None:
        """Take 20 ms."""
        self._levels.append(rms_dbfs)
        self._pitches.append(math.log2(pitch_hz) if pitch_hz > 0.0 else math.nan)
        self._evenness.append(evenness)

    def decide(self, tonal: float, beat: float) -> None:
        """tonal: harmonic share, 0..1; beat: how sure the beat is. Five times a second is enough."""
        levels = np.array(self._levels)
        if len(levels) < LEAST_STEPS or levels[-LEAST_STEPS:].max() < SILENT_DBFS:
            goal = np.array([0.0, 0.0, 0.0, 1.0])
        else:
            goal = self._shares(levels, tonal, beat)
        self.shares = (self.shares + SMOOTH * (goal - self.shares)).astype(np.float32)

    def _shares(
        self, levels: np.ndarray[tuple[int], np.dtype[np.float64]], tonal: float, beat: float
    ) -> Float32:
        pitches = np.array(self._pitches)
        pitched = ~np.isnan(pitches)
        both = pitched[1:] & pitched[:-1]
        moves = np.abs(np.diff(pitches))[both]
        held = float((moves < STEADY_OCTAVES).mean()) if len(moves) else 0.0
        gliding = float(((moves >= STEADY_OCTAVES) & (moves < 0.2)).mean()) if len(moves) else 0.0
        voiced = float(pitched.mean())
        gaps = float((levels < levels.max() - GAP_DB).mean())
        flat = float(np.median(self._evenness))
        scores = np.array(
            [
                4.0 * gliding + 2.0 * min(gaps, 0.5) + voiced - 1.5 * beat - 2.0 * abs(voiced - 0.5),
                2.0 * held * voiced + 1.5 * beat + tonal - 2.0 * gliding - 4.0 * flat + 0.2,
                6.0 * flat - 3.0 * voiced - 2.0 * min(gaps, 0.5) - 1.0 * beat,
            ]
        )
        shares = np.exp(3.0 * (scores - scores.max()))
        return np.asarray(np.append(shares / shares.sum(), 0.0), dtype=np.float32)
