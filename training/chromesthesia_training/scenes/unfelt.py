"""Sounds that feel nothing, drawn at random for training: hits, hums, noises, sweeps, calls of no animal in particular.

None is made as one of `things.py` is, which measure what was learned.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter

from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32
from chromesthesia_training.scenes.spoil import coloured_noise, in_room, room_response

Float64 = NDArray[np.float64]
LEVELS_DBFS = (-45.0, -8.0)


def unfelt_sound(rng: np.random.Generator, seconds: float) -> Float32:
    """A sound of one or two random kinds, sometimes in a room, at any level: float32 [n] at 24 kHz."""
    count = round(seconds * SAMPLE_RATE_HZ)
    kinds = (_hits, _hits, _hits, _tones, _noise, _sweeps, _calls)
    made = _level(kinds[int(rng.integers(len(kinds)))](count, rng))
    if rng.random() < 0.35:
        other = _level(kinds[int(rng.integers(len(kinds)))](count, rng))
        made = made + rng.uniform(0.1, 1.0) * other
    if rng.random() < 0.3:
        response = room_response(rng.uniform(0.2, 1.2), rng.uniform(-4.0, 8.0), rng)
        made = in_room(made.astype(np.float32), response).astype(np.float64)
    if rng.random() < 0.6:
        hiss = coloured_noise(count, rng.uniform(-7.0, 1.0), rng)
        made = made + 10.0 ** (-rng.uniform(15.0, 50.0) / 20.0) * hiss
    gain = 10.0 ** (rng.uniform(*LEVELS_DBFS) / 20.0)
    return np.asarray(np.clip(gain * _level(np.asarray(made, np.float64)), -1.0, 1.0), np.float32)


def _level(samples: Float64) -> Float64:
    return samples / max(float(np.sqrt(np.mean(np.square(samples)))), 1e-9)


def _moments(count: int, rng: np.random.Generator) -> list[int]:
    """Beginnings of events: in time, swung, in bursts, or by chance."""
    rate_hz = np.exp(rng.uniform(np.log(0.8), np.log(16.0)))
    step = SAMPLE_RATE_HZ / rate_hz
    if rng.random() < 0.55:
        grid = np.arange(rng.uniform(0.0, step), count, step)
        kept = rng.random(8) < rng.uniform(0.4, 1.0)
        grid = grid[np.resize(kept, len(grid))] if kept.any() else grid
        at = grid + rng.normal(0.0, 0.02 * step * rng.integers(0, 2), len(grid))
    else:
        at = np.cumsum(rng.exponential(step, int(2 * rate_hz * count / SAMPLE_RATE_HZ) + 2))
    return [int(place) for place in at if 0 <= place < count] or [int(rng.integers(count // 2 + 1))]


def _hit(rng: np.random.Generator) -> Float64:
    """A struck thing: some modes and a burst of filtered noise, both dying away."""
    fall_s = np.exp(rng.uniform(np.log(0.004), np.log(0.25)))
    time_s = np.arange(int(min(1.0, 6.0 * fall_s) * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    base_hz = np.exp(rng.uniform(np.log(50.0), np.log(3_000.0)))
    whole = np.zeros(len(time_s))
    for _ in range(int(rng.integers(0, 5))):
        mode_hz = base_hz * rng.uniform(1.0, 5.0) * (1.0 + rng.uniform(0.0, 0.8) * np.exp(-time_s / 0.03))
        turns = np.cumsum(mode_hz) / SAMPLE_RATE_HZ
        whole += (
            rng.uniform(0.2, 1.0)
            * np.sin(2.0 * np.pi * turns)
            * np.exp(-time_s / (fall_s * rng.uniform(0.3, 1.5)))
        )
    pole = rng.uniform(-0.9, 0.97)
    noise = lfilter([1.0], [1.0, -pole], rng.standard_normal(len(time_s)))
    if rng.random() < 0.5:
        noise = np.diff(noise, prepend=0.0)
    noise *= np.exp(-time_s / (fall_s * rng.uniform(0.2, 1.0))) / max(float(noise.std()), 1e-9)
    return np.asarray(whole + rng.uniform(0.0, 1.5) * noise)


def _hits(count: int, rng: np.random.Generator) -> Float64:
    things = [_hit(rng) for _ in range(int(rng.integers(1, 5)))]
    whole = np.zeros(count + SAMPLE_RATE_HZ)
    for number, start in enumerate(_moments(count, rng)):
        hit = things[number % len(things)] if rng.random() < 0.7 else things[int(rng.integers(len(things)))]
        whole[start : start + len(hit)] += rng.uniform(0.3, 1.0) * hit
    return whole[:count]


def _tones(count: int, rng: np.random.Generator) -> Float64:
    """A steady harmonic tone, as motors, pipes and cables make."""
    time_s = np.arange(count) / SAMPLE_RATE_HZ
    base_hz = np.exp(rng.uniform(np.log(28.0), np.log(900.0)))
    wobble = 1.0 + rng.uniform(0.0, 0.01) * np.sin(2.0 * np.pi * rng.uniform(0.1, 6.0) * time_s)
    turns = base_hz * np.cumsum(wobble) / SAMPLE_RATE_HZ
    whole = np.zeros(count)
    for number in range(1, int(rng.integers(3, 14))):
        if number * base_hz < 0.45 * SAMPLE_RATE_HZ:
            weight = rng.random() ** 2 * number ** -rng.uniform(0.0, 1.5)
            whole += weight * np.sin(2.0 * np.pi * (number * turns + rng.random()))
    return whole * (1.0 + rng.uniform(0.0, 0.6) * np.sin(2.0 * np.pi * rng.uniform(0.1, 25.0) * time_s))


def _noise(count: int, rng: np.random.Generator) -> Float64:
    """Steady or swelling noise of any colour."""
    time_s = np.arange(count) / SAMPLE_RATE_HZ
    noise = coloured_noise(count, rng.uniform(-9.0, 2.0), rng).astype(np.float64)
    return noise * (1.0 + rng.uniform(0.0, 0.9) * np.sin(2.0 * np.pi * rng.uniform(0.05, 12.0) * time_s))


def _sweeps(count: int, rng: np.random.Generator) -> Float64:
    """Short glides of a pure tone, again and again."""
    whole = np.zeros(count + SAMPLE_RATE_HZ)
    long_s, low_hz = rng.uniform(0.03, 0.4), np.exp(rng.uniform(np.log(300.0), np.log(6_000.0)))
    for start in _moments(count, rng):
        share = np.linspace(0.0, 1.0, int(long_s * rng.uniform(0.6, 1.4) * SAMPLE_RATE_HZ))
        pitch_hz = np.clip(
            low_hz * 2.0 ** (rng.uniform(-0.7, 0.7) + rng.uniform(-1.0, 1.0) * share), 50.0, 10_000.0
        )
        tone = np.sin(2.0 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ) * np.sin(np.pi * share)
        whole[start : start + len(tone)] += tone
    return whole[:count]


def _calls(count: int, rng: np.random.Generator) -> Float64:
    """Rough pulses through one or two resonances, again and again, too short, high, low or rough for speech."""
    whole = np.zeros(count + 2 * SAMPLE_RATE_HZ)
    long_s = rng.uniform(0.05, 0.9)
    base_hz = np.exp(rng.uniform(np.log(40.0), np.log(1_200.0)))
    poles = [(rng.uniform(300.0, 5_000.0), rng.uniform(80.0, 600.0)) for _ in range(int(rng.integers(1, 3)))]
    for start in _moments(count, rng)[: int(10 / long_s)]:
        share = np.linspace(0.0, 1.0, int(long_s * SAMPLE_RATE_HZ))
        pitch_hz = (
            base_hz
            * 2.0 ** (rng.uniform(-0.6, 0.6) * share)
            * (1.0 + rng.uniform(0.0, 0.3) * rng.standard_normal(len(share)))
        )
        pulses = np.diff(
            np.floor(np.cumsum(pitch_hz) / SAMPLE_RATE_HZ), prepend=0.0
        ) + 0.05 * rng.standard_normal(len(share))
        for centre_hz, width_hz in poles:
            radius = np.exp(-np.pi * width_hz / SAMPLE_RATE_HZ)
            turn = np.cos(2.0 * np.pi * centre_hz / SAMPLE_RATE_HZ)
            pulses = lfilter([1.0 - radius], [1.0, -2.0 * radius * turn, radius**2], pulses)
        whole[start : start + len(share)] += pulses * np.sin(np.pi * share) ** 0.5
    return whole[:count]
