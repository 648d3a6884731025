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

from chromesthesia.audio.devices import InputDevice, choose_input, inputs_of
from chromesthesia.audio.inputs import Captured, InputStream
from chromesthesia.audio.portaudio import PORTAUDIO, PortAudio
from chromesthesia.core.errors import AudioError, ChannelError
from chromesthesia.core.protocols import Clock
from chromesthesia.core.user_files import one_line

log = logging.getLogger(__name__)

BLOCK_S = 0.005
"""Least amount of sound taken at once."""
BUFFER_S = 0.25
"""Asked of PortAudio as its buffer: how long Python may be away. It is room, not delay."""
LOOK_AGAIN_S = 0.002
SERVER_LATENCY_MS = 10
"""Asked of PulseAudio or PipeWire, which otherwise hand over a large buffer's sound in bursts of 30 to 90 ms."""
USUAL_CHANNELS = 2
"""Opened of a device that has them when nobody says which are heard."""
COMMON_RATES_HZ = (48_000, 44_100, 96_000, 32_000, 24_000, 16_000)


class PortAudioBackend:
    """InputBackend of real devices; every opening looks at the machine afresh."""

    def __init__(
        self,
        clock: Clock,
        portaudio: PortAudio = PORTAUDIO,
        needed: int = 0,
        usual: int | None = None,
    ) -> None:
        """needed: how many channels must be opened; a device with fewer is refused. usual: so many are where it has
        them; None for the first two where none are needed."""
        self._needed = needed
        self._usual = (0 if needed else USUAL_CHANNELS) if usual is None else usual
        self._clock = clock
        self._portaudio = portaudio

    def open(self, device: str | None, host_api: str | None) -> InputStream:
        """Choose by name and host API, then start at the first rate that the device takes.

        At most two channels are opened, or as many as are needed. Raises ChannelError for a device with too few, and
        AudioError with the reason PortAudio gave for the first rate tried, or when nothing answers within a few
        seconds; a device that opens later than that is closed again.
        """
        # libpulse reads it when a stream connects; ALSA's pulse plug-in offers no other way to ask.
        os.environ.setdefault("PULSE_LATENCY_MSEC", str(SERVER_LATENCY_MS))
        return self._portaudio.use(
            lambda library: self._start(library, device, host_api),
            refresh=True,
            discard=_PortAudioStream.close_now,
        )

    def _start(self, library: Any, device: str | None, host_api: str | None) -> _PortAudioStream:
        chosen = choose_input(inputs_of(library), device, host_api)
        if chosen.channels < self._needed:
            raise ChannelError(
                f"{chosen.label} has {chosen.channels} channels, and channel {self._needed} was asked for",
                "see `chromesthesia devices`, or choose others with --channels or --musician",
            )
        refusals = []
        for rate_hz in _rates_hz(chosen):
            try:
                stream = library.InputStream(
                    samplerate=rate_hz,
                    blocksize=round(rate_hz * BLOCK_S),
                    device=chosen.index,
                    channels=max(self._needed, min(chosen.channels, self._usual)),
                    dtype="float32",
                    latency=BUFFER_S,
                )
            except library.PortAudioError as error:
                refusals.append(f"{one_line(error)} (at {rate_hz} Hz)")
                continue
            try:
                stream.start()
            except library.PortAudioError as error:
                stream.close(ignore_errors=True)
                refusals.append(f"{one_line(error)} (at {rate_hz} Hz)")
                continue
            log.debug("opened %s at %d Hz", chosen.label, rate_hz)
            self._portaudio.opened()
            return _PortAudioStream(stream, chosen.label, rate_hz, self._clock, self._portaudio)
        raise AudioError(
            f"{chosen.label} cannot be opened: {refusals[0]}",
            "is another program holding it? `chromesthesia devices` lists the others",
        )


def _rates_hz(device: InputDevice) -> tuple[int, ...]:
    # ALSA names 44,100 Hz for whatever is behind a sound server; most hardware runs at 48,000 Hz.
    first = COMMON_RATES_HZ[:1] if device.host_api == "ALSA" else ()
    return tuple(dict.fromkeys((*first, device.default_rate_hz, *COMMON_RATES_HZ)))


class _PortAudioStream:
    def __init__(self, stream: Any, label: str, rate_hz: int, clock: Clock, portaudio: PortAudio) -> None:
        self.label = label
        self.rate_hz = rate_hz
        self._stream = stream
        self._clock = clock
        self._portaudio = portaudio
        self._block_frames = round(rate_hz * BLOCK_S)
        self._most_frames = round(rate_hz * BUFFER_S)
        self._closing = threading.Event()
        self._close_once = threading.Lock()
        # PortAudio frees a stream under the feet of a reader. A reader holds this for as long as a copy takes; a close
        # may hold it for ever when the server hangs, so a reader never waits for it.
        self._in_use = threading.Lock()
        self._is_open = True

    def read(self, timeout_s: float) -> Captured | None:
        deadline_s = self._clock.now_s() + timeout_s
        while not self._closing.is_set():
            if not self._in_use.acquire(blocking=False):
                return None
            try:
                captured = self._take()
            finally:
                self._in_use.release()
            if captured is not None:
                return captured
            if self._clock.now_s() >= deadline_s or self._closing.wait(LOOK_AGAIN_S):
                return None
        return None

    def _take(self) -> Captured | None:
        if not self._is_open:
            return None
        try:
            available = self._stream.read_available
            # After the question, not before: a thread held up in between must not date the sound too early.
            seen_s = self._clock.now_s()
            if available < self._block_frames:
                return None
            count = min(available, self._most_frames)
            frames, overflowed = self._stream.read(count)
        except Exception as error:  # whatever the binding throws, this stream has no more to give
            raise AudioError(f"{self.label} was lost: {one_line(error)}") from error
        newest_s = seen_s - (available - count) / self.rate_hz
        return Captured(np.asarray(frames, np.float32), newest_s, bool(overflowed))

    def close(self) -> None:
        self._closing.set()
        if self._close_once.acquire(blocking=False):
            self._portaudio.close(self._free)

    def close_now(self) -> None:
        """Close from inside PortAudio's thread."""
        self._closing.set()
        if self._close_once.acquire(blocking=False):
            self._portaudio.close_now(self._free)

    def _free(self) -> None:
        with self._in_use:
            self._is_open = False
            self._stream.abort(ignore_errors=True)
            self._stream.close(ignore_errors=True)
