"""Clicks at known samples, played as a room would hear them, and the look that answers them with light."""

from __future__ import annotations

import threading

import numpy as np

from chromesthesia.core.protocols import Clock
from chromesthesia.core.records import SAMPLE_RATE_HZ, STEP_SAMPLES, AudioBlock, Float32

SHORTEST_S, LONGEST_S = 0.4, 0.6
"""Between two clicks: no two phases of frames and hops are met alike, and fewer than three a second keep the flash
limiter out of it."""
LEAD_S = 3.0
"""Quiet before the first: a show that has just begun is not measured."""
TAIL_S = 0.5
CLICK_S = 0.03
LEVEL = 0.5

CLICK_PRESET = """schema = 1
name = "Click"
description = "Dark until something is struck: for measuring how long light takes."

[params]
"/look/grade/exposure" = -2.0
"/look/trails/amount" = 0.0
"/look/finish/glow" = 0.0
"/generator/rate_hz" = 5.0

[[route]]
from = "features/onset"
to = "/look/grade/exposure"
gain = 4.0
"""


def click_samples(count: int, seed: int = 1, rate_hz: int = SAMPLE_RATE_HZ) -> list[int]:
    """The first sample of each of `count` clicks, at `rate_hz`."""
    gaps_s = np.random.default_rng(seed).uniform(SHORTEST_S, LONGEST_S, max(0, count - 1))
    return [round((LEAD_S + at_s) * rate_hz) for at_s in (0.0, *np.cumsum(gaps_s))][:count]


def click_sound(samples: list[int], rate_hz: int = SAMPLE_RATE_HZ, seed: int = 2) -> Float32:
    """Mono float32 [n]: bursts of noise at `samples`, faint noise between them, and a quiet end."""
    rng = np.random.default_rng(seed)
    length = (samples[-1] if samples else 0) + round(TAIL_S * rate_hz)
    sound = (1e-4 * rng.standard_normal(length)).astype(np.float32)
    burst = round(CLICK_S * rate_hz)
    fade = np.exp(-np.arange(burst) / (burst / 5.0))
    for start in samples:
        sound[start : start + burst] += (LEVEL * fade * rng.uniform(-1.0, 1.0, burst)).astype(np.float32)
    np.clip(sound, -1.0, 1.0, out=sound)
    return sound


class PacedSound:
    """AudioSource that gives `sound` in blocks when they would have been heard, dated as a microphone dates them.

    start_s: when its first sample entered, on the clock; None before the first `read`.
    """

    live = False
    overruns = 0
    name = "clicks"

    def __init__(self, sound: Float32, clock: Clock, block_samples: int = STEP_SAMPLES) -> None:
        self.start_s: float | None = None
        self._sound = sound
        self._clock = clock
        self._block = block_samples
        self._given = 0
        self._closed = threading.Event()

    def read(self) -> AudioBlock | None:
        """The next block, once its last sample is due; None at the end."""
        piece = self._sound[self._given : self._given + self._block]
        if self._closed.is_set() or not len(piece):
            return None
        if self.start_s is None:
            self.start_s = self._clock.now_s()
        entered_s = self.start_s + self._given / SAMPLE_RATE_HZ
        self._given += len(piece)
        if self._clock.wait_until(self.start_s + self._given / SAMPLE_RATE_HZ, self._closed):
            return None
        return AudioBlock(piece, entered_s)

    def close(self) -> None:
        """End it; safe from any thread."""
        self._closed.set()
