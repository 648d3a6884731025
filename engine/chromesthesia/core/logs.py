"""A logger that a flood cannot fill: one line per period, with the number of lines it stands for."""

from __future__ import annotations

import logging

LONGEST_S = 60.0
"""Longest period: what goes on all night costs a line a minute."""


class BoundedLog:
    """Passes at most one line per period on to `logger`; the times are given by the caller.

    The period begins at `period_s` and doubles with every line up to a minute; after two quiet minutes it is as at
    first.
    """

    def __init__(self, logger: logging.Logger, period_s: float = 1.0) -> None:
        self._logger = logger
        self._first_period_s = self._period_s = period_s
        self._last_s = float("-inf")
        self._next_s = float("-inf")
        self.suppressed = 0

    def admits(self, now_s: float) -> bool:
        """True when a line may be logged now; else counts it as suppressed. Ask before making a costly message."""
        if now_s >= self._next_s:
            return True
        self.suppressed += 1
        return False

    def warning(
        self, now_s: float, message: str, *args: object, exc_info: bool | BaseException | None = None
    ) -> None:
        """Log unless a line was logged less than a period ago."""
        self._log(logging.WARNING, now_s, message, args, exc_info)

    def info(self, now_s: float, message: str, *args: object) -> None:
        """The same for a line that is no fault."""
        self._log(logging.INFO, now_s, message, args)

    def _log(
        self,
        level: int,
        now_s: float,
        message: str,
        args: tuple[object, ...],
        exc_info: bool | BaseException | None = None,
    ) -> None:
        if not self.admits(now_s):
            return
        if self.suppressed:
            message += f" (and {self.suppressed} more like it)"
        self._logger.log(level, message, *args, exc_info=exc_info)
        quiet = now_s - self._last_s > 2 * LONGEST_S
        self._period_s = self._first_period_s if quiet else min(LONGEST_S, 2 * self._period_s)
        self._last_s = now_s
        self._next_s = now_s + self._period_s
        self.suppressed = 0
