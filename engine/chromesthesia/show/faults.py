"""Faults on demand, for the soak: what breaks inside a process and cannot be broken from outside.

Off unless the environment names a UDP port of loopback in `CHROMESTHESIA_FAULTS`; no option or partner can switch
it on. Then one line of text to that port breaks one thing, and is sent back once it is taken:

    generator raise 3      the next three pictures are not painted: the model raises
    generator stall 4.5    the next picture takes so many seconds longer
    encoder raise 3        as of the generator
    encoder nan 3          the next three answers are not numbers
    gl lose 2              presenting the next two frames raises, as where a driver lost its context
    clock jump 30          the show's clock is so many seconds further at once, as after a suspend
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace

import moderngl

from chromesthesia.core.clock import SystemClock
from chromesthesia.core.errors import UsageError
from chromesthesia.core.protocols import Clock, Encoder, Generator
from chromesthesia.core.records import EmotionReading, Float32, UInt8
from chromesthesia.core.user_files import shown
from chromesthesia.display.surface import Surface
from chromesthesia.show.assembly import Models

log = logging.getLogger(__name__)

VARIABLE = "CHROMESTHESIA_FAULTS"
LONGEST_LINE = 64
MOST = 3600.0
"""Neither more failures nor more seconds are taken by one line."""


class NoFaults:
    """What every other show has: nothing stands in the way of anything."""

    def clock(self) -> Clock:
        """The system's."""
        return SystemClock()

    def models(self, models: Models) -> Models:
        """They themselves."""
        return models

    def surface(self, opener: Callable[[], Surface]) -> Callable[[], Surface]:
        """It itself."""
        return opener


class Owed:
    """An amount that one thread asks for and another takes."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._amount = 0.0

    def ask(self, amount: float) -> None:
        """Let so much be taken from now on."""
        with self._lock:
            self._amount = amount

    def take(self, most: float = 1.0) -> float:
        """What is left, at most `most`."""
        with self._lock:
            taken = min(self._amount, most)
            self._amount -= taken
            return taken


class JumpingClock(SystemClock):
    """The system's clock, plus every jump that was asked for."""

    def __init__(self) -> None:
        self._ahead_s = 0.0

    def jump(self, step_s: float) -> None:
        """Be so much further at once; it never goes back."""
        self._ahead_s += max(0.0, step_s)

    def now_s(self) -> float:
        """As `SystemClock`."""
        return super().now_s() + self._ahead_s


class FaultyGenerator:
    """A generator that raises or stalls when asked to."""

    def __init__(self, inner: Generator, raising: Owed, stall: Owed, pause: threading.Event) -> None:
        self._inner = inner
        self._raising = raising
        self._stall = stall
        self._pause = pause

    @property
    def noise_size(self) -> int:
        """As of the model."""
        return self._inner.noise_size

    @property
    def condition_labels(self) -> tuple[str, ...]:
        """As of the model."""
        return self._inner.condition_labels

    def paint(self, condition: Float32, noise: Float32) -> UInt8:
        """As the model does, unless a fault is owed."""
        if stall_s := self._stall.take(MOST):
            self._pause.wait(stall_s)
        if self._raising.take():
            raise RuntimeError("the generator fails, as was asked for")
        return self._inner.paint(condition, noise)


class FaultyEncoder:
    """An encoder that raises or answers what is no number when asked to."""

    def __init__(self, inner: Encoder, raising: Owed, senseless: Owed) -> None:
        self._inner = inner
        self._raising = raising
        self._senseless = senseless

    def step(self, encoder_mel: Float32, end_sample: int, entered_s: float) -> EmotionReading:
        """As the model does, unless a fault is owed."""
        if self._raising.take():
            raise RuntimeError("the encoder fails, as was asked for")
        reading = self._inner.step(encoder_mel, end_sample, entered_s)
        return replace(reading, valence=float("nan")) if self._senseless.take() else reading

    def reset(self) -> None:
        """As of the model."""
        self._inner.reset()


class FaultPort(NoFaults):
    """Listens on a port of loopback, on a thread of its own, and breaks what it is told to."""

    def __init__(self, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", port))
        self.port = int(self._socket.getsockname()[1])
        self._clock = JumpingClock()
        self._closed = threading.Event()
        self._painter_raises, self._painter_stalls = Owed(), Owed()
        self._encoder_raises, self._encoder_nan, self._lost = Owed(), Owed(), Owed()
        self._faults: Mapping[str, Callable[[float], None]] = {
            "generator raise": self._painter_raises.ask,
            "generator stall": self._painter_stalls.ask,
            "encoder raise": self._encoder_raises.ask,
            "encoder nan": self._encoder_nan.ask,
            "gl lose": self._lost.ask,
            "clock jump": self._clock.jump,
        }
        self._thread = threading.Thread(target=self._listen, name="faults", daemon=True)
        self._thread.start()
        log.warning("faults can be asked for on UDP 127.0.0.1:%d: this show is a test", self.port)

    def clock(self) -> Clock:
        """One that jumps."""
        return self._clock

    def models(self, models: Models) -> Models:
        """The same, each behind something that fails when asked to."""
        return replace(
            models,
            encoder=FaultyEncoder(models.encoder, self._encoder_raises, self._encoder_nan),
            generator=FaultyGenerator(
                models.generator, self._painter_raises, self._painter_stalls, self._closed
            ),
        )

    def surface(self, opener: Callable[[], Surface]) -> Callable[[], Surface]:
        """Opens the same surfaces, which lose OpenGL when asked to."""

        def opened() -> Surface:
            surface = opener()
            really = surface.present

            def present() -> None:
                if self._lost.take():
                    raise moderngl.Error("OpenGL is lost, as was asked for")
                really()

            # In its place and not around it: a window has more than the protocol names.
            setattr(surface, "present", present)  # noqa: B010
            return surface

        return opened

    def close(self) -> None:
        """End the thread, and whatever stalls."""
        self._closed.set()
        # Only a datagram wakes a socket that waits for one on every system.
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as last:
            last.sendto(b"", ("127.0.0.1", self.port))
        self._thread.join(5.0)
        self._socket.close()

    def _listen(self) -> None:
        while not self._closed.is_set():
            try:
                line, sender = self._socket.recvfrom(LONGEST_LINE)
                answer = self._break(line.decode("ascii", "replace").split())
                self._socket.sendto(answer.encode(), sender)
            except OSError as error:
                log.debug("the port for faults: %s", error)

    def _break(self, words: list[str]) -> str:
        fault = self._faults.get(" ".join(words[:2]))
        try:
            amount = float(words[2])
        except (IndexError, ValueError):
            return "refused: say what, how and how much, e.g. generator raise 3"
        if fault is None or not 0.0 < amount <= MOST:
            return f"refused: {', '.join(self._faults)}, and a number up to {MOST:g}"
        fault(amount)
        log.warning("fault asked for: %s", " ".join(words))
        return " ".join(words)


def open_faults(opened: ExitStack) -> NoFaults:
    """What `CHROMESTHESIA_FAULTS` asks for, closed with `opened`; without it nothing. Raises UsageError for no port."""
    wanted = os.environ.get(VARIABLE)
    if not wanted:
        return NoFaults()
    try:
        faults = FaultPort(int(wanted))
    except (ValueError, OverflowError, OSError) as error:
        raise UsageError(
            f"{VARIABLE} is {shown(wanted)}: {error}", "leave it out: it is for tests"
        ) from error
    opened.callback(faults.close)
    return faults
