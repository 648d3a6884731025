"""A latest-wins slot between two threads: the writer never waits and the reader sees only the newest."""

from __future__ import annotations

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class LatestSlot(Generic[T]):
    """Holds at most one item; putting replaces it. `replaced` counts items that nobody took."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._item: T | None = None
        self._fresh = False
        self.replaced = 0

    def put(self, item: T) -> None:
        """Make `item` the newest and wake a waiting taker."""
        with self._condition:
            if self._fresh:
                self.replaced += 1
            self._item = item
            self._fresh = True
            self._condition.notify()

    def take(self, timeout_s: float | None = 0.0) -> T | None:
        """The newest item not taken before, or None when none comes within `timeout_s` (None waits for ever)."""
        with self._condition:
            if not self._fresh and timeout_s != 0.0:
                self._condition.wait_for(lambda: self._fresh, timeout_s)
            if not self._fresh:
                return None
            self._fresh = False
            return self._item

    @property
    def waits(self) -> bool:
        """True while there is one that was not taken."""
        return self._fresh

    def peek(self) -> T | None:
        """The newest item whether taken or not; None before the first."""
        return self._item
