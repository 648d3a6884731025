"""Spoiled log-mel for training: rooms, noises, voices, music, distortion, drawn independently of what is expressed.

On spectra that are kept, where powers add, it costs a hundredth of doing it to samples: whole passes over the voices
stay affordable. The scenes that measure (`scenes.listed`) are made on samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from chromesthesia.core.records import Float32
from chromesthesia.features.mel import ENCODER_MEL, log_mel
from chromesthesia_training.encoder.augment import recolour
from chromesthesia_training.encoder.batches import HOP_S
from chromesthesia_training.scenes.spoil import coloured_noise
from chromesthesia_training.scenes.unfelt import unfelt_sound

QUIETER = 1e-3
CLEAN_SHARE = 0.25
PINK = -3.0
"""dB an octave."""
NOISES, THINGS, LONG_S = 24, 60, 12.0
Spectrum = NDArray[np.generic]


@dataclass(frozen=True)
class Surroundings:
    """Log-mel [hops, mels] of what may sound behind a voice."""

    noises: Sequence[Spectrum]
    things: Sequence[Spectrum]
    voices: Sequence[Spectrum]
    music: Sequence[Spectrum]


def noises_and_things(seed: int) -> tuple[list[Float32], list[Float32]]:
    """Steady noises of many colours, and sounds that feel nothing: log-mel of each, made from (seed)."""
    rng = np.random.default_rng([seed, 11])
    count = round(LONG_S / HOP_S) * ENCODER_MEL.hop
    noises = [0.1 * coloured_noise(count, rng.uniform(-8.0, 2.0), rng) for _ in range(NOISES)]
    things = [unfelt_sound(rng, LONG_S) for _ in range(THINGS)]
    return [log_mel(one, ENCODER_MEL) for one in noises], [log_mel(one, ENCODER_MEL) for one in things]


def spoiled(mel: Float32, around: Surroundings, rng: np.random.Generator) -> Float32:
    """A sound, float32 [hops, mels], as some room and some microphone would hand it on; a quarter stays clean."""
    mel = recolour(mel, rng)
    if rng.random() < CLEAN_SHARE:
        return mel
    power = np.maximum(np.exp(mel) - ENCODER_MEL.floor, 0.0)
    if rng.random() < 0.45:
        power = _in_room(power, rng.uniform(0.2, 1.7), rng.uniform(-8.0, 8.0), rng)
    if rng.random() < 0.75:
        power = _beside(power, _background(len(power), around, rng), rng.uniform(3.0, 32.0))
    if rng.random() < 0.5:
        noise = _stretch(around.noises[int(rng.integers(len(around.noises)))], len(power), rng)
        power = _beside(power, noise, rng.uniform(25.0, 60.0))
    if rng.random() < 0.25:
        power = _distorted(power, rng.uniform(8.0, 30.0), rng)
    if rng.random() < 0.25:
        power = power * _band_limit(power.shape[1], rng)
    return np.asarray(np.log(power + ENCODER_MEL.floor), np.float32)


def pink_noise(seed: int = 77) -> Float32:
    """Log-mel [hops, mels] of steady pink noise."""
    count = round(LONG_S / HOP_S) * ENCODER_MEL.hop
    return log_mel(0.1 * coloured_noise(count, PINK, np.random.default_rng(seed)), ENCODER_MEL)


def with_noise(mel: Float32, noise: Spectrum, below_db: float, rng: np.random.Generator) -> Float32:
    """Log-mel of a voice with some stretch of a noise, so far below it."""
    power = np.maximum(np.exp(mel) - ENCODER_MEL.floor, 0.0)
    both = _beside(power, _stretch(noise, len(power), rng), below_db)
    return np.asarray(np.log(both + ENCODER_MEL.floor), np.float32)


def level_of(power: Float32) -> float:
    """Mean power of the hops that are within 30 dB of the loudest."""
    by_hop = power.mean(axis=1)
    return float(by_hop[by_hop >= QUIETER * by_hop.max()].mean())


def _background(hops: int, around: Surroundings, rng: np.random.Generator) -> Float32:
    kind = rng.random()
    if kind < 0.45 or not around.voices:
        return _stretch(around.noises[int(rng.integers(len(around.noises)))], hops, rng)
    if kind < 0.70:
        chosen = rng.choice(
            len(around.voices), min(int(rng.integers(2, 8)), len(around.voices)), replace=False
        )
        voices = [_stretch(around.voices[place], hops, rng) for place in chosen]
        return np.asarray(sum(voice / max(level_of(voice), 1e-12) for voice in voices), np.float32)
    pool = around.music if kind < 0.88 and around.music else around.things
    return _stretch(pool[int(rng.integers(len(pool)))], hops, rng)


def _stretch(mel: Spectrum, hops: int, rng: np.random.Generator) -> Float32:
    """Power of `hops` hops from anywhere in a sound, repeated where it is short."""
    start = int(rng.integers(len(mel)))
    taken = np.take(mel, np.arange(start, start + hops) % len(mel), axis=0)
    return np.asarray(np.exp(taken.astype(np.float32)), np.float32)


def _beside(power: Float32, other: Float32, below_db: float) -> Float32:
    gain = level_of(power) * 10.0 ** (-below_db / 10.0) / max(level_of(other), 1e-12)
    return np.asarray(power + gain * other, np.float32)


def _in_room(power: Float32, decay_s: float, direct_db: float, rng: np.random.Generator) -> Float32:
    """Direct sound and a tail whose high bands die sooner; the tail begins one hop late and flutters."""
    bands = power.shape[1]
    by_band = decay_s * np.linspace(1.0, rng.uniform(0.35, 0.8), bands)
    falls = np.exp(-13.8 * HOP_S / by_band)
    tail = np.empty_like(power)
    for band, fall in enumerate(falls):
        tail[:, band] = lfilter([0.0, 1.0 - fall], [1.0, -fall], power[:, band])
    tail *= rng.standard_gamma(5.0, power.shape).astype(np.float32) / 5.0
    return np.asarray(power + 10.0 ** (-direct_db / 10.0) * tail, np.float32)


def _distorted(power: Float32, below_db: float, rng: np.random.Generator) -> Float32:
    """What clipping and codecs add: wide-band rubbish that goes with the voice, and flatter dynamics."""
    by_hop = power.mean(axis=1, keepdims=True)
    tilt = np.exp(rng.uniform(-3.0, 1.5) * np.linspace(0.0, 1.0, power.shape[1]))
    added = by_hop * 10.0 ** (-below_db / 10.0) * tilt * rng.standard_gamma(2.0, power.shape) / 2.0
    level = level_of(power)
    squeeze = (np.maximum(by_hop, 1e-6 * level) / level) ** -rng.uniform(0.0, 0.4)
    return np.asarray((power + added) * np.where(by_hop > 0.01 * level, squeeze, 1.0), np.float32)


def _band_limit(bands: int, rng: np.random.Generator) -> Float32:
    """Gain by band of a small microphone or a narrow line."""
    place = np.arange(bands)
    low, high = rng.uniform(-2.0, 12.0), rng.uniform(0.62, 1.05) * bands
    return np.asarray(
        1.0 / (1.0 + np.exp(2.0 * (low - place))) / (1.0 + np.exp(2.0 * (place - high))), np.float32
    )
