"""Loudness hop by hop: RMS in dBFS and momentary LUFS (ITU-R BS.1770-5, EBU Tech 3341)."""

from __future__ import annotations

import cmath
import math
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.records import HOP_SAMPLES, SAMPLE_RATE_HZ, Float32

Float64 = NDArray[np.float64]

FLOOR_DB = -120.0
_FLOOR_POWER = 10.0 ** (FLOOR_DB / 10.0)
RMS_HOPS = 5
MOMENTARY_HOPS = 40
REFERENCE_HZ = 997.0
"""Where K-weighted loudness equals the plain level: the standard's test tone."""


@dataclass(frozen=True, slots=True)
class Biquad:
    """Second-order section `b0 + b1 z^-1 + b2 z^-2` over `1 + a1 z^-1 + a2 z^-2`."""

    b0: float
    b1: float
    b2: float
    a1: float
    a2: float


def k_weighting(rate_hz: float) -> tuple[Biquad, Biquad]:
    """The two K-weighting filters at any rate: high shelf, then high-pass.

    BS.1770 tabulates them for 48 kHz only; these are the analogue prototypes behind that table (De Man, 2014), brought
    to `rate_hz` by the bilinear transform.
    """
    shelf_hz, shelf_db, shelf_q = 1681.974450955533, 3.999843853973347, 0.7071752369554196
    k = math.tan(math.pi * shelf_hz / rate_hz)
    high = 10.0 ** (shelf_db / 20.0)
    band = high**0.4996667741545416
    a0 = 1.0 + k / shelf_q + k * k
    shelf = Biquad(
        (high + band * k / shelf_q + k * k) / a0,
        2.0 * (k * k - high) / a0,
        (high - band * k / shelf_q + k * k) / a0,
        2.0 * (k * k - 1.0) / a0,
        (1.0 - k / shelf_q + k * k) / a0,
    )
    pass_hz, pass_q = 38.13547087602444, 0.5003270373238773
    k = math.tan(math.pi * pass_hz / rate_hz)
    a0 = 1.0 + k / pass_q + k * k
    high_pass = Biquad(1.0, -2.0, 1.0, 2.0 * (k * k - 1.0) / a0, (1.0 - k / pass_q + k * k) / a0)
    return shelf, high_pass


def gain_db(sections: tuple[Biquad, ...], frequency_hz: float, rate_hz: float) -> float:
    """Gain of a cascade at one frequency, in dB."""
    z = cmath.exp(-2j * math.pi * frequency_hz / rate_hz)
    response = 1.0 + 0.0j
    for s in sections:
        response *= (s.b0 + s.b1 * z + s.b2 * z * z) / (1.0 + s.a1 * z + s.a2 * z * z)
    return 20.0 * math.log10(abs(response))


class BlockFilter:
    """A cascade of biquads run a whole block at a time as one matrix product.

    A recursive filter over `block` samples is linear in those samples and in the state before them, so one matrix
    answers both the output and the next state. On hops of 240 samples that is an order of magnitude quicker than a
    general filter routine, whose cost is its set-up.
    """

    def __init__(self, sections: tuple[Biquad, ...], block: int) -> None:
        self._matrix = _block_matrix(sections, block)
        self._input: Float32 = np.zeros(self._matrix.shape[1], dtype=np.float32)
        output: Float32 = np.zeros(self._matrix.shape[0], dtype=np.float32)
        self._samples, self._before = self._input[:block], self._input[block:]
        self._output, self._filtered, self._after = output, output[:block], output[block:]

    def push(self, samples: Float32) -> Float32:
        """float32 [block] -> filtered float32 [block], valid until the next call."""
        self._samples[:] = samples
        np.dot(self._matrix, self._input, out=self._output)
        self._before[:] = self._after
        return self._filtered

    def reset(self) -> None:
        """Forget the past."""
        self._input[:] = 0.0


