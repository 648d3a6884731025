"""Augmentation of log-mel rows: what rooms, microphones, distances and other voices do to a sound."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

from chromesthesia.core.records import Float32
from chromesthesia.features.mel import ENCODER_MEL, log_mel

DB_TO_NATURAL = float(np.log(10.0) / 10.0)
GAIN_DB = (-25.0, -2.0, 6.0)  # least, likeliest, most


def stretch(mel: Float32, rng: np.random.Generator, hops: int) -> Float32:
    """Play 0.87 to 1.15 times as fast and move the voice by up to a tenth along frequency (vocal tract length
    perturbation, Jaitly and Hinton 2013): float32 [n, mels] -> float32 [at most `hops`, mels].
    """
    rate = np.exp(rng.uniform(-0.14, 0.14))
    count = min(hops, int(len(mel) / rate))
    hop_at = np.minimum(np.arange(count) * rate, len(mel) - 1.001)
    whole = hop_at.astype(int)
    part = (hop_at - whole).astype(np.float32)[:, None]
    stretched = mel[whole] * (1.0 - part) + mel[np.minimum(whole + 1, len(mel) - 1)] * part
    bands = mel.shape[1]
    band_at = np.clip((np.arange(bands) + 4.0) * np.exp(rng.uniform(-0.1, 0.1)) - 4.0, 0.0, bands - 1.001)
    low = band_at.astype(int)
    fraction = (band_at - low).astype(np.float32)
    return np.asarray(
        stretched[:, low] * (1.0 - fraction) + stretched[:, low + 1] * fraction, dtype=np.float32
    )


def recolour(mel: Float32, rng: np.random.Generator) -> Float32:
    """Change level by -25 to +6 dB and the microphone's response by a smooth curve: float32 [n, mels], same shape."""
    knots_db = rng.normal(0.0, 2.5, 5)
    curve_db = np.interp(np.linspace(0.0, 4.0, mel.shape[1]), np.arange(5), knots_db)
    level_db = rng.triangular(*GAIN_DB) if rng.random() < 0.5 else rng.uniform(GAIN_DB[0], GAIN_DB[2])
    gain = ((level_db + curve_db) * DB_TO_NATURAL).astype(np.float32)
    power = np.maximum(np.exp(mel) - ENCODER_MEL.floor, 0.0) * np.exp(gain)
    return np.asarray(np.log(power + ENCODER_MEL.floor), dtype=np.float32)


def roughen(mel: Float32, rng: np.random.Generator) -> Float32:
    """Sometimes add a decaying tail (a room) and steady noise at 5 to 45 dB below: float32 [n, mels], same shape."""
    power = np.maximum(np.exp(mel) - ENCODER_MEL.floor, 0.0)
    if rng.random() < 0.35:
        decay = np.exp(-6.9 * ENCODER_MEL.hop / ENCODER_MEL.sample_rate_hz / rng.uniform(0.15, 0.8))
        wet = rng.uniform(0.02, 0.25) * (1.0 - decay) / 0.15
        power = power + wet * lfilter([0.0, 1.0], [1.0, -decay], power, axis=0)
    if rng.random() < 0.6:
        tilt_db = rng.uniform(-12.0, 3.0) * np.linspace(0.0, 1.0, mel.shape[1])
        shape = 10.0 ** (tilt_db / 10.0)
        level = power.mean() * 10.0 ** (-rng.uniform(5.0, 45.0) / 10.0)
        power = power + level * shape * rng.standard_gamma(3.0, mel.shape) / 3.0
    return np.asarray(np.log(power + ENCODER_MEL.floor), dtype=np.float32)


def room_noise(hops: int, rng: np.random.Generator) -> Float32:
    """Log-mel of a room in which nothing sounds: steady noise of any colour, -75 to -15 dBFS: float32 [hops, mels]."""
    count = hops * ENCODER_MEL.hop
    spectrum = np.fft.rfft(rng.standard_normal(count, dtype=np.float32))
    octave = np.log2(np.maximum(np.fft.rfftfreq(count, 1.0 / ENCODER_MEL.sample_rate_hz), 20.0) / 20.0)
    colour_db = rng.uniform(-7.0, 1.0) * octave + np.interp(octave, np.arange(11), rng.normal(0.0, 3.0, 11))
    noise = np.fft.irfft(spectrum * 10.0 ** (colour_db / 20.0), count)
    noise *= 10.0 ** (rng.uniform(-75.0, -15.0) / 20.0) / np.sqrt(np.mean(np.square(noise)))
    return log_mel(noise.astype(np.float32), ENCODER_MEL)


def mask_spans(hops: int, bands: int, rng: np.random.Generator) -> tuple[list[slice], list[slice]]:
    """Spans to blank in time (up to 200 ms each) and in frequency (up to 8 bands): SpecAugment, Park et al. 2019."""
    in_time, in_frequency = [], []
    for _ in range(int(rng.integers(0, 4))):
        start = int(rng.integers(0, hops))
        in_time.append(slice(start, start + int(rng.integers(1, 21))))
    for _ in range(int(rng.integers(0, 3))):
        start = int(rng.integers(0, bands))
        in_frequency.append(slice(start, start + int(rng.integers(1, 9))))
    return in_time, in_frequency
