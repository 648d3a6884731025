"""Live sound: a source fills the ring on one thread; hops leave it on another, which looks at half of the next one."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np

from chromesthesia.audio.ring import Ring
from chromesthesia.audio.soundness import SoundWatch
from chromesthesia.core.protocols import AudioSource, Clock, Counting
from chromesthesia.core.records import (
    HOP_SAMPLES,
    SAMPLE_RATE_HZ,
    STEP_SAMPLES,
    AudioBlock,
    Float32,
    Heard,
)
from chromesthesia.health.latency import LatencyMeter
from chromesthesia.params.tree import Snapshot
from chromesthesia.show.analysis import Analysis

log = logging.getLogger(__name__)

HOP_S = HOP_SAMPLES / SAMPLE_RATE_HZ
MISSING_AFTER_S = 0.25
"""Sound that stays away this long counts as silence, so that the emotion drifts back instead of standing still."""
_SILENT_HOP = np.zeros(HOP_SAMPLES, dtype=np.float32)


class Capture:
    """Moves blocks from the source into the ring; `tap` also sees them, with the time their first sample entered."""

    def __init__(
        self,
        source: AudioSource,
        ring: Ring,
        clock: Clock,
        meter: LatencyMeter,
        tap: Callable[[AudioBlock], None] | None = None,
    ) -> None:
        self._source = source
        self._ring = ring
        self._clock = clock
        self._meter = meter
        self._tap = tap
        self.ended = False
        self.watch = SoundWatch()

    def step(self) -> bool:
        """One block; False when the source has ended. Capture thread."""
        block = self._source.read()
        if block is None:
            self.ended = True
            return False
        if isinstance(self._source, Counting) and "clipped" in (counts := self._source.counts()):
            self.watch.told(counts["clipped"], counts["nan"])
        self.watch.block(block.samples, block.entered_s)
        self._ring.write(block.samples, block.entered_s, block.parts)
        self._meter.add("capture", self._clock.now_s() - block.entered_s)
        if self._tap is not None:
            self._tap(block)
        return True


class Listening:
    """Takes whole hops from the ring through the analysis; hops of silence stand in for sound that stays away."""

    def __init__(
        self,
        ring: Ring,
        analysis: Analysis,
        clock: Clock,
        values: Callable[[], Snapshot],
        publish: Callable[[Heard], None],
    ) -> None:
        self._ring = ring
        self._analysis = analysis
        self._clock = clock
        self._values = values
        self._publish = publish
        self._position = 0
        self._expected_s = clock.now_s() + MISSING_AFTER_S
        self._missing = False
        self._glanced = False

    def step(self) -> bool:
        """Everything that is waiting; True when there was anything. Analysis thread."""
        heard_any = False
        while (chunk := self._ring.read(HOP_SAMPLES)) is not None:
            self._position += chunk.lost_before
            self._hear(chunk.samples, chunk.entered_s, chunk.parts)
            self._expected_s = self._clock.now_s() + MISSING_AFTER_S
            self._missing = self._glanced = False
            heard_any = True
        if not self._glanced and (chunk := self._ring.peek(STEP_SAMPLES)) is not None:
            self._glanced = True
            self._analysis.glance(chunk.samples, self._position, self._values(), self._publish, chunk.parts)
        now_s = self._clock.now_s()
        if not heard_any and now_s >= self._expected_s:
            if not self._missing:
                self._missing = True
                log.info("no sound for %.2f s: going on with silence", MISSING_AFTER_S)
            self._hear(_SILENT_HOP, now_s)
            self._expected_s = max(self._expected_s + HOP_S, now_s - HOP_S)
            heard_any = True
        return heard_any

    def _hear(self, samples: Float32, entered_s: float, parts: Float32 | None = None) -> None:
        self._analysis.hear(samples, self._position, entered_s, self._values(), self._publish, parts)
        self._position += len(samples)
