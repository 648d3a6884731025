"""The last guard of a loop that must not end: what a part of it raises is logged, counted and gone on from."""

from __future__ import annotations

import logging
from collections import Counter
from types import TracebackType

from chromesthesia.core.logs import BoundedLog
from chromesthesia.core.protocols import Clock
from chromesthesia.core.user_files import one_line

log = logging.getLogger(__name__)

LOG_PERIOD_S = 10.0
"""After its first line a part says nothing for so long, then ever less often; a traceback only for another reason."""


class Guard:
    """`with guard.part("outputs"):` goes on after the block when it raised an Exception; Ctrl-C passes through.

    `failures` counts by part. Use from one thread.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._parts: dict[str, _Part] = {}
        self.failures: Counter[str] = Counter()

    def part(self, name: str) -> _Part:
        """The guard of one part, by the name that the log gives it. Not to be nested in itself."""
        if name not in self._parts:
            self._parts[name] = _Part(self, name)
        return self._parts[name]

    def counts(self) -> dict[str, int]:
        """Failures by part. Any thread."""
        return dict(self.failures)

    def failed(self, name: str, error: Exception) -> None:
        """Log and count an error that was caught elsewhere."""
        self.failures[name] += 1
        self.part(name).tell(error, self.failures[name], self._clock.now_s())


class _Part:
    def __init__(self, guard: Guard, name: str) -> None:
        self._guard = guard
        self._name = name
        self._log = BoundedLog(log, LOG_PERIOD_S)
        self._reason = ""

    def __enter__(self) -> None:
        return None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        if isinstance(error, Exception):
            self._guard.failed(self._name, error)
            return True
        return False

    def tell(self, error: Exception, count: int, now_s: float) -> None:
        if not self._log.admits(now_s):
            return
        reason = f"{type(error).__name__}: {one_line(error)}"
        trace = error if reason != self._reason else None
        self._reason = reason
        self._log.warning(
            now_s, "%s failed (%d times so far), going on: %s", self._name, count, reason, exc_info=trace
        )
