"""How much a client may send: who is faster is read more slowly, and nothing is lost."""

from __future__ import annotations


class Budget:
    """Refills at `rate` a second up to `burst`. Times are given by the caller."""

    def __init__(self, rate: float, burst: float) -> None:
        self._rate = rate
        self._burst = burst
        self._left = burst
        self._then_s: float | None = None

    def wait_s(self, cost: float, now_s: float) -> float:
        """Spend `cost`; how long to wait before more is read, 0 when there was enough."""
        if self._then_s is not None:
            self._left = min(self._burst, self._left + self._rate * max(0.0, now_s - self._then_s))
        self._then_s = now_s
        self._left -= cost
        return max(0.0, -self._left / self._rate)
