"""What is wrong with the sound that comes in: clipped, shifted, dead, no numbers, or at another pace than it says."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

import numpy as np

from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32

FULL_SCALE = 0.999
CLIPPED_RUN = 3
"""So many samples in a row at full scale are clipped; a single one may be a peak."""
CLIPPING_S = 5.0
"""A person is told for so long after the last one."""
DC_TIME_S = 2.0
DC_LIMIT = 0.03
DEAD_BELOW = 1.6e-5
"""No sample above half the smallest step of 16 bits: a room is never so quiet, a muted or broken input is."""
DEAD_S = 10.0
PACE_S = 4.0
PACE_TOLERANCE = 0.02
PACES_HZ = (8_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000)
DRIFT_EVERY_S = 5.0
DRIFT_KEPT = 120
DRIFT_LEAST_S = 30.0
JUMP_S = 0.05
"""Sound that comes so much earlier or later than expected was lost, or begins anew: no drift."""


@dataclass(frozen=True, slots=True)
class Soundness:
    """The sound at one moment.

    clipped: samples at full scale, in runs; nan: samples that were no numbers. dc: mean of the last seconds, in shares
    of full scale. silent_s: how long not one sample was more than nothing. drift_ppm: how much faster the sound's clock
    runs than the computer's, by which pictures are shown; None until that is known. clipping: it was, just now.
    """

    clipped: int = 0
    nan: int = 0
    dc: float = 0.0
    silent_s: float = 0.0
    drift_ppm: float | None = None
    clipping: bool = False

    @property
    def troubles(self) -> tuple[str, ...]:
        """What a person should do something about, one line each."""
        lines = []
        if self.silent_s >= DEAD_S:
            lines.append("the sound is dead: muted, or nothing is plugged in")
        if self.clipping:
            lines.append("the sound is clipped: turn the input down")
        if abs(self.dc) > DC_LIMIT:
            lines.append(f"the sound has a DC offset of {100.0 * self.dc:.0f} %")
        return tuple(lines)


class SoundWatch:
    """Looks at every block. `block` on one thread, `now` on any."""

    def __init__(self) -> None:
        self._clipped = 0
        self._nan = 0
        self._dc = 0.0
        self._silent_s = 0.0
        self._clipping_s = 0.0
        self._told: tuple[int, int] | None = None
        self._drift = DriftWatch()

    def block(self, samples: Float32, entered_s: float) -> None:
        """samples: float32 [n] at `SAMPLE_RATE_HZ`; entered_s: when the first of them entered."""
        count = samples.shape[0]
        if not count:
            return
        length_s = count / SAMPLE_RATE_HZ
        self._drift.seen(count, entered_s)
        finite = np.isfinite(samples)
        if not finite.all():
            self._nan += int(count - finite.sum())
            samples = np.where(finite, samples, 0.0)
        loudness = np.abs(samples)
        peak = float(loudness.max())
        clipped = clipped_of(loudness) if peak >= FULL_SCALE else 0
        self._clipped += clipped
        self._clipping_s = max(0.0, self._clipping_s - length_s)
        if clipped and self._told is None:
            self._clipping_s = CLIPPING_S
        self._silent_s = self._silent_s + length_s if peak < DEAD_BELOW else 0.0
        self._dc += (float(samples.mean()) - self._dc) * min(1.0, length_s / DC_TIME_S)

    def told(self, clipped: int, nan: int) -> None:
        """What the source counted so far, before it mixed and converted the sound: that holds rather than ours."""
        if self._told is not None and clipped > self._told[0]:
            self._clipping_s = CLIPPING_S
        self._told = clipped, nan

    def now(self) -> Soundness:
        """How the sound is."""
        clipped, nan = self._told or (self._clipped, self._nan)
        return Soundness(
            clipped,
            nan,
            self._dc,
            self._silent_s,
            self._drift.ppm,
            self._clipping_s > 0.0,
        )


def clipped_of(loudness: Float32) -> int:
    """How many samples lie at full scale in runs of at least three; loudness: float32 [n], absolute values."""
    full = (loudness >= FULL_SCALE).astype(np.int8)
    edges = np.flatnonzero(np.diff(np.concatenate(([0], full, [0]))))
    runs = edges[1::2] - edges[::2]
    return int(runs[runs >= CLIPPED_RUN].sum())


class PaceWatch:
    """Notices that a device gives samples at another of the common rates than it was opened at. One thread."""

    def __init__(self, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self._suspect = 0
        self._since_s: float | None = None
        self._frames = 0

    def skipped(self) -> None:
        """Sound was lost: what was counted since is no pace."""
        self._since_s = None
        self._frames = 0

    def seen(self, frames: int, newest_s: float) -> int | None:
        """So many more came, the newest at `newest_s`. The rate that they really have, once it is known as another."""
        if self._since_s is None or newest_s < self._since_s:
            self._since_s, self._frames = newest_s, 0
            return None
        self._frames += frames
        length_s = newest_s - self._since_s
        if length_s < PACE_S:
            return None
        pace_hz = self._frames / length_s
        self._since_s, self._frames = newest_s, 0
        nearest = min(PACES_HZ, key=lambda rate: abs(rate - pace_hz))
        if nearest == self._rate_hz or abs(pace_hz / nearest - 1.0) > PACE_TOLERANCE:
            self._suspect = 0
            return None
        before, self._suspect = self._suspect, nearest
        return nearest if before == nearest else None


class DriftWatch:
    """How fast the clock of the sound runs, by the computer's: a line through the moments at which samples entered."""

    def __init__(self, rate_hz: float = SAMPLE_RATE_HZ) -> None:
        self._rate_hz = rate_hz
        self._samples = 0
        self._ahead_s: float | None = None
        self._due_s = float("-inf")
        self._points: deque[tuple[float, float]] = deque(maxlen=DRIFT_KEPT)
        self._ppm: float | None = None

    @property
    def ppm(self) -> float | None:
        """Millionths by which the sound comes faster than it says; None before half a minute without a gap."""
        return self._ppm

    def seen(self, samples: int, entered_s: float) -> None:
        """A block of so many samples, the first of which entered at `entered_s`."""
        ahead_s = entered_s - self._samples / self._rate_hz
        if self._ahead_s is not None and abs(ahead_s - self._ahead_s) > JUMP_S:
            self._begin()
            ahead_s = entered_s
        self._ahead_s = ahead_s
        if entered_s >= self._due_s:
            self._due_s = entered_s + DRIFT_EVERY_S
            self._points.append((entered_s, ahead_s))
            self._fit()
        self._samples += samples

    def _begin(self) -> None:
        self._samples = 0
        self._ahead_s = self._ppm = None
        self._due_s = float("-inf")
        self._points.clear()

    def _fit(self) -> None:
        at_s, ahead_s = np.array(self._points).T
        if at_s[-1] - at_s[0] < DRIFT_LEAST_S:
            return
        away_s = at_s - at_s.mean()
        self._ppm = -1e6 * float(away_s @ (ahead_s - ahead_s.mean()) / (away_s @ away_s))
