"""Several channels to one: their mean, unless it would cancel what is in them.

A plug or driver that swaps the poles of one channel makes left the opposite of right: each is loud and the mean is
silence. Then the channels against the loudest one are turned round, as if they had been wired right.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.records import Float32

SEGMENT_S = 0.02
MEMORY_S = 0.5
"""Time constant of what is known about the channels."""
CANCELS_BELOW = 0.1
"""Power of the mean over that of unrelated channels, below which it cancels: a correlation of -0.9 of equal ones."""
EVIDENCE_S = 0.2
"""So much sound must have been heard before anything is decided."""
VANISHES_BELOW = 1e-3
"""The same power where nothing is left: no ordinary sound, so `SHORT_EVIDENCE_S` is enough."""
SHORT_EVIDENCE_S = 0.05
FITS_ABOVE = 0.4
"""The same, from which on the plain mean is right again."""
RAMP_S = 0.05
HEARD_POWER = 1e-8
"""Mean square of a channel, -80 dBFS, below which a segment proves nothing."""
OPPOSITE = (
    "its channels are in opposite phases, so one of them is turned round (is a plug wired the wrong way?)"
)


class Mixdown:
    """Mixes blocks of one stream to mono, with the state inside; no delay, and the same for any chunking.

    Ordinary sound leaves as the mean of its channels, to the bit. Where they cancel, that is noticed within 0.3 s (0.06
    s where nothing at all is left) and the opposite ones are turned round in 50 ms, until they fit again. tell: takes
    one line for a person, once. Use from one thread.
    """

    def __init__(self, rate_hz: int, tell: Callable[[str], None] | None = None) -> None:
        if rate_hz < 1:
            raise ValueError(f"a sample rate is positive: rate_hz={rate_hz}")
        self._tell = tell
        self._segment_frames = max(1, round(rate_hz * SEGMENT_S))
        self._ramp_frames = max(1, round(rate_hz * RAMP_S))
        self._keep = math.exp(-self._segment_frames / rate_hz / MEMORY_S)
        self._channels = 0
        self._left = self._segment_frames
        self.inverted = False
        """Whether channels are turned round now."""
        self.inversions = 0
        """Times at which that began."""

    def push(self, block: Float32) -> Float32:
        """float32 [n, channels] -> [n]; what is no number becomes silence."""
        frames, channels = block.shape
        if channels == 1:
            return _numbers(block[:, 0])
        if channels != self._channels:
            self._begin(channels)
        mono: Float32 = block.mean(axis=1, dtype=np.float32)
        # What is no number in a channel is none in the mean, so one look tells.
        finite = bool(np.isfinite(mono).all())
        clean = block if finite else _numbers(block)
        start = 0
        while start < frames:
            stop = min(start + self._left, frames)
            if self.inverted or self._ramp_left:
                mono[start:stop] = self._weighted(clean[start:stop])
            self._learn(clean[start:stop])
            self._left -= stop - start
            start = stop
            if self._left == 0:
                self._left = self._segment_frames
                self._decide()
        return mono if finite else _numbers(mono)

    def _begin(self, channels: int) -> None:
        self._channels = channels
        self._left = self._segment_frames
        # What was heard lately: products of channels, summed over frames, and segments that were loud enough to tell.
        self._products: NDArray[np.float64] = np.zeros((channels, channels))
        self._fresh = np.zeros((channels, channels))
        self._heard = 0.0
        self._signs = np.ones(channels, np.float32)
        self._ramp_from = self._signs
        self._ramp_left = 0
        self.inverted = False

    def _learn(self, frames: Float32) -> None:
        exact = frames.astype(np.float64)
        self._fresh += exact.T @ exact

    def _decide(self) -> None:
        loud = np.trace(self._fresh) > HEARD_POWER * self._segment_frames * self._channels
        self._products = self._keep * self._products + self._fresh
        self._fresh = np.zeros_like(self._fresh)
        self._heard = self._keep * self._heard + float(loud)
        if not loud:
            return
        share = self._products.sum() / np.trace(self._products)
        needed_s = SHORT_EVIDENCE_S if share < VANISHES_BELOW else EVIDENCE_S
        if self._heard * SEGMENT_S < needed_s:
            return
        if not self.inverted and share < CANCELS_BELOW:
            loudest = int(np.argmax(np.diag(self._products)))
            self._turn(np.where(self._products[loudest] < 0.0, -1.0, 1.0).astype(np.float32))
            self.inverted = True
            self.inversions += 1
            if self._tell is not None and self.inversions == 1:
                self._tell(OPPOSITE)
        elif self.inverted and share > FITS_ABOVE:
            self._turn(np.ones(self._channels, np.float32))
            self.inverted = False

    def _turn(self, signs: Float32) -> None:
        done = 1.0 - self._ramp_left / self._ramp_frames
        self._ramp_from = (self._ramp_from + (self._signs - self._ramp_from) * done).astype(np.float32)
        self._signs = signs
        self._ramp_left = self._ramp_frames

    def _weighted(self, frames: Float32) -> Float32:
        plain: Float32 = (frames * self._signs).mean(axis=1, dtype=np.float32)
        ramping = min(self._ramp_left, frames.shape[0])
        if ramping:
            left = (self._ramp_left - np.arange(1, ramping + 1, dtype=np.float32)) / self._ramp_frames
            weights = self._signs + (self._ramp_from - self._signs) * left[:, None]
            plain[:ramping] = (frames[:ramping] * weights).mean(axis=1, dtype=np.float32)
            self._ramp_left -= ramping
        return plain


def _numbers(samples: Float32) -> Float32:
    if np.isfinite(samples).all():
        return samples
    return np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0)
