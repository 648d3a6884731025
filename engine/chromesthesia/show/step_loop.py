"""Thread loops: they only call a step, stop when told, and outlive a step that raises."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from chromesthesia.health.heartbeat import Heart

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 5.0


class StepLoop:
    """Runs `step()` again and again on a thread of its own until `stop()`; `step` returns False when it is done.

    A step that raises is logged and counted by its heart, then tried again after a pause that doubles from 50 ms to
    5 s: a show goes on while one of its stages is ill.
    """

    def __init__(
        self, heart: Heart, step: Callable[[], bool], begin: Callable[[], None] | None = None
    ) -> None:
        """heart: beats once for every step. begin: called once on the new thread, before the first step."""
        self.name = heart.name
        self._heart = heart
        self._step = step
        self._begin = begin
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=heart.name, daemon=True)

    @property
    def running(self) -> bool:
        """True until the step said it is done or `stop` took effect."""
        return self._thread.is_alive()

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Ask the loop to end and wait; False when the step did not return in time (its thread is a daemon)."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        self._heart.begin()
        try:
            if self._begin is not None:
                self._begin()
            self._go_round()
        finally:
            self._heart.end()

    def _go_round(self) -> None:
        heart = self._heart
        pause_s = FIRST_PAUSE_S
        while not self._stop.is_set():
            try:
                going = self._step()
                heart.beat()
                if not going:
                    return
                pause_s = FIRST_PAUSE_S
            except Exception:
                heart.beat()
                heart.failed()
                log.exception(
                    "%s failed (%d times so far); trying again in %.2f s", self.name, heart.failures, pause_s
                )
                self._stop.wait(pause_s)
                pause_s = min(LONGEST_PAUSE_S, pause_s * 2)
