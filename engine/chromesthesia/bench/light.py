"""True sound to photon: the same interface hears the click on one channel and sees the flash on the other.

A microphone on channel 1; a photodiode or a small solar cell, held to the picture, on channel 2. Both share one clock,
so their distance is the time from the sound in the room to the light in the room, whatever the computer believes.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from chromesthesia.audio.polyphase import PolyphaseResampler
from chromesthesia.bench.finding import percentiles_ms
from chromesthesia.core.errors import AudioError
from chromesthesia.core.protocols import Clock
from chromesthesia.core.records import AudioBlock, Float32
from chromesthesia.core.user_files import one_line

RATE_HZ = 48_000
BLOCK = 480
WITHIN_S = 0.4
BEFORE_S = 0.05
SMOOTHED_S = 0.002
HUM_SPREADS = 6.0
"""A flash rises by so many standard deviations of what the cell gives without one."""


class Interface(Protocol):
    """A sound interface with one way out and two ways in that share a clock."""

    def exchange(self, out: Float32) -> Float32:
        """Play mono float32 [n] and give what came in meanwhile, float32 [n, 2]; waits for it."""
        ...

    def close(self) -> None: ...


class SoundInterface:
    """An interface through PortAudio. Raises AudioError where it cannot be opened with one output and two inputs."""

    def __init__(self, device: str | None) -> None:
        import sounddevice

        try:
            self._stream: Any = sounddevice.Stream(
                samplerate=RATE_HZ,
                blocksize=BLOCK,
                device=device,
                channels=(2, 1),
                dtype="float32",
                latency="low",
            )
            self._stream.start()
        except (sounddevice.PortAudioError, ValueError) as error:
            raise AudioError(
                f"no sound interface with two inputs and an output: {one_line(error)}",
                "name one with --device; microphone in input 1, photodiode or solar cell in input 2",
            ) from error

    def exchange(self, out: Float32) -> Float32:
        """As the protocol says."""
        self._stream.write(np.ascontiguousarray(out[:, None]))
        frames, _ = self._stream.read(len(out))
        return np.asarray(frames, np.float32)

    def close(self) -> None:
        """Let the device go."""
        self._stream.close(ignore_errors=True)


class ListeningRoom:
    """An AudioSource: plays the clicks into the room, hands on what the microphone hears, keeps both channels."""

    live = False
    overruns = 0
    name = "room"

    def __init__(self, interface: Interface, clicks: Float32, clock: Clock) -> None:
        """clicks: mono float32 at `RATE_HZ`."""
        self._interface = interface
        self._clicks = clicks
        self._clock = clock
        self._resampler = PolyphaseResampler(RATE_HZ)
        self._kept: list[Float32] = []
        self._position = 0
        self._blocks: queue.SimpleQueue[AudioBlock] = queue.SimpleQueue()
        self._closed = threading.Event()

    def read(self) -> AudioBlock | None:
        """The next block of the microphone; None when all clicks were played."""
        while not self._closed.is_set():
            out = self._clicks[self._position : self._position + BLOCK]
            if not len(out):
                return None
            self._position += len(out)
            frames = self._interface.exchange(out)
            entered_s = self._clock.now_s() - len(frames) / RATE_HZ
            self._kept.append(frames)
            samples = self._resampler.push(np.ascontiguousarray(frames[:, 0]))
            if len(samples):
                return AudioBlock(samples, entered_s)
        return None

    def close(self) -> None:
        """End it; safe from any thread."""
        self._closed.set()

    def recorded(self) -> Float32:
        """Both channels, float32 [n, 2]."""
        return np.concatenate(self._kept) if self._kept else np.zeros((0, 2), np.float32)


@dataclass(frozen=True, slots=True)
class Photons:
    """Delays from sound to light in seconds, one for each flash that was found, and how many were not."""

    delays_s: tuple[float, ...]
    missed: int


def find_photons(recorded: Float32, clicks: list[int], rate_hz: int = RATE_HZ) -> Photons:
    """recorded: float32 [n, 2], microphone and cell. clicks: the samples at which they were played.

    A click is where the microphone first rises to half its height; a flash where the cell does, up or down, after it.
    """
    mic = np.abs(recorded[:, 0])
    cell = _smoothed(recorded[:, 1], round(SMOOTHED_S * rate_hz))
    delays_s: list[float] = []
    for number, click in enumerate(clicks):
        end = min(len(mic), click + round(WITHIN_S * rate_hz))
        if number + 1 < len(clicks):
            end = min(end, clicks[number + 1])
        heard = _half_way(mic, click, end)
        if heard is None:
            continue
        seen = _flash(cell, int(heard), end, round(BEFORE_S * rate_hz))
        if seen is not None:
            delays_s.append((seen - heard) / rate_hz)
    return Photons(tuple(delays_s), len(clicks) - len(delays_s))


def _half_way(signal: Float32, begin: int, end: int) -> float | None:
    window = signal[begin:end]
    if not len(window) or window.max() < 1e-3:
        return None
    over = int(np.argmax(window >= 0.5 * window.max()))
    return float(begin + over)


def _flash(cell: Float32, heard: int, end: int, before: int) -> float | None:
    calm = cell[max(0, heard - before) : heard]
    window = cell[heard:end]
    if len(calm) < before // 2 or not len(window):
        return None
    base, spread = float(np.median(calm)), float(calm.std())
    away = window - base
    if abs(float(away.min())) > float(away.max()):  # a cell that is wired the other way round
        away = -away
    height = float(away.max())
    if height < HUM_SPREADS * spread or height <= 1e-5:
        return None
    over = int(np.argmax(away >= 0.5 * height))
    if over == 0:
        return float(heard)
    low, high = float(away[over - 1]), float(away[over])
    return heard + over - 1 + (0.5 * height - low) / max(high - low, 1e-12)


def _smoothed(signal: Float32, width: int) -> Float32:
    kernel = np.full(max(1, width), 1.0 / max(1, width), np.float32)
    return np.convolve(signal, kernel, mode="same").astype(np.float32)


def output_latency_s(photons: Photons, engine_s: float) -> float:
    """What the room adds: the median from sound to light, less what the engine itself took, `engine_s`; at least 0."""
    if not photons.delays_s:
        raise AudioError(
            "no flash was seen on input 2",
            "hold the photodiode or solar cell to the picture and turn its gain up, then measure again",
        )
    return max(0.0, float(np.median(photons.delays_s)) - engine_s)


def told(photons: Photons, latency_s: float) -> dict[str, Any]:
    """For the report."""
    return {
        "sound_to_photon": percentiles_ms(photons.delays_s),
        "missed": photons.missed,
        "output_latency_s": round(latency_s, 4),
    }


Opener = Callable[[str | None], Interface]
