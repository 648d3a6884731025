"""A stand-in for the sounddevice module: devices by script, starts that fail, calls that hang until told."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np

from chromesthesia.core.records import Float32

HANG_AT_MOST_S = 30.0


class PortAudioError(Exception):
    """As sounddevice raises it."""


class FakeSounddevice:
    """What `audio.portaudio` uses of sounddevice. Like PortAudio it can only be ended when it was started.

    channels: of each input; names: of the inputs, seen at the next start. failing_starts: so many of the next
    starts fail. hang_on: names of calls (`_initialize`, `_terminate`, `query_devices`, `InputStream`, `close`) that
    wait until `go_on` is set; `hanging` is set when one does.
    """

    PortAudioError = PortAudioError

    def __init__(
        self, names: Sequence[str] = ("fake",), hang_on: Sequence[str] = (), channels: int = 2
    ) -> None:
        self.channels = channels
        self.names = list(names)
        self.failing_starts = 0
        self.hang_on = set(hang_on)
        self.hanging = threading.Event()
        self.go_on = threading.Event()
        self.started = True
        self.starts = 0
        self.streams: list[FakeStream] = []
        self.default = SimpleNamespace(device=(-1, -1))
        self._seen = list(self.names)

    def reach(self, call: str) -> None:
        """Hang here if this call is to hang."""
        if call in self.hang_on:
            self.hanging.set()
            if not self.go_on.wait(HANG_AT_MOST_S):
                raise RuntimeError(f"{call} was never told to go on")

    def _initialize(self) -> None:
        self.starts += 1
        self.reach("_initialize")
        if self.failing_starts:
            self.failing_starts -= 1
            raise PortAudioError("Error initializing PortAudio: Unanticipated host error [PaErrorCode -9999]")
        self.started = True
        self._seen = list(self.names)

    def _terminate(self) -> None:
        self.reach("_terminate")
        if not self.started:
            raise PortAudioError(
                "Error terminating PortAudio: PortAudio not initialized [PaErrorCode -10000]"
            )
        self.started = False

    def _exit_handler(self) -> None:
        if self.started:
            self._terminate()

    def query_hostapis(self) -> tuple[dict[str, Any], ...]:
        self._need()
        return ({"name": "script", "default_input_device": 0 if self._seen else -1},)

    def query_devices(self) -> list[dict[str, Any]]:
        self._need()
        self.reach("query_devices")
        return [
            {"name": name, "hostapi": 0, "max_input_channels": self.channels, "default_samplerate": 48_000.0}
            for name in self._seen
        ]

    def InputStream(self, **asked: Any) -> FakeStream:  # noqa: N802, it stands for a class
        self._need()
        self.reach("InputStream")
        stream = FakeStream(self, asked["channels"])
        self.streams.append(stream)
        return stream

    def _need(self) -> None:
        if not self.started:
            raise PortAudioError("PortAudio not initialized [PaErrorCode -10000]")


class FakeStream:
    """A stream in which `read_available` frames of silence wait for ever; `failure` is raised by the next look."""

    def __init__(self, library: FakeSounddevice, channels: int) -> None:
        self._library = library
        self.channels = channels
        self.failure: Exception | None = None
        self.closed = False

    def start(self) -> None:
        pass

    @property
    def read_available(self) -> int:
        if self.failure is not None:
            raise self.failure
        return 480

    def read(self, frames: int) -> tuple[Float32, bool]:
        return np.zeros((frames, self.channels), np.float32), False

    def abort(self, ignore_errors: bool = True) -> None:
        self._library.reach("close")

    def close(self, ignore_errors: bool = True) -> None:
        self.closed = True
