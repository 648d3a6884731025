"""The One Euro filter (Casiez, Roussel and Vogel, CHI 2012), for vectors."""

from __future__ import annotations

import math

import numpy as np

from chromesthesia.core.records import Float32


class OneEuro:
    """Smooths slow movement strongly and fast movement little: the cutoff grows with the speed of each component.

    beta: cutoff gained per unit of speed (Hz per unit/s); derivative_hz: cutoff of the speed estimate. `value` is the
    smoothed vector, float32 [size]; it may be set to move the filter elsewhere. Not thread-safe.
    """

    def __init__(self, start: Float32, beta: float, derivative_hz: float = 1.0) -> None:
        self.value: Float32 = start.copy()
        self.speed: Float32 = np.zeros_like(start)
        self._beta = np.float32(beta)
        self._derivative_hz = derivative_hz
        self._previous: Float32 = start.copy()

    def step(self, target: Float32, dt_s: float, cutoff_hz: float) -> Float32:
        """Move towards `target` by one step of `dt_s`; `cutoff_hz` is the cutoff at rest. Returns `value`."""
        speed = (target - self._previous) / np.float32(dt_s)
        self._previous = target
        self.speed += np.float32(_gain(self._derivative_hz, dt_s)) * (speed - self.speed)
        cutoffs = np.float32(cutoff_hz) + self._beta * np.abs(self.speed)
        turns = np.float32(2.0 * math.pi * dt_s) * cutoffs
        self.value = self.value + turns / (np.float32(1.0) + turns) * (target - self.value)
        return self.value

    def jump(self, value: Float32) -> None:
        """Be at `value`, at rest."""
        self.value = value.copy()
        self._previous = self.value
        self.speed[:] = 0.0


def _gain(cutoff_hz: float, dt_s: float) -> float:
    turn = 2.0 * math.pi * cutoff_hz * dt_s
    return turn / (1.0 + turn)
