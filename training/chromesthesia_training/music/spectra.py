"""Log-mel of 3 s: 128 bands x 128 frames at 22,050 Hz, as the reference's networks take it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from chromesthesia.core.records import Float32
from chromesthesia_training.music.handcrafted import (
    CHUNK_FRAMES,
    CHUNK_SAMPLES,
    FFT,
    HOP,
    RATE_HZ,
    chunk_count,
)

MELS = 128
LOWEST_DB, HIGHEST_DB = -110.0, -10.0
"""Of a band's density, below full scale: an absolute range, so that the level of a song stays in its spectra."""


@lru_cache(maxsize=1)
def _filters() -> Float32:
    import librosa

    return np.asarray(librosa.filters.mel(sr=RATE_HZ, n_fft=FFT, n_mels=MELS), dtype=np.float32)


def chunk_spectra(samples: Float32) -> Float32:
    """Every whole 3 s of a sound, float32 [n] at 22,050 Hz: float32 [chunks, 128, 128] in -1..1.

    `LOWEST_DB` to `HIGHEST_DB` are -1 to 1, bands from low to high. A shorter sound is filled with silence.
    """
    import librosa

    count = chunk_count(len(samples))
    found = np.empty((count, MELS, CHUNK_FRAMES), np.float32)
    for number in range(count):
        chunk = samples[number * CHUNK_SAMPLES : (number + 1) * CHUNK_SAMPLES]
        chunk = np.pad(chunk, (0, CHUNK_SAMPLES - len(chunk)))
        magnitude = np.abs(librosa.stft(chunk, n_fft=FFT, hop_length=HOP))[:, :CHUNK_FRAMES]
        # A sine of full scale has power (FFT / 4) ** 2 through a Hann window.
        power = _filters() @ (magnitude / (FFT / 4.0)) ** 2
        found[number] = librosa.power_to_db(power, ref=1.0, amin=1e-12, top_db=None)
    half = (HIGHEST_DB - LOWEST_DB) / 2.0
    return np.asarray(np.clip((found - LOWEST_DB) / half - 1.0, -1.0, 1.0), dtype=np.float32)
