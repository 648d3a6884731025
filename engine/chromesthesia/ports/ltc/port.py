"""Linear timecode from a sound input of its own: a spare channel, or another device."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from math import inf

from chromesthesia.audio.inputs import InputBackend, InputStream
from chromesthesia.control.commands import SetParameter
from chromesthesia.core.errors import AudioError, UsageError
from chromesthesia.core.logs import BoundedLog
from chromesthesia.core.protocols import Clock
from chromesthesia.core.user_files import one_line
from chromesthesia.ports.port import Readings
from chromesthesia.tempo.clock import BeatClock
from chromesthesia.tempo.ltc import LtcReader

log = logging.getLogger(__name__)

NAME = "ltc"
READ_S = 0.05
STALL_S = 4.0
"""A device that gives nothing for so long is opened again."""
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.5, 8.0
JOIN_S = 2.0
MOST_CHANNELS = 2
"""So many channels of a device are opened."""


class LtcPort:
    """`ports.port.Port` that hears timecode and says nothing.

    device: part of an input's name, None for the default. channel: 1 or 2. The device is opened on a thread of the
    port's own, waited for while it is not there, and opened again when it was lost.
    """

    name = NAME
    next_s = inf

    def __init__(
        self, backend: InputBackend, device: str | None, channel: int, tempo: BeatClock, clock: Clock
    ) -> None:
        if not 1 <= channel <= MOST_CHANNELS:
            raise UsageError(f"timecode on channel {channel}", f"give 1 to {MOST_CHANNELS}")
        self._backend = backend
        self._device = device
        self._channel = channel
        self._tempo = tempo
        self._clock = clock
        self._log = BoundedLog(log, 10.0)
        self._stream: InputStream | None = None
        self._reader: LtcReader | None = None
        self._heard_s = -inf
        self._retry_s = -inf
        self._pause_s = FIRST_PAUSE_S
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ltc", daemon=True)
        self._frames = self._failures = self._reconnects = self._overflows = 0

    def start(self) -> None:
        """Start the thread that listens."""
        self._thread.start()

    def step(self) -> bool:
        """Take what has come, or look for the device; False when there is nothing to do for a while."""
        now_s = self._clock.now_s()
        stream = self._stream
        if stream is None:
            return self._open(now_s)
        try:
            captured = stream.read(READ_S)
        except AudioError as error:
            self._lose(now_s, str(error))
            return True
        if captured is None:
            if now_s - self._heard_s > STALL_S:
                self._lose(now_s, f"{stream.label} gives nothing")
            return False
        self._heard_s = now_s
        assert self._reader is not None
        if captured.overflowed:
            self._overflows += 1
            self._reader.reset()
        frames = captured.frames
        channel = min(self._channel, frames.shape[1]) - 1
        start_s = captured.newest_s - len(frames) / stream.rate_hz
        for frame in self._reader.push(frames[:, channel], start_s):
            self._frames += 1
            self._tempo.timecode(frame.position)
        return True

    def publish(self, now_s: float, writes: Sequence[SetParameter], readings: Readings) -> None:
        """Nothing."""

    def health(self) -> Mapping[str, int]:
        """Frames that were read; how often the device was lost, came back, or lost sound."""
        return {
            "failures": self._failures,
            "reconnects": self._reconnects,
            "frames": self._frames,
            "lost": self._overflows,
        }

    def stop(self) -> None:
        """Close the device."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(JOIN_S)
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()

    def _open(self, now_s: float) -> bool:
        if now_s < self._retry_s:
            return False
        try:
            self._stream = self._backend.open(self._device, None)
        except AudioError as error:
            self._lose(now_s, str(error))
            return False
        log.info("timecode from channel %d of %s", self._channel, one_line(self._stream.label))
        self._reader = LtcReader(self._stream.rate_hz)
        self._reconnects += self._failures > 0
        self._heard_s = now_s
        return True

    def _lose(self, now_s: float, why: str) -> None:
        self._failures += 1
        self._log.warning(now_s, "timecode: %s; tried again", one_line(why))
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()
            self._pause_s = FIRST_PAUSE_S
        self._retry_s = now_s + self._pause_s
        self._pause_s = min(LONGEST_PAUSE_S, 2.0 * self._pause_s)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                busy = self.step()
            except (
                Exception
            ) as error:  # the thread's boundary: a fault of ours must not end timecode for the night
                log.exception("timecode failed; going on")
                self._lose(self._clock.now_s(), str(error))
                busy = False
            if not busy:
                self._stop.wait(READ_S)


def open_ltc(
    device: str, channel: int, tempo: BeatClock, clock: Clock, backend: InputBackend | None = None
) -> LtcPort | None:
    """The port; None when no device is named. device: part of its name, or `default`. backend: None for PortAudio."""
    if not device:
        return None
    if backend is None:
        from chromesthesia.audio.capture import PortAudioBackend

        backend = PortAudioBackend(clock)
    return LtcPort(backend, None if device == "default" else device, channel, tempo, clock)
