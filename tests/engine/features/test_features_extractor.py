"""The streaming features equal the offline ones, whatever the chunks, the gaps and the damage."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chromesthesia.core.records import HOP_SAMPLES, SAMPLE_RATE_HZ, FeatureFrame
from chromesthesia.features.extractor import FeatureExtractor
from chromesthesia.features.mel import log_mel


def _music(seconds: float = 0.6) -> np.ndarray:
    t = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    noise = np.random.default_rng(3).standard_normal(len(t))
    return (0.3 * np.sin(2 * np.pi * 330 * t) * (1 + np.sin(2 * np.pi * 4 * t)) + 0.02 * noise).astype(
        np.float32
    )


SOUND = _music()
WHOLE = FeatureExtractor().push(SOUND, 0, 5.0)


def _same(left: FeatureFrame, right: FeatureFrame) -> None:
    np.testing.assert_array_equal(left.log_mel, right.log_mel)
    np.testing.assert_array_equal(left.bands, right.bands)
    for name in ("index", "end_sample", "rms_dbfs", "lufs_momentary", "centroid_hz", "flux", "onset"):
        assert getattr(left, name) == getattr(right, name), name
    assert left.entered_s == pytest.approx(right.entered_s, abs=1e-9)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(1, 1500), min_size=1, max_size=60))
def test_any_chunking_gives_the_same_frames(lengths: list[int]) -> None:
    extractor = FeatureExtractor()
    frames = []
    at = 0
    for length in [*lengths, len(SOUND)]:
        chunk = SOUND[at : at + length]
        frames += extractor.push(chunk, at, 5.0 + at / SAMPLE_RATE_HZ)
        at += len(chunk)
    assert len(frames) == len(WHOLE) == len(SOUND) // HOP_SAMPLES
    for streamed, offline in zip(frames, WHOLE, strict=True):
        _same(streamed, offline)


def test_mel_equals_the_definition_used_in_training() -> None:
    streamed = np.stack([frame.log_mel for frame in WHOLE])
    np.testing.assert_allclose(streamed, log_mel(SOUND), atol=1e-5)


def test_frame_carries_where_and_when_its_hop_began() -> None:
    extractor = FeatureExtractor()
    assert extractor.push(SOUND[:100], 0, 1.0) == []
    (frame,) = extractor.push(SOUND[100:300], 100, 1.5)
    assert (frame.end_sample, frame.entered_s) == (240, 1.0)
    (frame,) = extractor.push(SOUND[300:500], 300, 2.0)
    assert frame.end_sample == 480
    assert frame.entered_s == pytest.approx(1.5 + 140 / SAMPLE_RATE_HZ)


def test_a_jump_restarts_the_framing_without_an_onset() -> None:
    extractor = FeatureExtractor()
    extractor.push(SOUND[:1000], 0, 0.0)
    frames = extractor.push(SOUND[5000:5480], 70_001, 3.0)
    assert [frame.end_sample for frame in frames] == [70_241, 70_481]
    assert frames[0].entered_s == 3.0
    assert [frame.onset for frame in frames] == [0.0, 0.0]
    assert extractor.restarts == 1


def test_gain_is_applied_before_everything() -> None:
    louder = FeatureExtractor().push(SOUND, 0, 0.0, gain_db=6.0)[-1]
    assert louder.rms_dbfs - WHOLE[-1].rms_dbfs == pytest.approx(6.0, abs=0.01)
    assert louder.lufs_momentary - WHOLE[-1].lufs_momentary == pytest.approx(6.0, abs=0.01)
    assert (louder.log_mel - WHOLE[-1].log_mel).max() == pytest.approx(6.0 * np.log(10) / 10, abs=0.01)


@pytest.mark.parametrize("damage", [np.nan, np.inf, -np.inf, 3e38])
def test_damaged_samples_do_not_poison_what_follows(damage: float) -> None:
    extractor = FeatureExtractor()
    damaged = SOUND.copy()
    damaged[1000] = damage
    frames = extractor.push(damaged, 0, 0.0)
    assert extractor.repaired_hops == 1
    for frame in frames:
        values = [
            frame.rms_dbfs,
            frame.lufs_momentary,
            frame.centroid_hz,
            frame.flux,
            *frame.log_mel,
            *frame.bands,
        ]
        assert np.isfinite(values).all()
    assert frames[-1].lufs_momentary == pytest.approx(WHOLE[-1].lufs_momentary, abs=0.5)


def test_silence_reads_as_silence() -> None:
    frame = FeatureExtractor().push(np.zeros(4800, dtype=np.float32), 0, 0.0)[-1]
    assert (frame.rms_dbfs, frame.lufs_momentary, frame.centroid_hz, frame.flux, frame.onset) == (
        -120,
        -120,
        0,
        0,
        0,
    )
    assert not frame.bands.any()


def test_reset_forgets_the_sound() -> None:
    extractor = FeatureExtractor()
    extractor.push(SOUND, 0, 0.0)
    extractor.reset()
    again = extractor.push(SOUND[:2400], 0, 0.0)
    np.testing.assert_array_equal(again[-1].log_mel, WHOLE[9].log_mel)
    np.testing.assert_array_equal(again[-1].bands, WHOLE[9].bands)
    assert again[-1].lufs_momentary == WHOLE[9].lufs_momentary
    assert extractor.restarts == 0


def test_a_glance_is_what_a_framing_half_a_hop_later_measures() -> None:
    half = HOP_SAMPLES // 2
    later = FeatureExtractor().push(SOUND[half:], 0, 0.0)
    extractor = FeatureExtractor()
    for number in range(12):
        begin = number * HOP_SAMPLES
        glanced = extractor.glance(SOUND[begin : begin + half], begin)
        extractor.push(SOUND[begin : begin + HOP_SAMPLES], begin, begin / SAMPLE_RATE_HZ)
        if number < 5:  # the window is not filled yet
            continue
        assert glanced is not None
        np.testing.assert_array_equal(glanced.log_mel, later[number - 1].log_mel)
        assert glanced.centroid_hz == later[number - 1].centroid_hz
        assert glanced.rms_dbfs == pytest.approx(later[number - 1].rms_dbfs, abs=0.5)
        assert glanced.end_sample == begin + half
        assert glanced.entered_s == pytest.approx((begin - half) / SAMPLE_RATE_HZ)
        assert glanced.index == number - 1


def test_a_glance_follows_the_gain_and_needs_a_hop_before_it() -> None:
    extractor = FeatureExtractor()
    assert extractor.glance(SOUND[:120], 0) is None
    extractor.push(SOUND[:960], 0, 0.0, gain_db=-20.0)
    quiet = extractor.glance(SOUND[960:1080], 960, gain_db=-20.0)
    assert quiet is not None
    assert extractor.glance(SOUND[960:1080], 961) is None, "behind a jump nothing is known"
    plain = FeatureExtractor()
    plain.push(SOUND[:960], 0, 0.0)
    loud = plain.glance(SOUND[960:1080], 960)
    assert loud is not None
    assert quiet.rms_dbfs == pytest.approx(loud.rms_dbfs - 20.0, abs=0.01)
    extractor.reset()
    assert extractor.glance(SOUND[:120], 0) is None
