"""Holds lamps under three flashes a second, as `render.flash_limiter` does for the picture.

A lamp's curve and place are not known, so every move counts that could: each of its three colours by itself, from a
twenty-fifth of full on, and the mean of all lamps as if it were one more.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CHANGE = 0.04
"""A tenth of the light of a lamp whose light goes with the square of its level, at its steepest."""
SECOND_S = 1.0
_TURNS_ALLOWED = 6
"""Three flashes: up and down again."""
_SLOW_S = 4.0
"""A lamp that would flash follows with this time constant, which no input can make flash."""


class _Turns:
    """When each of many levels turned from rising to falling, or back, by `CHANGE` or more; the last seven times."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.extreme = np.zeros(shape)
        self._heading = np.ones(shape)
        self._times = np.full((_TURNS_ALLOWED + 1, *shape), -np.inf)

    def would_turn(self, levels: Floats) -> Bools:
        """Where these levels would be one more turn."""
        return np.asarray((levels - self.extreme) * self._heading <= -CHANGE + 1e-9)

    def crowded(self, now_s: float) -> Bools:
        """Where no more turn may come now."""
        return np.asarray(now_s - self._times[_TURNS_ALLOWED - 1] < SECOND_S)

    def too_many(self, now_s: float) -> Bools:
        """Where there were more within the last second than may be."""
        return np.asarray(now_s - self._times[_TURNS_ALLOWED] < SECOND_S)

    def take(self, levels: Floats, now_s: float) -> None:
        """The levels are these now."""
        turned = self.would_turn(levels)
        onward = (levels - self.extreme) * self._heading >= 0.0
        self._times[1:, turned] = self._times[:-1, turned]
        self._times[0][turned] = now_s
        self._heading[turned] *= -1.0
        moved = turned | onward
        self.extreme[moved] = levels[moved]


class FlashGate:
    """Takes what is asked of `lights` lamps, float64 [lights, 3], and gives what they may show. One thread.

    Up to three flashes in any second pass. What asks for more stands still, then follows so slowly that it does not
    flash, until it has been calm for a second; when all lamps together ask for more, all of them do.
    """

    def __init__(self, lights: int) -> None:
        self._asked = _Turns((lights + 1, 3))
        self._shown_turns = _Turns((lights + 1, 3))
        self._lively_until_s = np.full(lights + 1, -np.inf)
        self.shown: Floats = np.zeros((lights, 3))
        self.held = 0
        """Steps in which a lamp was held back."""

    def step(self, asked: Floats, now_s: float, dt_s: float) -> Floats:
        """What to show now; dt_s since the last step."""
        self._asked.take(_with_mean(asked), now_s)
        lively = self._asked.too_many(now_s).any(axis=1)
        self._lively_until_s[lively] = now_s + SECOND_S
        slow = np.asarray(now_s < self._lively_until_s)
        slow |= slow[-1]
        share = -math.expm1(-max(dt_s, 0.0) / _SLOW_S)
        goal = np.where(slow[:-1, None], self.shown + (asked - self.shown) * share, asked)
        # Whatever else holds: nothing is shown that would be a turn too many.
        crowded = self._shown_turns.crowded(now_s)
        stays = np.any(crowded & self._shown_turns.would_turn(_with_mean(goal)), axis=1)[:-1].copy()
        goal[stays] = self.shown[stays]
        # The mean is that of the lamps as they now are: some may have been held.
        if np.any(crowded[-1] & self._shown_turns.would_turn(_with_mean(goal))[-1]):
            goal, stays = self.shown.copy(), np.ones(len(stays), bool)
        self._shown_turns.take(_with_mean(goal), now_s)
        self.held += bool((slow[:-1] | stays).any())
        self.shown = goal
        return goal


def _with_mean(levels: Floats) -> Floats:
    return np.vstack((levels, levels.mean(axis=0, keepdims=True)))
