"""An engine in waiting: it has imported and opened what two may have at a time, and plays when it is told to."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable
from typing import Protocol

from chromesthesia.core.safe_write import reason
from chromesthesia.supervise.child import Engine

log = logging.getLogger(__name__)

SPARE_AFTER_S = 5.0
"""An engine that has played for so long is given a spare: until then the processor is needed elsewhere."""
POSSIBLE = sys.platform != "win32"


class Waiting(Engine, Protocol):
    """An engine that waits to be told."""

    def go(self, level: int) -> bool:
        """Play, with less to do the higher the level; False when it is gone."""
        ...


class Starter:
    """Starts engines, from the spare where there is one. The supervisor's thread.

    start: a fresh engine of a level. wait: one that waits, None where there shall be none. Both raise OSError.
    """

    def __init__(self, start: Callable[[int], Engine], wait: Callable[[], Waiting] | None) -> None:
        self._start = start
        self._wait = wait if POSSIBLE else None
        self._spare: Waiting | None = None

    def start(self, level: int) -> Engine:
        """The spare, else a fresh engine. Raises OSError."""
        spare, self._spare = self._spare, None
        if spare is not None:
            if spare.exit_code() is None and spare.go(level):
                return spare
            _end(spare)
        return self._start(level)

    def prepare(self, playing_s: float) -> None:
        """Have a spare when the engine has played for long enough; one that ended by itself is not begun again."""
        if self._wait is None or self._spare is not None or playing_s < SPARE_AFTER_S:
            return
        try:
            self._spare = self._wait()
        except OSError as error:
            log.warning("no spare engine: %s", reason(error))
            self._wait = None

    def close(self) -> None:
        """Leave no spare behind."""
        if self._spare is not None:
            _end(self._spare)
            self._spare = None


def _end(engine: Engine) -> None:
    engine.kill()
    engine.close()


def go_text(safe_look: bool, rung: str) -> bytes:
    """What a spare is told."""
    return json.dumps({"safe_look": safe_look, "rung": rung}).encode() + b"\n"
