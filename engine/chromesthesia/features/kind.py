"""What kind of sound it is: voice, music, noise or silence, by rules of thumb over the last seconds."""

from __future__ import annotations

import math
from collections import deque
from itertools import islice
from statistics import median

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
FASTEST_OCTAVES = 0.2
"""One that moves by less glides; by more it is another."""
GAP_DB = 12.0


class KindWatch:
    """Shares of the kinds, float32 [4] that add up to 1, by `KINDS`. Not thread-safe; one `step` each 20 ms."""

    def __init__(self) -> None:
        self._levels: deque[float] = deque(maxlen=STEPS)
        self._evenness: deque[float] = deque(maxlen=STEPS)
        self._moves: deque[tuple[bool, float | None]] = deque(maxlen=STEPS)
        """Of each step: whether it has a pitch, and by how many octaves that moved if the one before has one too."""
        self._pitch = 0.0
        self.shares: Float32 = np.array([0.0, 0.0, 0.0, 1.0], dtype=np.float32)

    def reset(self) -> None:
        """Forget what was heard."""
        self.__init__()  # type: ignore[misc]

    def step(self, rms_dbfs: float, pitch_hz: float, evenness: float) -> None:
        """Take 20 ms."""
        before, self._pitch = self._pitch, pitch_hz
        both = pitch_hz > 0.0 and before > 0.0
        self._levels.append(rms_dbfs)
        self._evenness.append(evenness)
        self._moves.append((pitch_hz > 0.0, abs(math.log2(pitch_hz / before)) if both else None))

    def decide(self, tonal: float, beat: float) -> None:
        """tonal: harmonic share, 0..1; beat: how sure the beat is. Five times a second is enough."""
        count = len(self._levels)
        late = islice(self._levels, max(0, count - LEAST_STEPS), None)
        silent = count < LEAST_STEPS or max(late) < SILENT_DBFS
        goal = (0.0, 0.0, 0.0, 1.0) if silent else self._shares(tonal, beat)
        self.shares = self.shares + np.float32(SMOOTH) * (np.array(goal, np.float32) - self.shares)

    def _shares(self, tonal: float, beat: float) -> tuple[float, float, float, float]:
        count = len(self._levels)
        # Plain floats: a hundred numbers are counted before arrays of them are made.
        moves = [move for _, move in islice(self._moves, 1, None) if move is not None]
        still = sum(move < STEADY_OCTAVES for move in moves)
        slow = sum(move < FASTEST_OCTAVES for move in moves) - still
        held, gliding = (still / len(moves), slow / len(moves)) if moves else (0.0, 0.0)
        voiced = sum(pitched for pitched, _ in self._moves) / count
        soft = max(self._levels) - GAP_DB
        gaps = min(0.5, sum(level < soft for level in self._levels) / count)
        flat = median(self._evenness)
        scores = (
            4.0 * gliding + 2.0 * gaps + voiced - 1.5 * beat - 2.0 * abs(voiced - 0.5),
            2.0 * held * voiced + 1.5 * beat + tonal - 2.0 * gliding - 4.0 * flat + 0.2,
            6.0 * flat - 3.0 * voiced - 2.0 * gaps - 1.0 * beat,
        )
        best = max(scores)
        voice, music, noise = (math.exp(3.0 * (score - best)) for score in scores)
        whole = voice + music + noise
        return voice / whole, music / whole, noise / whole, 0.0
