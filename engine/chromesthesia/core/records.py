"""What flows between the stages, and the protocols at which a stage can be replaced.

Everything that crosses a thread is one of the frozen records below. Each carries `end_sample`, the index (one past
the newest sample, at `SAMPLE_RATE_HZ`, counted from the start of the source) of the sound it came from, and
`entered_s`, the monotonic time at which the oldest sample of its hop entered the engine: that is how sound-to-light
latency is measured.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
UInt8 = NDArray[np.uint8]

SAMPLE_RATE_HZ = 24_000
"""Rate of everything after the source; sources resample to it and mix to mono."""
HOP_SAMPLES = 240
"""One hop: 10 ms."""
ENCODER_HOPS = 8
"""The encoder runs once every eight hops: 80 ms."""
EMBEDDING_SIZE = 128
BAND_COUNT = 8
EMOTIONS = ("angry", "happy", "sad")


@dataclass(frozen=True, slots=True)
class AudioBlock:
    """Mono sound at `SAMPLE_RATE_HZ` as a source hands it over.

    samples: float32 [frames], nominally -1..1; entered_s: monotonic time at which the first of them entered the engine.
    """

    samples: Float32
    entered_s: float


@dataclass(frozen=True, slots=True)
class FeatureFrame:
    """What was heard in one 10 ms hop.

    log_mel: float32 [64], natural log of mel power; encoder_mel: float32 [64], the same by `ENCODER_MEL`; bands:
    float32 [8], 0..1 after slow auto-gain; rms_dbfs and lufs_momentary: dB, floor -120; centroid_hz: 0..12000; flux:
    >= 0; onset: 0, or the strength 0..1 of an onset that was decided in this hop.
    """

    index: int
    end_sample: int
    entered_s: float
    log_mel: Float32
    encoder_mel: Float32
    rms_dbfs: float
    lufs_momentary: float
    bands: Float32
    centroid_hz: float
    flux: float
    onset: float


@dataclass(frozen=True, slots=True)
class EmotionReading:
    """Raw answer of the encoder for one 80 ms step.

    valence, arousal: -1..1; probabilities: float32 [3] over `EMOTIONS`, sum 1; confidence: 0..1; embedding: float32
    [128].
    """

    end_sample: int
    entered_s: float
    valence: float
    arousal: float
    probabilities: Float32
    confidence: float
    embedding: Float32


@dataclass(frozen=True, slots=True)
class EmotionState:
    """Smoothed emotion that the picture follows; same ranges as `EmotionReading`.

    activity: 0 (silence gate closed, drifting to neutral) .. 1 (open).
    """

    end_sample: int
    entered_s: float
    valence: float
    arousal: float
    probabilities: Float32
    confidence: float
    embedding: Float32
    activity: float


@dataclass(frozen=True, slots=True)
class PaintRequest:
    """One picture asked of the generator: condition float32 [C], noise float32 [Z]."""

    serial: int
    end_sample: int
    entered_s: float
    condition: Float32
    noise: Float32


@dataclass(frozen=True, slots=True)
class PaintedImage:
    """One picture from the generator: pixels uint8 [H, W, 3], row 0 at the top."""

    serial: int
    end_sample: int
    entered_s: float
    painted_s: float
    pixels: UInt8


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

    def step(self, log_mel: Float32, end_sample: int, entered_s: float) -> EmotionReading:
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
        """condition float32 [C], noise float32 [Z] -> pixels uint8 [H, W, 3]."""
        ...


class Surface(Protocol):
    """Something with an OpenGL context to draw into: a window, or an off-screen frame buffer."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        ...

    def present(self) -> None:
        """Show the frame just drawn."""
        ...

    def close(self) -> None: ...


class FrameSink(Protocol):
    """Takes finished frames: a film, stills, a preview."""

    def frame(self, pixels: UInt8, time_s: float) -> None:
        """pixels uint8 [H, W, 3], row 0 at the top; time_s from the start of the show."""
        ...

    def sound(self, samples: Float32, start_s: float) -> None:
        """Mono float32 at `SAMPLE_RATE_HZ`, in order; start_s is the show time of the first sample."""
        ...

    def close(self) -> None: ...


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


@dataclass(frozen=True, slots=True)
class Heard:
    """The newest features and emotion, published by the analysis thread; the renderer reads the latest only.

    onset_count grows by one with every onset, so that none is missed between two video frames; onset_envelope is 1 at
    an onset and decays with a time constant of 0.15 s.
    """

    frame: FeatureFrame
    emotion: EmotionState
    onset_count: int
    onset_envelope: float
