"""Twenty-one sounds that feel nothing, made by script: claps, drums, hum, typing, traffic, birds, animals.

They are for measuring. What training hears of such sounds is made by other means (`unfelt.py`), so that naming none of
these is no feat of memory.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.signal import butter, lfilter, sosfilt

from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32

LONG_S = 6.0
PEAK = 0.5
Float64 = NDArray[np.float64]
Formants = tuple[tuple[float, float], ...]
"""Centre and width in Hz of each."""
Make = Callable[[np.random.Generator], Float64]
_COUNT = round(LONG_S * SAMPLE_RATE_HZ)


def _time(seconds: float) -> Float64:
    return np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ


def _band(samples: Float64, low_hz: float, high_hz: float, order: int = 2) -> Float64:
    return np.asarray(
        sosfilt(butter(order, (low_hz, high_hz), "band", fs=SAMPLE_RATE_HZ, output="sos"), samples)
    )


def _low(samples: Float64, high_hz: float) -> Float64:
    return np.asarray(sosfilt(butter(2, high_hz, fs=SAMPLE_RATE_HZ, output="sos"), samples))


def _placed(hits: list[tuple[float, Float64]]) -> Float64:
    """Sounds at their moments in seconds, summed."""
    whole = np.zeros(_COUNT)
    for at_s, hit in hits:
        start = int(at_s * SAMPLE_RATE_HZ)
        hit = hit[: max(0, _COUNT - start)]
        whole[start : start + len(hit)] += hit
    return whole


def _burst(rng: np.random.Generator, low_hz: float, high_hz: float, fall_s: float) -> Float64:
    time_s = _time(8.0 * fall_s)
    return _band(rng.standard_normal(len(time_s)), low_hz, high_hz) * np.exp(-time_s / fall_s)


def _clap(rng: np.random.Generator) -> Float64:
    middle_hz = rng.uniform(900.0, 1_800.0)
    return _burst(rng, 0.6 * middle_hz, 2.2 * middle_hz, rng.uniform(0.008, 0.02))


def _kick(rng: np.random.Generator) -> Float64:
    time_s = _time(0.3)
    sweep_hz = 48.0 + 110.0 * np.exp(-time_s / 0.03)
    body = np.sin(2.0 * np.pi * np.cumsum(sweep_hz) / SAMPLE_RATE_HZ) * np.exp(-time_s / 0.09)
    return np.asarray(1.6 * body + 0.1 * rng.standard_normal(len(time_s)) * np.exp(-time_s / 0.004))


def _snare(rng: np.random.Generator) -> Float64:
    time_s = _time(0.2)
    tone = np.sin(2.0 * np.pi * 190.0 * time_s) * np.exp(-time_s / 0.05)
    noise = _band(rng.standard_normal(len(time_s)), 1_000.0, 8_000.0) * np.exp(-time_s / 0.06)
    return np.asarray(0.5 * tone + 0.9 * noise)


def _hat(rng: np.random.Generator, fall_s: float = 0.025) -> Float64:
    return 0.6 * _burst(rng, 6_000.0, 11_000.0, fall_s)


def _tom(rng: np.random.Generator) -> Float64:
    time_s = _time(0.4)
    pitch_hz = rng.choice((90.0, 120.0, 160.0)) * (1.0 + 0.3 * np.exp(-time_s / 0.05))
    return np.asarray(np.sin(2.0 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ) * np.exp(-time_s / 0.14))


def _claps_in_time(rng: np.random.Generator) -> Float64:
    return _placed([(0.2 + 0.5 * beat + rng.normal(0.0, 0.01), _clap(rng)) for beat in range(11)])


def _applause(rng: np.random.Generator) -> Float64:
    return _placed([(at_s, _clap(rng) * rng.uniform(0.2, 1.0)) for at_s in rng.uniform(0.0, LONG_S, 420)])


def _snaps(rng: np.random.Generator) -> Float64:
    return _placed([(0.3 + 0.6 * beat, _burst(rng, 2_000.0, 4_500.0, 0.006)) for beat in range(9)])


def _loop(rng: np.random.Generator, beats_a_minute: float, pattern: str) -> Float64:
    """A drum machine: one letter a sixteenth, k, s, h, t or a dot."""
    kinds = {"k": _kick, "s": _snare, "h": _hat, "t": _tom}
    step_s = 15.0 / beats_a_minute
    count = int(LONG_S / step_s)
    names = (pattern * (1 + count // len(pattern)))[:count]
    return _placed(
        [(place * step_s, kinds[name](rng)) for place, name in enumerate(names) if name != "."]
        + [(place * step_s, 0.3 * _hat(rng)) for place in range(0, count, 2)]
    )


def _hum(rng: np.random.Generator, mains_hz: float, weights: tuple[float, ...]) -> Float64:
    time_s = _time(LONG_S)
    tones = sum(
        weight * np.sin(2.0 * np.pi * mains_hz * number * time_s + rng.uniform(0.0, 6.3))
        for number, weight in enumerate(weights, start=1)
    )
    return np.asarray(tones + 0.01 * rng.standard_normal(_COUNT))


def _ventilator(rng: np.random.Generator) -> Float64:
    time_s = _time(LONG_S)
    air = _low(rng.standard_normal(_COUNT), 900.0) * (1.0 + 0.3 * np.sin(2.0 * np.pi * 21.0 * time_s))
    return air + 0.15 * np.sin(2.0 * np.pi * 147.0 * time_s)


def _typing(rng: np.random.Generator, keys_a_second: float) -> Float64:
    moments = np.cumsum(rng.exponential(1.0 / keys_a_second, int(LONG_S * keys_a_second)) + 0.03)
    hits = []
    for at_s in moments[moments < LONG_S - 0.2]:
        down = _burst(rng, 1_500.0, 5_000.0, 0.004) + 0.6 * _burst(rng, 200.0, 500.0, 0.008)[:768]
        hits += [(float(at_s), down * rng.uniform(0.5, 1.0)), (float(at_s) + 0.07, 0.3 * down)]
    return _placed(hits)


def _road(rng: np.random.Generator) -> Float64:
    swell = 1.0 + 0.4 * np.sin(2.0 * np.pi * 0.21 * _time(LONG_S))
    return _low(rng.standard_normal(_COUNT), 300.0) * swell + 0.05 * _band(
        rng.standard_normal(_COUNT), 700.0, 1_500.0
    )


def _passing_cars(rng: np.random.Generator) -> Float64:
    time_s = _time(LONG_S)
    whole = 0.05 * _low(rng.standard_normal(_COUNT), 400.0)
    for at_s in (1.2, 3.1, 5.0):
        near = 1.0 / (1.0 + np.square((time_s - at_s) / 0.45))
        tyres = _band(rng.standard_normal(_COUNT), 500.0, 1_800.0)
        whole = whole + near * (tyres + _low(rng.standard_normal(_COUNT), 200.0))
    return whole


def _motorbike(rng: np.random.Generator) -> Float64:
    time_s = _time(LONG_S)
    turns_hz = 38.0 + 14.0 * np.sin(2.0 * np.pi * 0.17 * time_s) + rng.normal(0.0, 0.5, _COUNT)
    phase = np.cumsum(turns_hz) / SAMPLE_RATE_HZ
    explosions = np.exp(-12.0 * (phase % 1.0)) - 0.08
    return _low(explosions * (1.0 + 0.2 * rng.standard_normal(_COUNT)), 2_500.0)


def _chirps(rng: np.random.Generator) -> Float64:
    hits = []
    for start_s in np.arange(0.2, LONG_S - 0.6, 0.9):
        for number in range(int(rng.integers(2, 6))):
            time_s = _time(rng.uniform(0.05, 0.12))
            share = time_s / time_s[-1]
            pitch_hz = rng.uniform(2_800.0, 4_200.0) + rng.uniform(-1_200.0, 1_800.0) * share
            tone = np.sin(2.0 * np.pi * np.cumsum(pitch_hz) / SAMPLE_RATE_HZ) * np.sin(np.pi * share)
            hits.append((float(start_s) + 0.13 * number, np.asarray(tone)))
    return _placed(hits)


def _crickets(rng: np.random.Generator) -> Float64:
    time_s = _time(LONG_S)
    pulses = np.clip(np.sin(2.0 * np.pi * 28.0 * time_s), 0.0, None) * (
        np.sin(2.0 * np.pi * 1.6 * time_s) > -0.3
    )
    return np.asarray(np.sin(2.0 * np.pi * 4_600.0 * time_s) * pulses + 0.01 * rng.standard_normal(_COUNT))


def _voiced(pitch_hz: Float64, formants: Formants, rough: float, rng: np.random.Generator) -> Float64:
    """Pulses of a throat through resonances (Hz, width in Hz)."""
    phase = np.cumsum(pitch_hz * (1.0 + rough * rng.standard_normal(len(pitch_hz)))) / SAMPLE_RATE_HZ
    pulses = np.diff(np.floor(phase), prepend=0.0) + 0.02 * rng.standard_normal(len(phase))
    whole = np.zeros(len(phase))
    for centre_hz, width_hz in formants:
        radius = np.exp(-np.pi * width_hz / SAMPLE_RATE_HZ)
        turn = 2.0 * np.pi * centre_hz / SAMPLE_RATE_HZ
        whole += lfilter([1.0 - radius], [1.0, -2.0 * radius * np.cos(turn), radius**2], pulses)
    return whole


def _calls(rng: np.random.Generator, every_s: float, long_s: float, pitch: tuple[float, float, float],
           formants: Formants, rough: float) -> Float64:  # fmt: skip
    """The same call again and again: pitch at its beginning, middle and end, in Hz."""
    hits = []
    for start_s in np.arange(0.3, LONG_S - long_s, every_s):
        share = np.linspace(0.0, 1.0, round(long_s * SAMPLE_RATE_HZ))
        pitch_hz = np.interp(share, (0.0, 0.4, 1.0), pitch) * rng.uniform(0.93, 1.07)
        call = _voiced(pitch_hz, formants, rough, rng) * np.sin(np.pi * share) ** 0.5
        hits.append((float(start_s), call))
    return _placed(hits)


_BARK = ((600.0, 150.0), (1_300.0, 200.0), (2_600.0, 400.0))
_MOO = ((350.0, 90.0), (800.0, 150.0), (2_000.0, 400.0))
_CAW = ((1_400.0, 250.0), (2_100.0, 300.0))
_MEOW = ((900.0, 120.0), (1_900.0, 200.0), (3_200.0, 400.0))

THINGS: dict[str, Make] = {
    "claps in time": _claps_in_time,
    "applause": _applause,
    "finger snaps": _snaps,
    "four on the floor": partial(_loop, beats_a_minute=124.0, pattern="k...k...k...k..."),
    "rock drums": partial(_loop, beats_a_minute=100.0, pattern="k.h.s.h.k.k.s.h."),
    "breakbeat": partial(_loop, beats_a_minute=165.0, pattern="k.k.s..s.sk.s..."),
    "toms": partial(_loop, beats_a_minute=90.0, pattern="t.t.tt.t"),
    "hi-hats": lambda rng: _placed(
        [(0.125 * step, _hat(rng, 0.04 if step % 4 == 2 else 0.02)) for step in range(46)]
    ),
    "mains hum of 50 Hz": partial(_hum, mains_hz=50.0, weights=(1.0, 0.5, 0.3, 0.2, 0.1, 0.1, 0.05)),
    "transformer of 60 Hz": partial(_hum, mains_hz=60.0, weights=(0.2, 1.0, 0.1, 0.6, 0.05, 0.3, 0.02, 0.2)),
    "ventilator": _ventilator,
    "slow typing": partial(_typing, keys_a_second=3.0),
    "fast typing": partial(_typing, keys_a_second=9.0),
    "road from afar": _road,
    "passing cars": _passing_cars,
    "motorbike": _motorbike,
    "birds": _chirps,
    "crickets": _crickets,
    "crow": partial(_calls, every_s=1.1, long_s=0.4, pitch=(420.0, 480.0, 380.0), formants=_CAW, rough=0.25),
    "dog": partial(
        _calls, every_s=0.75, long_s=0.18, pitch=(300.0, 420.0, 200.0), formants=_BARK, rough=0.15
    ),
    "cow and cat": lambda rng: (
        _calls(rng, 2.6, 1.4, (110.0, 150.0, 95.0), _MOO, 0.05)
        + np.roll(_calls(rng, 2.6, 0.7, (500.0, 720.0, 450.0), _MEOW, 0.02), round(1.5 * SAMPLE_RATE_HZ))
    ),
}
"""By name."""


def thing(name: str, seed: int = 0) -> Float32:
    """One of `THINGS`, six seconds of float32 at 24 kHz; the same seed gives the same sound."""
    rng = np.random.default_rng([seed, list(THINGS).index(name)])
    made = THINGS[name](rng)
    return np.asarray(PEAK * made / np.abs(made).max(), np.float32)
