"""A logger that a flood cannot fill: one line per period, with the number of lines it stands for."""

from __future__ import annotations

import logging


class BoundedLog:
    """Passes at most one warning per `period_s` on to `logger`; the times are given by the caller."""

    def __init__(self, logger: logging.Logger, period_s: float = 1.0) -> None:
        self._logger = logger
        self._period_s = period_s
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
        if not self.admits(now_s):
            return
        if self.suppressed:
            message += f" (and {self.suppressed} more like it)"
        self._logger.warning(message, *args, exc_info=exc_info)
        self._next_s = now_s + self._period_s
        self.suppressed = 0
