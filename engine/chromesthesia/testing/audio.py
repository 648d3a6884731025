"""Sound without devices: scripted inputs that can be unplugged, sources made of blocks, tones."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from chromesthesia.audio.inputs import Captured, InputStream
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.errors import AudioError
from chromesthesia.core.records import SAMPLE_RATE_HZ, AudioBlock, Float32

IDLE_AT_MOST_S = 60.0


def tone(
    frequency_hz: float, duration_s: float, rate_hz: int = SAMPLE_RATE_HZ, level: float = 0.5
) -> Float32:
    """A sine, float32 [n], with peak `level`."""
    time_s = np.arange(round(duration_s * rate_hz)) / rate_hz
    sine: Float32 = (level * np.sin(2.0 * np.pi * frequency_hz * time_s)).astype(np.float32)
    return sine


def loudest_hz(samples: Float32, rate_hz: int = SAMPLE_RATE_HZ) -> float:
    """Frequency of the highest peak in the spectrum of float32 [n]."""
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(samples.shape[0])))
    return float(np.argmax(spectrum) * rate_hz / samples.shape[0])


class ScriptedSource:
    """AudioSource that gives the blocks it was made of, one a `read`, then None."""

    overruns = 0

    def __init__(self, blocks: Iterable[AudioBlock], name: str = "script", live: bool = False) -> None:
        self.name = name
        self.live = live
        self._blocks = deque(blocks)
        self._closed = False

    def read(self) -> AudioBlock | None:
        return self._blocks.popleft() if self._blocks and not self._closed else None

    def close(self) -> None:
        self._closed = True


@dataclass(frozen=True, slots=True)
class Sound:
    """A script's step: these frames, float32 [n, channels], arrive; the clock moves on by their length."""

    frames: Float32
    overflowed: bool = False
    late_s: float = 0.0
    """How much later than their own length they are seen."""


@dataclass(frozen=True, slots=True)
class Stall:
    """A script's step: the device gives nothing for this long."""

    duration_s: float


@dataclass(frozen=True, slots=True)
class Unplug:
    """A script's step: reading fails, for good."""

    reason: str = "Input/output error"


@dataclass(frozen=True, slots=True)
class Refuse:
    """Instead of a device: the attempt to open it fails."""

    reason: str = "no microphone was found"


@dataclass(frozen=True, slots=True)
class Device:
    """What one successful opening gives: a rate and the steps; after the last step it is plugged in and silent."""

    steps: tuple[Sound | Stall | Unplug, ...]
    rate_hz: int = 48_000
    label: str = "fake (script)"


Opening: TypeAlias = Device | Refuse


class FakeInputBackend:
    """InputBackend that plays one script per opening, under a manual clock.

    When the scripts run out an opening gives a silent device. `opened_s` holds the clock's time at every attempt,
    `closed` how many of the streams were closed.
    """

    def __init__(self, clock: ManualClock, openings: Sequence[Opening]) -> None:
        self._clock = clock
        self._openings = deque(openings)
        self.opened_s: list[float] = []
        self.asked: list[tuple[str | None, str | None]] = []
        self.closed = 0

    def open(self, device: str | None, host_api: str | None) -> InputStream:
        self.opened_s.append(self._clock.now_s())
        self.asked.append((device, host_api))
        opening = self._openings.popleft() if self._openings else Device(())
        if isinstance(opening, Refuse):
            raise AudioError(opening.reason)
        return _FakeStream(opening, self._clock, self)


class _FakeStream:
    def __init__(self, device: Device, clock: ManualClock, backend: FakeInputBackend) -> None:
        self.label = device.label
        self.rate_hz = device.rate_hz
        self._steps = deque(device.steps)
        self._clock = clock
        self._backend = backend
        self._closed = threading.Event()
        self._idle_s = 0.0

    def read(self, timeout_s: float) -> Captured | None:
        if not self._steps:
            self._idle_s += timeout_s
            if self._idle_s > IDLE_AT_MOST_S:
                raise RuntimeError(
                    f"the script of {self.label} ended {IDLE_AT_MOST_S:g} s ago and is still read"
                )
            self._closed.wait(timeout_s)
            return None
        step = self._steps.popleft()
        match step:
            case Sound(frames, overflowed, late_s):
                self._clock.advance(frames.shape[0] / self.rate_hz)
                return Captured(frames, self._clock.now_s() + late_s, overflowed)
            case Stall(duration_s):
                self._clock.advance(min(duration_s, timeout_s))
                if duration_s > timeout_s:
                    self._steps.appendleft(Stall(duration_s - timeout_s))
                return None
            case Unplug(reason):
                self._steps.appendleft(step)
                raise AudioError(f"{self.label} was lost: {reason}")

    def close(self) -> None:
        if not self._closed.is_set():
            self._closed.set()
            self._backend.closed += 1
