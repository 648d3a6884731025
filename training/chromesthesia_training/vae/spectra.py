"""Sounds as pictures and back: 5 s of log-mel as 224 x 224, 46 s at 75 frames a second, Griffin-Lim."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.records import Float32

LOWEST_DB, HIGHEST_DB = -110.0, -10.0
"""Of a band's density below full scale: absolute, so that the level of a sound stays in its picture."""
GRIFFIN_LIM_ROUNDS = 48


@dataclass(frozen=True)
class Mel:
    """A log-mel spectrum: rate in Hz, window and hop in samples, bands, frames of one item."""

    rate_hz: int
    window: int
    hop: int
    bands: int
    frames: int

    @property
    def samples(self) -> int:
        """Length of one item."""
        return self.hop * self.frames

    @property
    def seconds(self) -> float:
        return self.samples / self.rate_hz


PICTURE_MEL = Mel(22_050, 2048, 492, 224, 224)
"""5.0 s as a square picture. The thesis makes 512 x 512 by Riffusion at 44.1 kHz and shrinks it to 224 x 224."""
CODEC_MEL = Mel(24_000, 1024, 320, 128, 3450)
"""46 s at 75 frames a second, EnCodec's rate."""


@lru_cache(maxsize=4)
def _filters(mel: Mel) -> Float32:
    import librosa

    return np.asarray(librosa.filters.mel(sr=mel.rate_hz, n_fft=mel.window, n_mels=mel.bands), np.float32)


@lru_cache(maxsize=4)
def _inverse(mel: Mel) -> Float32:
    return np.asarray(np.linalg.pinv(_filters(mel).astype(np.float64)), np.float32)


def spectrum(samples: Float32, mel: Mel) -> Float32:
    """Log-mel of one item, 0..1 for `LOWEST_DB`..`HIGHEST_DB`: float32 [bands, frames].

    A shorter sound is filled with silence, a longer one cut.
    """
    import librosa

    samples = np.pad(samples[: mel.samples], (0, max(0, mel.samples - len(samples))))
    magnitude = np.abs(librosa.stft(samples, n_fft=mel.window, hop_length=mel.hop))[:, : mel.frames]
    # A sine of full scale has magnitude window / 4 through a Hann window.
    power = _filters(mel) @ (magnitude / (mel.window / 4.0)) ** 2
    decibels = librosa.power_to_db(power, ref=1.0, amin=1e-12, top_db=None)
    return np.asarray(np.clip((decibels - LOWEST_DB) / (HIGHEST_DB - LOWEST_DB), 0.0, 1.0), dtype=np.float32)


def sound_of(shown: Float32, mel: Mel, rounds: int = GRIFFIN_LIM_ROUNDS, seed: int = 0) -> Float32:
    """A sound with about the spectrum float32 [bands, frames] in 0..1, by Griffin-Lim: float32 [samples] in -1..1.

    The same spectrum, rounds and seed give the same sound. What lies below the lowest level stays silent.
    """
    import librosa

    decibels = LOWEST_DB + np.clip(shown, 0.0, 1.0) * (HIGHEST_DB - LOWEST_DB)
    power = np.where(shown > 0.0, 10.0 ** (decibels / 10.0), 0.0)
    linear = np.maximum(_inverse(mel) @ power.astype(np.float32), 0.0)
    # Frames are centred, so a sound of whole hops has one more than is shown.
    magnitude = np.pad(np.sqrt(linear) * (mel.window / 4.0), ((0, 0), (0, 1)), mode="edge")
    given: Any = {"n_iter": rounds, "hop_length": mel.hop, "n_fft": mel.window, "random_state": seed}
    samples = librosa.griffinlim(magnitude, **given, length=mel.samples)
    return np.asarray(np.clip(samples, -1.0, 1.0), dtype=np.float32)


def as_picture(shown: Float32) -> NDArray[np.uint8]:
    """A spectrum [bands, frames] in 0..1 as a picture, low bands at the bottom: uint8 [h, w, 3]."""
    grey = np.round(np.clip(shown[::-1], 0.0, 1.0) * 255.0).astype(np.uint8)
    return np.repeat(grey[:, :, None], 3, axis=2)


def of_picture(picture: Float32) -> Float32:
    """The spectrum that a picture, float32 [h, w, 3] in 0..1, shows: float32 [bands, frames]."""
    return np.ascontiguousarray(np.clip(picture.mean(axis=2), 0.0, 1.0)[::-1], dtype=np.float32)
