"""The live converter: right samples at every rate, whatever the chunking, with little look-ahead."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chromesthesia.audio.polyphase import PolyphaseResampler
from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32
from chromesthesia.testing.audio import tone

RATES_HZ = (16_000, 22_050, 32_000, 44_100, 48_000, 88_200, 96_000, 192_000)
EDGE = 400


def converted(samples: Float32, rate_hz: int) -> Float32:
    return PolyphaseResampler(rate_hz).push(samples)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
@pytest.mark.parametrize("frequency_hz", [100.0, 1_000.0, 6_900.0])
def test_a_tone_stays_itself_sample_by_sample(rate_hz: int, frequency_hz: float) -> None:
    out = converted(tone(frequency_hz, 0.5, rate_hz), rate_hz)
    expected = tone(frequency_hz, 0.5)[: out.shape[0]]
    assert np.abs(out - expected)[EDGE:].max() < 2e-4


@pytest.mark.parametrize("rate_hz", [rate for rate in RATES_HZ if rate > SAMPLE_RATE_HZ])
def test_what_does_not_fit_is_removed_rather_than_folded_back(rate_hz: int) -> None:
    out = converted(tone(12_100.0, 0.5, rate_hz, level=1.0), rate_hz)[EDGE:-EDGE]
    assert np.abs(out).max() < 10 ** (-75 / 20)


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_output_keeps_up_with_the_input(rate_hz: int) -> None:
    resampler = PolyphaseResampler(rate_hz)
    block = round(rate_hz * 0.005)
    given_s = taken_s = 0.0
    for _ in range(60):
        taken_s += block / rate_hz
        given_s += resampler.push(np.zeros(block, np.float32)).shape[0] / SAMPLE_RATE_HZ
        assert -1e-9 <= taken_s - given_s <= resampler.lookahead_s + 1 / SAMPLE_RATE_HZ
    assert resampler.lookahead_s <= 0.0031


@given(rate_hz=st.sampled_from(RATES_HZ), sizes=st.lists(st.integers(0, 700), min_size=1, max_size=20))
@settings(max_examples=40, deadline=None)
def test_chunking_does_not_matter(rate_hz: int, sizes: list[int]) -> None:
    samples = np.random.default_rng(1).standard_normal(sum(sizes)).astype(np.float32)
    resampler = PolyphaseResampler(rate_hz)
    pieces = [resampler.push(piece) for piece in np.split(samples, np.cumsum(sizes)[:-1])]
    np.testing.assert_allclose(np.concatenate(pieces), converted(samples, rate_hz), atol=1e-5)


def test_24_khz_passes_untouched() -> None:
    samples = tone(440.0, 0.1)
    np.testing.assert_array_equal(converted(samples, SAMPLE_RATE_HZ), samples)


def test_a_rate_of_nought_is_refused() -> None:
    with pytest.raises(ValueError, match="rate_hz=0"):
        PolyphaseResampler(0)
