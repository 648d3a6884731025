"""The silence gate: is there anything to hear?"""

from __future__ import annotations

from chromesthesia.core.easing import approach

HYSTERESIS_DB = 4.0
"""The gate opens this much above the level at which it closes, so that a level on the edge does not flutter."""
HOLD_S = 0.4
"""A pause between words is not silence."""
OPEN_TIME_S = 0.08
CLOSE_TIME_S = 0.6


class SilenceGate:
    """Follows the loudness with hysteresis and a hold; `activity` glides to 1 while open and to 0 while closed."""

    def __init__(self) -> None:
        self.open = False
        self.activity = 0.0
        self._quiet_s = 0.0

    def step(self, level_dbfs: float, gate_dbfs: float, dt_s: float) -> bool:
        """Take the level of one step; True while open."""
        if level_dbfs >= gate_dbfs + HYSTERESIS_DB / 2.0:
            self.open = True
        if level_dbfs >= gate_dbfs - HYSTERESIS_DB / 2.0:
            self._quiet_s = 0.0
        else:
            self._quiet_s += dt_s
            if self._quiet_s > HOLD_S:
                self.open = False
        target, time_s = (1.0, OPEN_TIME_S) if self.open else (0.0, CLOSE_TIME_S)
        self.activity += (target - self.activity) * approach(dt_s, time_s)
        return self.open

    def reset(self) -> None:
        """Closed, as before the first sound."""
        self.open = False
        self.activity = 0.0
        self._quiet_s = 0.0
