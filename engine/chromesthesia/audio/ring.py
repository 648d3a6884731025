"""The ring between the thread that captures sound and the thread that analyses it.

One writer, one reader, no locks: each side owns the counters that it alone stores, and storing a Python integer is
atomic. Positions only grow, so a position is also the index of a sample since the start of the source.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32


@dataclass(frozen=True, slots=True)
class RingChunk:
    """Consecutive samples taken out of the ring.

    samples: float32 [count], the reader's own copy; start_sample: index of the first since the start of the source;
    entered_s: monotonic time at which that first sample entered the engine; lost_before: samples that were overwritten
    before the reader came, directly ahead of this chunk (0 in normal running). parts: float32 [parts, count].
    """

    samples: Float32
    start_sample: int
    entered_s: float
    lost_before: int
    parts: Float32


class Ring:
    """Preallocated single-producer single-consumer ring of mono samples at `SAMPLE_RATE_HZ` with their entry times.

    The writer never waits and is never refused: when the reader is slow the oldest samples are overwritten and counted
    as lost. A lapped reader goes on with the newest samples, so latency cannot grow.
    """

    def __init__(self, capacity_samples: int = 2 * SAMPLE_RATE_HZ, parts: int = 0) -> None:
        """parts: how many musicians' sound is kept beside it."""
        if capacity_samples < 1:
            raise ValueError(f"a ring needs at least one sample: capacity_samples={capacity_samples}")
        self._capacity = capacity_samples
        self._samples = np.zeros(capacity_samples, np.float32)
        self._parts = np.zeros((parts, capacity_samples), np.float32)
        self._entered_s = np.zeros(capacity_samples, np.float64)
        self._offsets_s = np.arange(capacity_samples, dtype=np.float64) / SAMPLE_RATE_HZ
        # The writer claims a stretch before it copies and publishes it afterwards; a reader that finds its own stretch
        # claimed meanwhile has read a torn copy and throws it away.
        self._claimed = 0
        self._written = 0
        self._read = 0
        self._lost = 0

    @property
    def written_samples(self) -> int:
        """Samples written since the start."""
        return self._written

    @property
    def lost_samples(self) -> int:
        """Samples overwritten before they were read."""
        return self._lost

    @property
    def available(self) -> int:
        """Samples that can be read now."""
        return min(self._written - self._read, self._capacity)

    def write(self, samples: Float32, entered_s: float, parts: Float32 | None = None) -> None:
        """Append float32 [n], the first of which entered at `entered_s`. Writer's thread only; never blocks.

        parts: float32 [parts, n]; those that are missing are silent.
        """
        count = samples.shape[0]
        end = self._written + count
        self._claimed = end
        kept = min(count, self._capacity)
        first = count - kept
        head = (end - kept) % self._capacity
        upto = min(kept, self._capacity - head)
        kept_s = entered_s + first / SAMPLE_RATE_HZ
        self._samples[head : head + upto] = samples[first : first + upto]
        np.add(self._offsets_s[:upto], kept_s, out=self._entered_s[head : head + upto])
        if upto < kept:
            self._samples[: kept - upto] = samples[first + upto :]
            np.add(self._offsets_s[upto:kept], kept_s, out=self._entered_s[: kept - upto])
        if len(self._parts):
            self._write_parts(parts, first, head, kept)
        self._written = end

    def _write_parts(self, parts: Float32 | None, first: int, head: int, kept: int) -> None:
        there = 0 if parts is None else min(len(parts), len(self._parts))
        upto = min(kept, self._capacity - head)
        for here, begin, count in ((head, first, upto), (0, first + upto, kept - upto)):
            self._parts[there:, here : here + count] = 0.0
            if parts is not None:
                self._parts[:there, here : here + count] = parts[:there, begin : begin + count]

    def peek(self, count: int) -> RingChunk | None:
        """What `read` would give next, left where it is; None also while the reader is lapped. Reader's thread only."""
        start = self._read
        if not count <= self._written - start <= self._capacity:
            return None
        chunk = self._copy(start, count, 0)
        return chunk if self._claimed - start <= self._capacity else None

    def read(self, count: int) -> RingChunk | None:
        """Exactly `count` samples, or None when fewer are there. Reader's thread only; never blocks."""
        if not 1 <= count <= self._capacity:
            raise ValueError(f"cannot read {count} samples from a ring of {self._capacity}")
        lost = 0
        while True:
            written = self._written
            if written - self._read > self._capacity:
                lost += self._jump_to(written - count)
            if written - self._read < count:
                return None
            start = self._read
            chunk = self._copy(start, count, lost)
            if self._claimed - start <= self._capacity:
                self._read = start + count
                return chunk
            lost += self._jump_to(self._written - count)

    def _copy(self, start: int, count: int, lost: int) -> RingChunk:
        head = start % self._capacity
        upto = min(count, self._capacity - head)
        chunk = np.empty(count, np.float32)
        chunk[:upto] = self._samples[head : head + upto]
        chunk[upto:] = self._samples[: count - upto]
        parts = np.empty((len(self._parts), count), np.float32)
        if len(parts):
            parts[:, :upto] = self._parts[:, head : head + upto]
            parts[:, upto:] = self._parts[:, : count - upto]
        return RingChunk(chunk, start, float(self._entered_s[head]), lost, parts)

    def _jump_to(self, position: int) -> int:
        skipped = max(position - self._read, 0)
        self._read += skipped
        self._lost += skipped
        return skipped
