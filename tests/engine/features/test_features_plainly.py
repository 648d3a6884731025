"""What is measured with few calls and carried-on sums is what the plain definitions give."""

from __future__ import annotations

import numpy as np
import pytest

from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32
from chromesthesia.features.bands import CENTROID_FLOOR, CENTROID_LOW_HZ, band_weights
from chromesthesia.features.kind import KindWatch
from chromesthesia.features.mel import DEFAULT_MEL, ENCODER_MEL, log_mel_of_power, power_spectrum
from chromesthesia.features.onset import FLOOR_BELOW_PEAK, LAG_HOPS, OnsetDetector, floor
from chromesthesia.features.pitch import DIP, LONGEST, RATE_HZ, SHORTEST, WINDOW, period_of
from chromesthesia.features.programme import ProgrammeLoudness
from chromesthesia.features.spectra import SpectraMeter
from chromesthesia.features.timbre import NEIGHBOURS, STEPS, Split, rolloff_and_spread


def _sound(count: int, seed: int = 5) -> Float32:
    rng = np.random.default_rng(seed)
    time_s = np.arange(count) / SAMPLE_RATE_HZ
    buzz = sum(np.sin(2 * np.pi * n * 147.0 * time_s) / n for n in range(1, 20))
    return np.asarray(0.2 * buzz + 0.02 * rng.standard_normal(count), dtype=np.float32)


def test_one_measurement_is_both_mels_the_bands_and_the_centroid() -> None:
    window = _sound(DEFAULT_MEL.window)
    measured = SpectraMeter().of(window)
    power = power_spectrum(window)
    heard = power_spectrum(window[-ENCODER_MEL.window :], ENCODER_MEL)
    np.testing.assert_allclose(measured.power, power, rtol=1e-4, atol=1e-9)
    np.testing.assert_allclose(np.log(measured.mels[0]), log_mel_of_power(power), atol=1e-4)
    np.testing.assert_allclose(np.log(measured.mels[1]), log_mel_of_power(heard, ENCODER_MEL), atol=1e-4)
    np.testing.assert_allclose(measured.band_power, band_weights() @ power, rtol=1e-4, atol=1e-9)
    bins_hz = np.fft.rfftfreq(DEFAULT_MEL.fft, 1.0 / SAMPLE_RATE_HZ)
    counted = np.where(bins_hz >= CENTROID_LOW_HZ, power, 0.0)
    assert measured.centroid_hz == pytest.approx(
        (counted @ bins_hz) / (counted.sum() + CENTROID_FLOOR), rel=1e-4
    )


def test_measurements_keep_their_arrays() -> None:
    meter = SpectraMeter()
    first = meter.of(_sound(DEFAULT_MEL.window))
    kept = first.power.copy(), first.mels[:2].copy(), first.band_power.copy()
    meter.of(np.zeros(DEFAULT_MEL.window, np.float32))
    for array, before in zip((first.power, first.mels[:2], first.band_power), kept, strict=True):
        np.testing.assert_array_equal(array, before)


def test_a_rise_is_over_the_floor_and_the_neighbours_two_hops_ago() -> None:
    rng = np.random.default_rng(8)
    mels = np.exp(rng.uniform(-14.0, 0.0, (30, DEFAULT_MEL.mels))).astype(np.float32)
    detector, peak = OnsetDetector(), -np.inf
    earlier: list[Float32] = []
    for mel in mels:
        loudest = detector.loudest(mel)
        flux, _ = detector.step(np.log(mel + np.float32(floor(loudest))), loudest)
        peak = max(peak - 0.005, float(np.log(mel).max()))
        log_mel: Float32 = np.logaddexp(np.log(mel), peak + FLOOR_BELOW_PEAK)
        if len(earlier) >= LAG_HOPS:
            wide = np.pad(earlier[-LAG_HOPS], 1, mode="edge")
            rise = np.maximum(log_mel - np.maximum(np.maximum(wide[:-2], wide[1:-1]), wide[2:]), 0.0)
            assert detector.rise is not None
            np.testing.assert_allclose(detector.rise, rise, atol=1e-4)
            assert flux == pytest.approx(rise.mean(), abs=1e-4)
        earlier.append(log_mel)


