"""Bands and centroid: right place, slow gain, and quiet in silence."""

import numpy as np
import pytest

from chromesthesia.core.records import BAND_COUNT, SAMPLE_RATE_HZ, FeatureFrame
from chromesthesia.features.bands import band_edges_hz, band_weights
from chromesthesia.features.extractor import FeatureExtractor


def _hear(sound: np.ndarray) -> list[FeatureFrame]:
    return FeatureExtractor().push(sound.astype(np.float32), 0, 0.0)


def _tone(frequency_hz: float, amplitude: float, seconds: float) -> np.ndarray:
    return amplitude * np.sin(
        2 * np.pi * frequency_hz * np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    )


def test_weights_share_out_the_spectrum_once() -> None:
    shares = band_weights().sum(axis=0)
    frequencies = np.fft.rfftfreq(1024, 1 / SAMPLE_RATE_HZ)
    inside = (frequencies > 60) & (frequencies < 10_900)
    np.testing.assert_allclose(shares[inside], 1.0, atol=1e-5)
    assert shares.max() <= 1.0 + 1e-5


@pytest.mark.parametrize("band", range(BAND_COUNT))
def test_a_tone_lights_its_own_band(band: int) -> None:
    edges = band_edges_hz()
    frame = _hear(_tone(float(np.sqrt(edges[band] * edges[band + 1])), 0.05, 0.5))[-1]
    assert frame.bands[band] > 0.9
    far = [other for other in range(BAND_COUNT) if abs(other - band) > 1]
    assert frame.bands[far].max() < 0.35


def test_gain_follows_a_quieter_song_slowly() -> None:
    loud, quiet = _tone(1000, 0.5, 2.0), _tone(1000, 0.05, 8.0)
    levels = [frame.bands[4:6].max() for frame in _hear(np.concatenate([loud, quiet]))]
    just_after, later = levels[250], levels[-1]
    assert just_after < 0.5
    assert later > just_after + 0.2


def test_a_quiet_rooms_noise_is_never_blown_up() -> None:
    noise = 10 ** (-75 / 20) * np.random.default_rng(0).standard_normal(SAMPLE_RATE_HZ * 20)
    loud = _tone(400, 0.5, 1.0)
    frames = _hear(np.concatenate([loud, noise]))[200:]
    assert max(float(frame.bands.max()) for frame in frames) < 0.1


@pytest.mark.parametrize("frequency_hz", [200.0, 1000.0, 5000.0])
def test_centroid_of_a_tone_is_its_frequency(frequency_hz: float) -> None:
    assert _hear(_tone(frequency_hz, 0.3, 0.3))[-1].centroid_hz == pytest.approx(frequency_hz, rel=0.02)


def test_centroid_leaves_out_a_dc_offset() -> None:
    assert _hear(_tone(2000, 0.1, 0.3) + 0.1)[-1].centroid_hz == pytest.approx(2000, rel=0.05)
