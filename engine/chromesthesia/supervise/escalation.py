"""What is tried after a failure: the same again, then ever less, and back up after a calm time. Never gives up."""

from __future__ import annotations

from dataclasses import dataclass

LEVELS = ("as asked", "safe look", "shaders", "small")
"""From all that was asked for to the least that can fail; the last two are rungs of `--rung`."""
QUICK_S = 10.0
"""A show that lasted no longer failed quickly."""
CALM_S, LONGEST_CALM_S = 120.0, 3600.0
FIRST_DELAY_S, LONGEST_DELAY_S = 0.5, 30.0
WAITING_DELAY_S = 5.0
"""Longest pause while something outside is waited for: a display, a device, a port."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The next start: on which of `LEVELS`, after how many seconds."""

    level: int = 0
    delay_s: float = 0.0


class Escalation:
    """Told of every failure, says how to start again.

    The first quick failure is answered by the same start; each that follows by one level less, with a pause that
    doubles from 0.5 s to 30 s. After two calm minutes it is one level more again; when that fails quickly, the next
    attempt comes after twice the time, an hour at most.
    """

    def __init__(self) -> None:
        self.level = 0
        self._quick = 0
        self._waits = 0
        self._calm_s = CALM_S
        self._rose = False

    def failed(self, lived_s: float | None, outside: bool = False) -> Plan:
        """The engine is gone. lived_s: seconds since its first frame, None when it showed none; outside: it said that
        something outside of it is missing, which no other level would mend.
        """
        if outside:
            self._waits += 1
            return Plan(self.level, min(WAITING_DELAY_S, FIRST_DELAY_S * 2.0 ** min(self._waits - 1, 10)))
        self._waits = 0
        if lived_s is not None and lived_s >= QUICK_S:
            self._quick, self._rose = 0, False
            return Plan(self.level)
        self._quick += 1
        if self._quick == 1:
            return Plan(self.level)
        if self._rose:
            self._calm_s = min(LONGEST_CALM_S, self._calm_s * 2.0)
            self._rose = False
        self.level = min(len(LEVELS) - 1, self.level + 1)
        return Plan(self.level, min(LONGEST_DELAY_S, FIRST_DELAY_S * 2.0 ** min(self._quick - 2, 10)))

    def calm(self, lived_s: float) -> bool:
        """True when the engine has been well for so long that it is to be started again one level up."""
        self._waits = 0
        if self.level == 0:
            if lived_s >= LONGEST_CALM_S:
                self._calm_s = CALM_S
            return False
        return lived_s >= self._calm_s

    def rise(self) -> Plan:
        """One level back towards what was asked for."""
        self.level = max(0, self.level - 1)
        self._quick, self._rose = 0, True
        return Plan(self.level)