@pytest.mark.parametrize("hz", [61.0, 147.3, 440.0, 1210.0])
def test_the_period_is_that_of_yin_as_it_is_written(hz: float) -> None:
    rng = np.random.default_rng(int(hz))
    time_s = np.arange(WINDOW + LONGEST) / RATE_HZ
    sound = np.sin(2 * np.pi * hz * time_s) + 0.4 * np.sin(2 * np.pi * 2 * hz * time_s)
    sound += 0.05 * rng.standard_normal(len(sound))
    late = sound[LONGEST:]
    differences = np.array(
        [np.sum((late - sound[LONGEST - lag : len(sound) - lag]) ** 2) for lag in range(1, LONGEST + 1)]
    )
    dips = differences * np.arange(1, LONGEST + 1) / np.cumsum(differences)
    place = int(np.argmax(dips[SHORTEST - 1 :] < DIP)) + SHORTEST - 1
    while dips[place + 1] < dips[place]:
        place += 1
    before, depth, after = dips[place - 1 : place + 2]
    lag = place + 1 + 0.5 * (before - after) / (before - 2 * depth + after)
    found_hz, periodic = period_of(sound[::-1].astype(np.float32))
    assert found_hz == pytest.approx(RATE_HZ / lag, rel=1e-4)
    assert periodic == pytest.approx(1.0 - depth, abs=1e-4)


def test_the_split_is_that_of_medians() -> None:
    rng = np.random.default_rng(4)
    mels = np.exp(rng.uniform(-8.0, 0.0, (25, 64))).astype(np.float32)
    pairs = mels.reshape(len(mels), 32, 2).sum(axis=2)
    split = Split()
    for number, mel in enumerate(mels):
        harmonic, percussive = split.step(mel)
        past = np.zeros((STEPS, 32))
        known = pairs[max(0, number + 1 - STEPS) : number + 1]
        past[: len(known)] = known
        lasting = np.median(past, axis=0) ** 2
        wide = np.pad(pairs[number], NEIGHBOURS // 2, mode="edge")
        filled = np.median(np.lib.stride_tricks.sliding_window_view(wide, NEIGHBOURS), axis=1) ** 2
        weight = np.sqrt(pairs[number])
        assert harmonic == pytest.approx(
            (weight * lasting / (lasting + filled)).sum() / weight.sum(), abs=1e-4
        )
        assert harmonic + percussive == pytest.approx(1.0)


def test_rolloff_and_spread_are_those_of_the_definition() -> None:
    power = power_spectrum(_sound(DEFAULT_MEL.window))
    bins_hz = np.fft.rfftfreq(DEFAULT_MEL.fft, 1.0 / SAMPLE_RATE_HZ)
    rolloff_hz, spread_hz = rolloff_and_spread(power, 400.0)
    below = power[bins_hz <= rolloff_hz].sum() / power.sum()
    assert below >= 0.85 > below - power[bins_hz == rolloff_hz][0] / power.sum()
    assert spread_hz == pytest.approx(np.sqrt(power @ (bins_hz - 400.0) ** 2 / power.sum()), rel=1e-3)


def test_a_held_pitch_is_music_and_a_gliding_one_with_gaps_is_a_voice() -> None:
    held, gliding = KindWatch(), KindWatch()
    for number in range(100):
        held.step(-20.0, 220.0, 0.01)
        spoken = number % 10 < 6
        gliding.step(-20.0 if spoken else -50.0, 140.0 * 1.03 ** (number % 10) if spoken else 0.0, 0.05)
    for _ in range(20):
        held.decide(0.8, 0.1)
        gliding.decide(0.3, 0.0)
    assert held.shares[1] > 0.7
    assert gliding.shares[0] > 0.7
    assert held.shares.sum() == pytest.approx(1.0, abs=1e-5)


def test_carried_sums_of_a_programme_gate_as_a_second_look_at_all_blocks_does() -> None:
    rng = np.random.default_rng(2)
    powers = 10.0 ** (rng.uniform(-75.0, -10.0, 400) / 10.0)
    programme = ProgrammeLoudness()
    for power in powers:
        programme.block(float(power))
    gates = np.convolve(powers, np.full(4, 0.25), "valid")
    gates = gates[10.0 * np.log10(gates) > -70.0]
    relative = 10.0 * np.log10(gates.mean()) - 10.0
    over = gates[10.0 * np.log10(gates) > relative]
    assert programme.integrated == pytest.approx(10.0 * np.log10(over.mean()), abs=0.1)
