"""The protocols at which a stage can be replaced."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from chromesthesia.core.records import AudioBlock, EmotionReading, Float32, UInt8


class Clock(Protocol):
    """Monotonic time and interruptible waiting."""

    def now_s(self) -> float: ...

    def wait_until(self, deadline_s: float, stop: threading.Event) -> bool: ...


class AudioSource(Protocol):
    """Where sound comes from. Used from one thread of its own; `close` may be called from another."""

    @property
    def name(self) -> str:
        """What to show a person, e.g. `mic: pulse (ALSA)` or `demo`."""
        ...

    @property
    def live(self) -> bool:
        """True for a microphone: never ends, must reconnect, loses sound when not read."""
        ...

    @property
    def overruns(self) -> int:
        """Times at which sound was lost because it was not fetched in time; 0 for a file."""
        ...

    def read(self) -> AudioBlock | None:
        """Block until the next sound is there; None when the source has ended or was closed."""
        ...

    def close(self) -> None: ...


class Encoder(Protocol):
    """Streaming emotion encoder; the state lives inside and is carried from call to call."""

    def step(self, encoder_mel: Float32, end_sample: int, entered_s: float) -> EmotionReading:
        """Take encoder_mel of ENCODER_HOPS frames, float32 [ENCODER_HOPS, 64], and answer for its newest hop."""
        ...

    def reset(self) -> None: ...


class Generator(Protocol):
    """Paints one picture from a condition and a noise vector."""

    @property
    def noise_size(self) -> int: ...

    @property
    def condition_labels(self) -> tuple[str, ...]: ...

    def paint(self, condition: Float32, noise: Float32) -> UInt8:
        """condition float32 [C], noise float32 [Z] -> pixels uint8 [H, W, 3], a new array every time."""
        ...


class FrameSink(Protocol):
    """Takes finished frames: a film, stills, a preview."""

    def frame(self, pixels: UInt8, time_s: float) -> None:
        """pixels uint8 [H, W, 3], row 0 at the top; time_s from the start of the show."""
        ...

    def sound(self, samples: Float32, start_s: float) -> None:
        """Mono float32 at `SAMPLE_RATE_HZ`, in order; start_s is the show time of the first sample."""
        ...

    def close(self) -> None: ...


class FrameWatcher(Protocol):
    """Takes a frame now and then: a preview. Frames that it does not want need not be read back."""

    def wants(self, time_s: float) -> bool:
        """True when the frame of `time_s`, seconds from the start of the show, is wanted. Called for every frame."""
        ...

    def frame(self, pixels: UInt8, time_s: float) -> None:
        """pixels uint8 [H, W, 3], row 0 at the top, valid until this returns."""
        ...


UNKNOWN_LOSS = -1
"""Told instead of a count of lost datagrams where the system keeps none."""


class Datagrams(Protocol):
    """Sends and receives UDP payloads; the OSC endpoints talk only to this."""

    @property
    def lost(self) -> int:
        """Datagrams that the system dropped before they were received; `UNKNOWN_LOSS` where it does not tell."""
        ...

    def send(self, payload: bytes, host: str, port: int) -> None: ...

    def receive(self) -> tuple[bytes, tuple[str, int]] | None:
        """The next datagram and its sender, or None when closed."""
        ...

    def close(self) -> None: ...


@runtime_checkable
class Counting(Protocol):
    """A part that counts what becomes of its work: shown in the report, as figures of health."""

    def counts(self) -> Mapping[str, int]:
        """Counts by name, now. Any thread."""
        ...
