"""The control thread: applies commands, and tells partners what is heard, thirty times a second."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

from chromesthesia.control.controller import Controller
from chromesthesia.core.protocols import UNKNOWN_LOSS, Clock
from chromesthesia.params.declaration import Value
from chromesthesia.ports.osc.input import OscInput
from chromesthesia.ports.osc.output import OscOutput

log = logging.getLogger(__name__)

IDLE_S = 0.1
"""Longest sleep: how late a stop is noticed."""
JOIN_S = 2.0
LOOK_PAUSE_S = 0.05
"""After a whole look was taken commands wait so long: reading a preset's file takes milliseconds of every thread's
time, and nobody sees more than twenty looks a second."""


class ControlLoop:
    """Owns the control thread's loop and, while it runs, the thread that waits at the OSC socket.

    readings: called on the control thread when a packet is due; see `mapping.readings`. What OSC lost and dropped is
    filled in here. A step that fails is logged and counted in `failures`; the loop goes on.
    """

    def __init__(
        self,
        controller: Controller,
        clock: Clock,
        osc_input: OscInput | None = None,
        osc_output: OscOutput | None = None,
        readings: Callable[[], Mapping[str, Value]] = dict,
    ) -> None:
        self._controller = controller
        self._clock = clock
        self._input = osc_input
        self._output = osc_output
        self._readings = readings
        self._apply_due_s = float("-inf")
        self.failures = 0

    def step(self, now_s: float) -> None:
        """Apply commands that are due and send what is due; never blocks."""
        if now_s >= self._apply_due_s:
            looks = self._controller.looks
            taken = self._controller.step(now_s)
            if self._controller.looks != looks:
                self._apply_due_s = now_s + LOOK_PAUSE_S
            if self._output is not None:
                self._output.note_writes(now_s, taken)
        if self._output is not None and self._output.due(now_s):
            self._output.step(now_s, {**self._readings(), **self._own_readings()})

    def run(self, stop: threading.Event) -> None:
        """Step until `stop` is set, then close the sockets. Body of the control thread."""
        receiver = None
        if self._input is not None:
            receiver = threading.Thread(target=self._input.run, name="osc-in", daemon=True)
            receiver.start()
        try:
            while not stop.is_set():
                self._guarded_step()
                now_s = self._clock.now_s()
                idle_s = IDLE_S if self._output is None else min(IDLE_S, self._output.next_s - now_s)
                if now_s < self._apply_due_s:
                    stop.wait(max(0.0, min(idle_s, self._apply_due_s - now_s)))
                else:
                    self._controller.wait(now_s, idle_s)
        finally:
            if self._output is not None:
                self._output.close()
            if self._input is not None and receiver is not None:
                self._input.close()
                receiver.join(JOIN_S)

    def _own_readings(self) -> dict[str, Value]:
        return {
            "/status/osc_lost": UNKNOWN_LOSS if self._input is None else self._input.lost,
            "/status/osc_dropped": self._controller.counters.dropped,
        }

    def _guarded_step(self) -> None:
        try:
            self.step(self._clock.now_s())
        except Exception:  # the thread's boundary: whatever went wrong, the show stays under control
            self.failures += 1
            if self.failures & (self.failures - 1) == 0:
                log.exception("the control thread failed %d times and goes on", self.failures)
