"""What happens to a voice on its way: noise, rooms, other voices, music, codecs, clipping. Mono float32 at 24 kHz."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
import soundfile
from scipy.signal import fftconvolve

from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32

FRAME = 480
"""20 ms: what the level of a voice is measured in."""
QUIETER_DB = 30.0
"""Frames this much below the loudest one are pauses."""
SPEED_OF_SOUND_M_S = 343.0


def voice_level(samples: Float32) -> float:
    """RMS of a voice without its pauses: of the frames within `QUIETER_DB` of the loudest; 0 of digital silence."""
    count = max(1, len(samples) // FRAME)
    power = np.square(np.resize(samples, count * FRAME).astype(np.float64)).reshape(count, -1).mean(axis=1)
    loud = power > power.max() * 10.0 ** (-QUIETER_DB / 10.0)
    return float(np.sqrt(power[loud].mean())) if loud.any() else 0.0


def beside(samples: Float32, other: Float32, below_db: float) -> Float32:
    """`samples` with `other` (as long) mixed in, its level `below_db` under the voice's."""
    level = voice_level(other)
    if level == 0.0:
        return samples
    gain = voice_level(samples) * 10.0 ** (-below_db / 20.0) / level
    return np.asarray(samples + np.float32(gain) * other, np.float32)


def gained(samples: Float32, gain_db: float) -> Float32:
    """Louder by `gain_db`."""
    return np.asarray(samples * np.float32(10.0 ** (gain_db / 20.0)), np.float32)


def coloured_noise(count: int, db_per_octave: float, rng: np.random.Generator) -> Float32:
    """Steady noise that falls by so much an octave from 20 Hz on, RMS 1: -3 is pink, -6 brown, 0 white."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    octave = np.log2(np.maximum(np.fft.rfftfreq(count, 1.0 / SAMPLE_RATE_HZ), 20.0) / 20.0)
    noise = np.fft.irfft(spectrum * 10.0 ** (db_per_octave * octave / 20.0), count)
    return np.asarray(noise / np.sqrt(np.mean(np.square(noise))), np.float32)


def room_response(decay_s: float, direct_db: float, rng: np.random.Generator) -> Float32:
    """Impulse response of a room: the direct sound, some early echoes, a tail that falls by 60 dB in `decay_s`.

    direct_db: energy of the direct sound over that of all the rest. The tail's high notes die sooner: its decay at
    8 kHz is 0.4 of that at low notes.
    """
    count = int(1.2 * decay_s * SAMPLE_RATE_HZ)
    time_s = np.arange(count) / SAMPLE_RATE_HZ
    tail = np.zeros(count)
    for low_hz, high_hz, share in (
        (20, 500, 1.0),
        (500, 2_000, 0.85),
        (2_000, 5_000, 0.6),
        (5_000, 12_000, 0.4),
    ):
        spectrum = np.fft.rfft(rng.standard_normal(count))
        frequency = np.fft.rfftfreq(count, 1.0 / SAMPLE_RATE_HZ)
        spectrum[(frequency < low_hz) | (frequency >= high_hz)] = 0.0
        tail += np.fft.irfft(spectrum, count) * 10.0 ** (-3.0 * time_s / (share * decay_s))
    before = int((0.004 + 0.02 * decay_s) * SAMPLE_RATE_HZ)
    tail[:before] = 0.0
    for _ in range(8):
        tail[int(rng.uniform(0.2, 1.5) * before)] += rng.choice((-1.0, 1.0)) * rng.uniform(0.5, 2.0)
    tail *= np.sqrt(10.0 ** (-direct_db / 10.0) / np.square(tail).sum())
    tail[0] = 1.0
    return np.asarray(tail, np.float32)


def in_room(samples: Float32, response: Float32) -> Float32:
    """The voice in that room, at its level before, cut to its length."""
    heard = np.asarray(fftconvolve(samples, response)[: len(samples)], np.float32)
    level = voice_level(heard)
    return heard * np.float32(voice_level(samples) / level) if level > 0.0 else samples


def babble(voices: Sequence[Float32], count: int, rng: np.random.Generator) -> Float32:
    """Several voices at once, each at the same level from a place in it drawn at random, for `count` samples."""
    mixed = np.zeros(count, np.float32)
    for voice in voices:
        level = voice_level(voice)
        if level > 0.0:
            mixed += np.resize(np.roll(voice, int(rng.integers(len(voice)))), count) / np.float32(level)
    return mixed


def stretch_of(sound: Float32, count: int, rng: np.random.Generator) -> Float32:
    """`count` samples of a longer sound from anywhere in it; a shorter one is repeated."""
    if len(sound) <= count:
        return np.resize(sound, count)
    start = int(rng.integers(len(sound) - count + 1))
    return sound[start : start + count]


def clipped(samples: Float32, share: float) -> Float32:
    """Driven so far into the converter that `share` of the samples of the voice stand at full scale."""
    loud = np.abs(samples[np.abs(samples) > 0.1 * voice_level(samples)])
    if not len(loud):
        return samples
    threshold = max(float(np.quantile(loud, 1.0 - share)), 1e-6)
    return np.asarray(np.clip(samples / np.float32(threshold), -1.0, 1.0), np.float32)


def coded(samples: Float32, level: float = 0.95) -> Float32:
    """Through MP3 and back, at the lower rates of libsndfile's encoder: 0.95 is 16 kbit/s, 0.99 is 8."""
    file = io.BytesIO()
    soundfile.write(
        file, samples, SAMPLE_RATE_HZ, format="MP3", subtype="MPEG_LAYER_III", compression_level=level,
        bitrate_mode="CONSTANT",
    )  # fmt: skip
    file.seek(0)
    decoded, _ = soundfile.read(file, dtype="float32")
    return np.asarray(np.resize(decoded, len(samples)), np.float32)
