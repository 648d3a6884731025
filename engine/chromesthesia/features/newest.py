"""The newest samples of a stream, always in one piece."""

from __future__ import annotations

import numpy as np

from chromesthesia.core.records import Float32

_ROOM = 4
"""Times the longest piece: so seldom everything is moved."""


class NewestSound:
    """Keeps the last `most` samples; silence before the first. Not thread-safe."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._sound: Float32 = np.zeros(_ROOM * most, dtype=np.float32)
        self._end = most

    def push(self, samples: Float32) -> None:
        """Take float32 [at most a piece]."""
        count = len(samples)
        if self._end + count > len(self._sound):
            self._sound[: self._most] = self._sound[self._end - self._most : self._end]
            self._end = self._most
        self._sound[self._end : self._end + count] = samples
        self._end += count

    def last(self, count: int) -> Float32:
        """float32 [count], at most `most`: a view, valid until the next `push`."""
        return self._sound[self._end - count : self._end]

    def reset(self) -> None:
        """Silence."""
        self._sound[:] = 0.0
