"""Microphones through PortAudio, read without ever waiting inside it.

The stream is asked how much is there and no more than that is read. PortAudio's own buffer holds the sound
meanwhile, so capture does not depend on Python being on time, and no call can hang when a device dies (measured in
docs/decisions/0001-capture-path.md).
"""

from __future__ import annotations

import logging
import os
import threading
from typing import Any

import numpy as np

from chromesthesia.audio.devices import InputDevice, choose_input, list_inputs
from chromesthesia.audio.inputs import Captured, InputStream
from chromesthesia.audio.portaudio import library, stream_closed, stream_opened
from chromesthesia.errors import AudioError
from chromesthesia.seams import Clock

log = logging.getLogger(__name__)

BLOCK_S = 0.005
"""Least amount of sound taken at once."""
BUFFER_S = 0.25
"""Asked of PortAudio as its buffer: how long Python may be away. It is room, not delay."""
LOOK_AGAIN_S = 0.002
SERVER_LATENCY_MS = 10
"""Asked of PulseAudio or PipeWire, which otherwise hand over a large buffer's sound in bursts of 30 to 90 ms."""
COMMON_RATES_HZ = (48_000, 44_100, 96_000, 32_000, 24_000, 16_000)


class PortAudioBackend:
    """InputBackend of real devices; every opening looks at the machine afresh."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def open(self, device: str | None, host_api: str | None) -> InputStream:
        """Choose by name and host API, then start at the first rate that the device takes.

        At most two channels are opened. Raises AudioError with the reason PortAudio gave for the first rate tried.
        """
        # libpulse reads it when a stream connects; ALSA's pulse plug-in offers no other way to ask.
        os.environ.setdefault("PULSE_LATENCY_MSEC", str(SERVER_LATENCY_MS))
        with library(refresh=True) as sounddevice:
            chosen = choose_input(list_inputs(), device, host_api)
            refusals = []
            for rate_hz in _rates_hz(chosen):
                try:
                    stream = sounddevice.InputStream(
                        samplerate=rate_hz,
                        blocksize=round(rate_hz * BLOCK_S),
                        device=chosen.index,
                        channels=min(chosen.channels, 2),
                        dtype="float32",
                        latency=BUFFER_S,
                    )
                except sounddevice.PortAudioError as error:
                    refusals.append(f"{error} (at {rate_hz} Hz)")
                    continue
                try:
                    stream.start()
                except sounddevice.PortAudioError as error:
                    stream.close(ignore_errors=True)
                    refusals.append(f"{error} (at {rate_hz} Hz)")
                    continue
                log.debug("opened %s at %d Hz", chosen.label, rate_hz)
                stream_opened()
                return _PortAudioStream(
                    stream, sounddevice.PortAudioError, chosen.label, rate_hz, self._clock
                )
        raise AudioError(
            f"{chosen.label} cannot be opened: {refusals[0]}",
            "is another program holding it? `chromesthesia devices` lists the others",
        )


def _rates_hz(device: InputDevice) -> tuple[int, ...]:
    # ALSA names 44,100 Hz for whatever is behind a sound server; most hardware runs at 48,000 Hz.
    first = COMMON_RATES_HZ[:1] if device.host_api == "ALSA" else ()
    return tuple(dict.fromkeys((*first, device.default_rate_hz, *COMMON_RATES_HZ)))


class _PortAudioStream:
    def __init__(self, stream: Any, failure: type[Exception], label: str, rate_hz: int, clock: Clock) -> None:
        self.label = label
        self.rate_hz = rate_hz
        self._stream = stream
        self._failure = failure
        self._clock = clock
        self._block_frames = round(rate_hz * BLOCK_S)
        self._most_frames = round(rate_hz * BUFFER_S)
        self._closed = threading.Event()
        # PortAudio frees a stream under the feet of a reader; neither side holds this for longer than a copy takes.
        self._in_use = threading.Lock()

    def read(self, timeout_s: float) -> Captured | None:
        deadline_s = self._clock.now_s() + timeout_s
        while not self._closed.is_set():
            with self._in_use:
                captured = self._take()
            if captured is not None:
                return captured
            if self._clock.now_s() >= deadline_s or self._closed.wait(LOOK_AGAIN_S):
                return None
        return None

    def _take(self) -> Captured | None:
        if self._closed.is_set():
            return None
        try:
            available = self._stream.read_available
            # After the question, not before: a thread held up in between must not date the sound too early.
            seen_s = self._clock.now_s()
            if available < self._block_frames:
                return None
            count = min(available, self._most_frames)
            frames, overflowed = self._stream.read(count)
        except self._failure as error:
            raise AudioError(f"{self.label} was lost: {error}") from error
        newest_s = seen_s - (available - count) / self.rate_hz
        return Captured(np.asarray(frames, np.float32), newest_s, bool(overflowed))

    def close(self) -> None:
        with library():
            if self._closed.is_set():
                return
            self._closed.set()
            with self._in_use:
                self._stream.abort(ignore_errors=True)
                self._stream.close(ignore_errors=True)
            stream_closed()
