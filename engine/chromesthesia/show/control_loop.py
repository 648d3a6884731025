"""The control thread: applies commands, and lets every port tell what is heard and what changed."""

from __future__ import annotations

import functools
import logging
import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from chromesthesia.control.commands import SetParameter
from chromesthesia.control.controller import Controller
from chromesthesia.core.protocols import Clock
from chromesthesia.health.heartbeat import Heart
from chromesthesia.ports.port import Port, Readings

log = logging.getLogger(__name__)

IDLE_S = 0.1
"""Longest sleep: how late a stop is noticed."""
FAULT_PAUSE_S = 0.02
"""After a step in which something failed: what fails on and on, and is due at once again, must not take a core."""
LOOK_PAUSE_S = 0.05
"""After a whole look was taken commands wait so long: reading a preset's file takes milliseconds of every thread's
time, and nobody sees more than twenty looks a second."""


class ControlLoop:
    """Owns the control thread's loop and, while it runs, the ports.

    readings: called on the control thread when a port has something to tell. A step or a port that fails is logged and
    counted by the heart; the loop and the other ports go on.
    """

    def __init__(
        self,
        controller: Controller,
        clock: Clock,
        ports: Sequence[Port] = (),
        readings: Readings = dict,
        heart: Heart | None = None,
    ) -> None:
        """heart: beats once for every step."""
        self._controller = controller
        self._clock = clock
        self._ports = tuple(ports)
        self._readings = readings
        self._apply_due_s = float("-inf")
        self.heart = heart or Heart("control", clock, math.inf)

    def step(self, now_s: float) -> None:
        """Apply commands that are due and let every port tell what is due; never blocks."""
        taken: list[SetParameter] = []
        if now_s >= self._apply_due_s:
            looks = self._controller.looks
            taken = self._controller.step(now_s)
            if self._controller.looks != looks:
                self._apply_due_s = now_s + LOOK_PAUSE_S
        readings = functools.cache(self._readings)  # several ports of one step are told the same
        for port in self._ports:
            with self._guarded():
                port.publish(now_s, taken, readings)

    def run(self, stop: threading.Event) -> None:
        """Step until `stop` is set, then stop the ports. Body of the control thread."""
        self.heart.begin()
        try:
            for port in self._ports:
                with self._guarded():
                    port.start()
            while not stop.is_set():
                failures = self.heart.failures
                with self._guarded():
                    self.step(self._clock.now_s())
                self.heart.beat()
                if self.heart.failures != failures:
                    stop.wait(FAULT_PAUSE_S)
                    continue
                now_s = self._clock.now_s()
                idle_s = min((port.next_s - now_s for port in self._ports), default=IDLE_S)
                idle_s = min(idle_s, IDLE_S)
                if now_s < self._apply_due_s:
                    stop.wait(max(0.0, min(idle_s, self._apply_due_s - now_s)))
                else:
                    self._controller.wait(now_s, idle_s)
        finally:
            self.heart.end()
            for port in self._ports:
                with self._guarded():
                    port.stop()

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        try:
            yield
        except Exception:  # the thread's boundary: whatever went wrong, the show stays under control
            self.heart.failed()
            failures = self.heart.failures
            if failures & (failures - 1) == 0:
                log.exception("the control thread failed %d times and goes on", failures)