class LoudnessMeter:
    """Loudness of a stream of hops. Not thread-safe."""

    # Two halves: OpenBLAS would wake its threads for one product of the whole hop.
    _PARTS = 2

    def __init__(self, rate_hz: int = SAMPLE_RATE_HZ, hop: int = HOP_SAMPLES) -> None:
        self._part = hop // self._PARTS
        self._hop = hop
        sections = k_weighting(rate_hz)
        self._weighting = BlockFilter(sections, self._part)
        # -0.691 in the standard, at 48 kHz; the bilinear transform moves it a little at other rates.
        self._offset_db = -gain_db(sections, REFERENCE_HZ, rate_hz)
        self._mean: deque[float] = deque(maxlen=RMS_HOPS)
        self._power: deque[float] = deque(maxlen=RMS_HOPS)
        self._weighted_power: deque[float] = deque(maxlen=MOMENTARY_HOPS)
        self._ones: Float32 = np.ones(hop, dtype=np.float32)
        self._scale = 10.0 ** (self._offset_db / 10.0)
        self.weighted = 0.0
        """Mean K-weighted power of the newest hop; its 10 log10 is LUFS."""

    def step(self, samples: Float32) -> tuple[float, float]:
        """Take one hop, float32 [hop]: (RMS over 50 ms in dBFS, momentary LUFS over 400 ms), both at least -120.

        A full-scale sine of 997 Hz reads -3.01 in both. The RMS is taken about the mean, so that a sound card's DC
        offset does not hold the silence gate open.
        """
        weighted = 0.0
        for start in range(0, self._hop, self._part):
            filtered = self._weighting.push(samples[start : start + self._part])
            weighted += float(np.dot(filtered, filtered))
        self._mean.append(float(np.dot(samples, self._ones)) / self._hop)
        self._power.append(float(np.dot(samples, samples)) / self._hop)
        self._weighted_power.append(weighted / self._hop)
        self.weighted = weighted / self._hop * self._scale
        # Summed anew each hop: a running sum would keep the rounding errors of weeks. Missing hops count as silence.
        mean = sum(self._mean) / RMS_HOPS
        rms = decibels(sum(self._power) / RMS_HOPS - mean * mean)
        lufs = decibels(sum(self._weighted_power) / MOMENTARY_HOPS) + self._offset_db
        return rms, max(FLOOR_DB, lufs)

    def peek_rms(self, samples: Float32) -> float:
        """The RMS of `step`, were float32 [hop] the next hop; nothing is remembered of it."""
        earlier = RMS_HOPS - 1
        mean = sum([*self._mean][-earlier:]) + float(np.add.reduce(samples)) / self._hop
        power = sum([*self._power][-earlier:]) + float(np.dot(samples, samples)) / self._hop
        return decibels(power / RMS_HOPS - (mean / RMS_HOPS) ** 2)

    def reset(self) -> None:
        """Forget what was heard."""
        self._weighting.reset()
        self._mean.clear()
        self._power.clear()
        self._weighted_power.clear()


def decibels(power: float) -> float:
    """10 log10 of a power, never below `FLOOR_DB`."""
    return 10.0 * math.log10(max(power, _FLOOR_POWER))


def _block_matrix(sections: tuple[Biquad, ...], block: int) -> Float32:
    """[block + states, block + states]: samples and state before -> outputs and state after."""
    step, drive, read, through = _cascade(sections)
    states = len(drive)
    powers = [np.eye(states)]
    for _ in range(block):
        powers.append(powers[-1] @ step)
    response = np.array([through] + [read @ powers[lag] @ drive for lag in range(block - 1)])
    matrix = np.zeros((block + states, block + states))
    for row in range(block):
        matrix[row, : row + 1] = response[row::-1]
        matrix[row, block:] = read @ powers[row]
    for column in range(block):
        matrix[block:, column] = powers[block - 1 - column] @ drive
    matrix[block:, block:] = powers[block]
    return np.ascontiguousarray(matrix, dtype=np.float32)


def _cascade(sections: tuple[Biquad, ...]) -> tuple[Float64, Float64, Float64, float]:
    """State space (A, B, C, D) of biquads in series, each in transposed direct form II."""
    step, drive, read, through = np.zeros((0, 0)), np.zeros(0), np.zeros(0), 1.0
    for s in sections:
        own_step = np.array([[-s.a1, 1.0], [-s.a2, 0.0]])
        own_drive = np.array([s.b1 - s.a1 * s.b0, s.b2 - s.a2 * s.b0])
        own_read = np.array([1.0, 0.0])
        size = len(drive)
        joined = np.zeros((size + 2, size + 2))
        joined[:size, :size] = step
        joined[size:, :size] = np.outer(own_drive, read)
        joined[size:, size:] = own_step
        step, drive = joined, np.concatenate([drive, own_drive * through])
        read = np.concatenate([s.b0 * read, own_read])
        through *= s.b0
    return step, drive, read, through
