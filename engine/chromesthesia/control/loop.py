"""The control thread: applies commands, and tells partners what is heard, thirty times a second."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

from chromesthesia.control.controller import Controller
from chromesthesia.osc.input import OscInput
from chromesthesia.osc.output import OscOutput
from chromesthesia.params.declaration import Value
from chromesthesia.seams import Clock

log = logging.getLogger(__name__)

IDLE_S = 0.1
"""Longest sleep: how late a stop is noticed."""
JOIN_S = 2.0


class ControlLoop:
    """Owns the control thread's loop and, while it runs, the thread that waits at the OSC socket.

    readings: called on the control thread when a packet is due; see `mapping.readings`. A step that fails is logged and
    counted in `failures`; the loop goes on.
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
        self.failures = 0

    def step(self, now_s: float) -> None:
        """Apply commands that are due and send what is due; never blocks."""
        self._controller.step(now_s)
        if self._output is not None and self._output.due(now_s):
            self._output.step(now_s, self._readings())

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
                self._controller.wait(now_s, idle_s)
        finally:
            if self._output is not None:
                self._output.close()
            if self._input is not None and receiver is not None:
                self._input.close()
                receiver.join(JOIN_S)

    def _guarded_step(self) -> None:
        try:
            self.step(self._clock.now_s())
        except Exception:  # the thread's boundary: whatever went wrong, the show stays under control
            self.failures += 1
            if self.failures & (self.failures - 1) == 0:
                log.exception("the control thread failed %d times and goes on", self.failures)
