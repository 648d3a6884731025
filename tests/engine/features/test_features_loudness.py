"""Loudness against the standard's own figures and against a general filter routine."""

import numpy as np
import pytest

from chromesthesia.core.records import HOP_SAMPLES, SAMPLE_RATE_HZ
from chromesthesia.features.loudness import BlockFilter, LoudnessMeter, gain_db, k_weighting


def _sine(frequency_hz: float, level_db: float = 0.0, seconds: float = 1.0) -> np.ndarray:
    t = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return (10 ** (level_db / 20) * np.sin(2 * np.pi * frequency_hz * t)).astype(np.float32)


def _read(sound: np.ndarray) -> tuple[float, float]:
    meter = LoudnessMeter()
    return [meter.step(hop) for hop in sound.reshape(-1, HOP_SAMPLES)][-1]


def test_full_scale_997_hz_reads_minus_3_01() -> None:
    rms, lufs = _read(_sine(997.0))
    assert lufs == pytest.approx(-3.01, abs=0.01)
    assert rms == pytest.approx(-3.01, abs=0.01)


@pytest.mark.parametrize("level_db", [-6.0, -23.0, -60.0])
def test_level_is_linear_in_decibels(level_db: float) -> None:
    rms, lufs = _read(_sine(997.0, level_db))
    assert (rms, lufs) == pytest.approx((level_db - 3.01, level_db - 3.01), abs=0.01)


def test_k_weighting_at_48_khz_is_the_standards_table() -> None:
    shelf, high_pass = k_weighting(48_000)
    assert gain_db((shelf, high_pass), 997.0, 48_000) == pytest.approx(0.691, abs=0.001)
    table = [1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585]
    assert [shelf.b0, shelf.b1, shelf.b2, shelf.a1, shelf.a2] == pytest.approx(table, abs=1e-9)
    assert [high_pass.a1, high_pass.a2] == pytest.approx([-1.99004745483398, 0.99007225036621], abs=1e-9)


@pytest.mark.parametrize("frequency_hz", [30.0, 100.0, 1000.0, 2000.0, 4000.0, 8000.0])
def test_k_weighting_at_our_rate_follows_the_standard(frequency_hz: float) -> None:
    ours = gain_db(k_weighting(SAMPLE_RATE_HZ), frequency_hz, SAMPLE_RATE_HZ)
    assert ours == pytest.approx(gain_db(k_weighting(48_000), frequency_hz, 48_000), abs=0.2)


def test_block_filter_equals_the_recursion() -> None:
    samples = np.random.default_rng(0).standard_normal(2400).astype(np.float32)
    expected = samples.astype(np.float64)
    for s in k_weighting(SAMPLE_RATE_HZ):
        first = second = 0.0
        for i, x in enumerate(expected):
            y = s.b0 * x + first
            first, second = s.b1 * x - s.a1 * y + second, s.b2 * x - s.a2 * y
            expected[i] = y
    block = BlockFilter(k_weighting(SAMPLE_RATE_HZ), 120)
    streamed = np.concatenate([block.push(part).copy() for part in samples.reshape(-1, 120)])
    np.testing.assert_allclose(streamed, expected, atol=1e-4)


def test_dc_offset_and_rumble_are_not_loud() -> None:
    rms, lufs = _read(np.full(SAMPLE_RATE_HZ, 0.3, dtype=np.float32))
    assert rms < -70
    assert lufs < -60
    assert _read(_sine(10.0))[1] < -20


def test_momentary_loudness_fades_within_its_window() -> None:
    sound = np.concatenate([_sine(997.0), np.zeros(SAMPLE_RATE_HZ, dtype=np.float32)])
    meter = LoudnessMeter()
    readings = [meter.step(hop) for hop in sound.reshape(-1, HOP_SAMPLES)]
    assert readings[100 + 19][1] == pytest.approx(-6.02, abs=0.1)
    assert readings[100 + 5][0] == -120.0
    assert readings[100 + 45][1] == -120.0
