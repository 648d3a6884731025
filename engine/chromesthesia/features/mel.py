"""The one definition of the log-mel spectrum, shared by the live engine and by training."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.records import HOP_SAMPLES, SAMPLE_RATE_HZ, Float32

Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MelSettings:
    """How sound becomes log-mel: rates in Hz, lengths in samples.

    A window ends with its hop, so nothing of the future is needed: frame `i` covers the `window` samples before sample
    `(i + 1) * hop`. Before the start there is silence. A band sums the magnitudes raised to `exponent`, 1 or 2; the sum
    is brought back to power, so that levels mean the same with either.
    """

    sample_rate_hz: int = SAMPLE_RATE_HZ
    hop: int = HOP_SAMPLES
    window: int = 768
    fft: int = 1024
    mels: int = 64
    low_hz: float = 40.0
    high_hz: float = 8_000.0
    floor: float = 1e-7
    exponent: int = 2


DEFAULT_MEL = MelSettings()
"""What features are measured on: onset, bands, centroid."""
ENCODER_MEL = MelSettings(window=600, low_hz=125.0, high_hz=7_500.0, floor=1e-10, exponent=1)
"""What encoders hear: the windows, bands and magnitudes that published audio networks were trained on (YAMNet's)."""


def hz_to_mel(frequency_hz: float) -> float:
    """Mel scale of O'Shaughnessy (1987), as in HTK."""
    return 2595.0 * math.log10(1.0 + frequency_hz / 700.0)


def mel_to_hz(mel: Float64) -> Float64:
    """Inverse of `hz_to_mel`, elementwise."""
    return np.asarray(700.0 * (10.0 ** (mel / 2595.0) - 1.0))


@lru_cache(maxsize=8)
def mel_filterbank(settings: MelSettings) -> Float32:
    """Triangular filters, peak 1, evenly spaced on the mel scale: float32 [fft // 2 + 1, mels]."""
    edges_hz = mel_to_hz(
        np.linspace(hz_to_mel(settings.low_hz), hz_to_mel(settings.high_hz), settings.mels + 2)
    )
    bins_hz = np.fft.rfftfreq(settings.fft, 1.0 / settings.sample_rate_hz)
    rising = (bins_hz[:, None] - edges_hz[None, :-2]) / (edges_hz[1:-1] - edges_hz[:-2])
    falling = (edges_hz[None, 2:] - bins_hz[:, None]) / (edges_hz[2:] - edges_hz[1:-1])
    filterbank: Float32 = np.clip(np.minimum(rising, falling), 0.0, None).astype(np.float32)
    filterbank.flags.writeable = False
    return filterbank


@lru_cache(maxsize=8)
def window_samples(settings: MelSettings) -> Float32:
    """Periodic Hann window scaled so that a full-scale sine has power near 1: float32 [window]."""
    hann = 0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(settings.window) / settings.window)
    scaled: Float32 = (hann * (2.0 / hann.sum())).astype(np.float32)
    scaled.flags.writeable = False
    return scaled


def power_spectrum(frames: Float32, settings: MelSettings = DEFAULT_MEL) -> Float32:
    """Power of windowed frames: float32 [..., window] -> float32 [..., fft // 2 + 1]."""
    spectrum = np.fft.rfft(frames * window_samples(settings), settings.fft)
    return np.asarray(spectrum.real**2 + spectrum.imag**2, dtype=np.float32)


@lru_cache(maxsize=8)
def _filled_filterbank(settings: MelSettings) -> Float32:
    """The rows of `mel_filterbank` up to the last that is not empty: what is higher is heard in no band."""
    filterbank = mel_filterbank(settings)
    return filterbank[: int(np.flatnonzero(filterbank.any(axis=1))[-1]) + 1]


def log_mel_of_power(power: Float32, settings: MelSettings = DEFAULT_MEL) -> Float32:
    """Natural log of mel power with a floor: float32 [..., fft // 2 + 1] -> float32 [..., mels]."""
    filterbank = _filled_filterbank(settings)
    power = power[..., : len(filterbank)]
    mel = np.square(np.sqrt(power) @ filterbank) if settings.exponent == 1 else power @ filterbank
    return np.asarray(np.log(mel + settings.floor), dtype=np.float32)


def frames_of(samples: Float32, settings: MelSettings = DEFAULT_MEL) -> Float32:
    """All complete frames of a whole sound: float32 [n] -> float32 [n // hop, window] (a read-only view)."""
    count = len(samples) // settings.hop
    if count == 0:
        return np.zeros((0, settings.window), dtype=np.float32)
    padded = np.concatenate(
        [np.zeros(settings.window - settings.hop, dtype=np.float32), samples[: count * settings.hop]]
    )
    return np.lib.stride_tricks.sliding_window_view(padded, settings.window)[:: settings.hop]


def log_mel(samples: Float32, settings: MelSettings = DEFAULT_MEL) -> Float32:
    """Log-mel of a whole sound: float32 [n] at `sample_rate_hz` -> float32 [n // hop, mels]."""
    chunk_frames = 4096  # bounds memory for songs of any length
    frames = frames_of(np.ascontiguousarray(samples, dtype=np.float32), settings)
    if len(frames) == 0:
        return np.zeros((0, settings.mels), dtype=np.float32)
    return np.concatenate(
        [
            log_mel_of_power(power_spectrum(frames[start : start + chunk_frames], settings), settings)
            for start in range(0, len(frames), chunk_frames)
        ]
    )


class StreamingFrames:
    """Cuts a stream of any chunking into the same frames as `frames_of`. Not thread-safe."""

    def __init__(self, settings: MelSettings = DEFAULT_MEL) -> None:
        self.settings = settings
        self._held = np.zeros(settings.window - settings.hop, dtype=np.float32)

    def push(self, samples: Float32) -> Float32:
        """Take float32 [n] of any length; give the frames now complete: float32 [k, window]."""
        settings = self.settings
        joined = np.concatenate([self._held, samples])
        count = max(0, (len(joined) - (settings.window - settings.hop)) // settings.hop)
        self._held = joined[count * settings.hop :]
        if count == 0:
            return np.zeros((0, settings.window), dtype=np.float32)
        complete = joined[: settings.window + (count - 1) * settings.hop]
        return np.lib.stride_tricks.sliding_window_view(complete, settings.window)[:: settings.hop]

    def reset(self) -> None:
        """Forget what was heard."""
        self._held = np.zeros(self.settings.window - self.settings.hop, dtype=np.float32)
