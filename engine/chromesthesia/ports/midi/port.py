"""MIDI as a port: opens the devices, waits for those that are not there, and sends the clock."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from math import inf

from chromesthesia.control.commands import SetParameter
from chromesthesia.core.logs import BoundedLog
from chromesthesia.core.protocols import Clock
from chromesthesia.core.user_files import one_line
from chromesthesia.ports.midi.clock_out import ClockOut
from chromesthesia.ports.midi.devices import VIRTUAL, MidiBackend, MidiError, MidiLine, chosen
from chromesthesia.ports.midi.feedback import PERIOD_S, Feedback
from chromesthesia.ports.midi.input import MidiInput
from chromesthesia.ports.port import Readings

log = logging.getLogger(__name__)

NAME = "midi"
WATCH_S = 1.0
"""How often the system is asked which devices there are."""
LONGEST_BACK_OFF_S = 8.0
JOIN_S = 2.0


class Devices:
    """The open devices of one direction; opens what is asked for when it comes and closes it when it goes.

    One thread watches; another may use what is open and drop it.

    listed, opened: of the backend. asked: parts of names. lost: called with the name of a device that went.
    """

    def __init__(
        self,
        asked: Sequence[str],
        listed: Callable[[], Sequence[str]],
        opened: Callable[[str], MidiLine],
        lost: Callable[[str], None],
    ) -> None:
        self._asked = tuple(asked)
        self._listed = listed
        self._opened = opened
        self._lost = lost
        self._log = BoundedLog(log, 10.0)
        self._retry_s: dict[str, tuple[float, float]] = {}
        self.open: dict[str, MidiLine] = {}
        self.failures = 0
        self.reconnects = 0
        self._seen: set[str] = set()

    def watch(self, now_s: float) -> None:
        """Look once. Nothing is raised."""
        if not self._asked:
            return
        try:
            there = list(self._listed())
        except MidiError as error:
            self._fail(now_s, error)
            return
        wanted: list[str] = []
        for asked in self._asked:
            found = [VIRTUAL] if asked == VIRTUAL else chosen(there, asked)
            if not found:
                self._log.warning(
                    now_s,
                    "no MIDI device called %s, waiting for it; there are: %s",
                    one_line(asked, 80),
                    one_line(", ".join(there) or "none"),
                )
            wanted += found
        for name in [name for name in self.open if name not in wanted]:
            self.drop(name)
        for name in wanted:
            if name not in self.open:
                self._try(name, now_s)

    def drop(self, name: str) -> None:
        """Close one that is gone or ill; it is opened again when it is there."""
        line = self.open.pop(name, None)
        if line is None:
            return
        log.warning("MIDI device %s is gone, waiting for it", one_line(name))
        with suppress(Exception):  # what a driver says of a device that is gone no longer matters
            line.close()
        self._lost(name)

    def close(self) -> None:
        """Close all."""
        while self.open:
            name, line = self.open.popitem()
            try:
                line.close()
            except Exception as error:  # the others are to be closed too
                log.warning("MIDI device %s did not close: %s", one_line(name), one_line(error))

    def _try(self, name: str, now_s: float) -> None:
        due_s, pause_s = self._retry_s.get(name, (-inf, WATCH_S))
        if now_s < due_s:
            return
        try:
            self.open[name] = self._opened(name)
        except MidiError as error:
            self._fail(now_s, error)
            self._retry_s[name] = (now_s + pause_s, min(LONGEST_BACK_OFF_S, 2.0 * pause_s))
            return
        self._retry_s.pop(name, None)
        self.reconnects += name in self._seen
        self._seen.add(name)
        log.info("MIDI device %s is open", one_line(name))

    def _fail(self, now_s: float, error: Exception) -> None:
        self.failures += 1
        self._log.warning(now_s, "MIDI: %s (tried again)", error)


class MidiPort:
    """`ports.port.Port` over MIDI.

    inputs: parts of names, `all`, or `virtual`; clock_to: where the clock goes, empty for nowhere; feedback_to: where
    controllers are told what they steer. The devices are
    watched on a thread of the port's own, so that a driver that hangs holds nobody up; another one sends.
    """

    name = NAME
    next_s = inf

    def __init__(
        self,
        backend: MidiBackend,
        input: MidiInput,
        clock: Clock,
        inputs: Sequence[str],
        clock_out: ClockOut | None = None,
        clock_to: str = "",
        feedback: Feedback | None = None,
        feedback_to: str = "",
    ) -> None:
        self.input = input
        self._clock = clock
        self._clock_out = clock_out
        self._sent = 0
        self._send_failures = 0
        self._stop = threading.Event()

        def opened(name: str) -> MidiLine:
            return backend.open_input(name, lambda message: input.handle(message, name, clock.now_s()))

        self.inputs = Devices(inputs, backend.inputs, opened, input.gone)
        self._feedback = feedback
        self._feedback_s = -inf

        def told(name: str) -> MidiLine:
            line = backend.open_output(name)
            if feedback is not None:
                feedback.refresh()
            return line

        def ignore(name: str) -> None:
            return None

        asked = (clock_to,) if clock_to and clock_out is not None else ()
        self.outputs = Devices(asked, backend.outputs, backend.open_output, ignore)
        shown = (feedback_to,) if feedback_to and feedback is not None else ()
        self.controllers = Devices(shown, backend.outputs, told, ignore)
        self._devices = (self.inputs, self.outputs, self.controllers)
        self._threads = [threading.Thread(target=self._watch, name="midi", daemon=True)]
        if asked or shown:
            self._threads.append(threading.Thread(target=self._tick, name="midi-out", daemon=True))

    def start(self) -> None:
        """Start the threads."""
        for thread in self._threads:
            thread.start()

    def publish(self, now_s: float, writes: Sequence[SetParameter], readings: Readings) -> None:
        """Nothing: what MIDI hears of the show is its clock."""

    def watch(self, now_s: float) -> None:
        """Look which devices there are, and keep what was learned."""
        self.inputs.watch(now_s)
        self.outputs.watch(now_s)
        self.controllers.watch(now_s)
        self.input.keep()

    def tick(self, now_s: float) -> float:
        """Send what is due of the clock and to the controllers; the time of the next."""
        next_s = inf
        if self._feedback is not None:
            if now_s >= self._feedback_s and self.controllers.open:
                self._feedback_s = now_s + PERIOD_S
                self._send(self.controllers, self._feedback.messages())
            next_s = max(self._feedback_s, now_s + PERIOD_S)
        if self._clock_out is not None:
            messages, clock_s = self._clock_out.step(now_s)
            self._send(self.outputs, messages)
            next_s = min(next_s, clock_s)
        return next_s

    def _send(self, devices: Devices, messages: Sequence[tuple[int, ...]]) -> None:
        for name, line in tuple(devices.open.items()) if messages else ():
            try:
                for message in messages:
                    line.send(message)
                    self._sent += 1
            except MidiError as error:
                self._send_failures += 1
                log.warning("%s", error)
                devices.drop(name)

    def health(self) -> Mapping[str, int]:
        """What became of the messages, and of the devices."""
        return {
            "failures": sum(devices.failures for devices in self._devices) + self._send_failures,
            "reconnects": sum(devices.reconnects for devices in self._devices),
            "devices": sum(len(devices.open) for devices in self._devices),
            "sent": self._sent,
            **self.input.counts(),
        }

    def stop(self) -> None:
        """Close the devices."""
        self._stop.set()
        for thread in self._threads:
            if thread.ident is not None:
                thread.join(JOIN_S)
        self.input.close()
        self.input.keep()
        if self._feedback is not None:
            self._feedback.close()
        for devices in self._devices:
            devices.close()

    def _watch(self) -> None:
        while not self._stop.is_set():
            try:
                self.watch(self._clock.now_s())
            except Exception:  # the thread's boundary: a fault of ours must not end MIDI for the night
                self.inputs.failures += 1
                log.exception("MIDI devices could not be watched; going on")
            self._stop.wait(WATCH_S)

    def _tick(self) -> None:
        while not self._stop.is_set():
            now_s = self._clock.now_s()
            try:
                next_s = self.tick(now_s)
            except Exception:  # the thread's boundary
                self._send_failures += 1
                log.exception("MIDI could not be sent; going on")
                next_s = now_s + WATCH_S
            self._stop.wait(max(0.0, next_s - self._clock.now_s()))
