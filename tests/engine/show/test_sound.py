"""Capture and listening: sound goes through hop by hop, and its absence is silence, not a standstill."""

from __future__ import annotations

import numpy as np
import pytest

from chromesthesia.audio.ring import Ring
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.records import (
    ENCODER_HOPS,
    HOP_SAMPLES,
    SAMPLE_RATE_HZ,
    STEP_SAMPLES,
    AudioBlock,
    EmotionReading,
    Float32,
    Heard,
)
from chromesthesia.health.latency import LatencyMeter
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.tree import ParameterTree
from chromesthesia.show.analysis import Analysis
from chromesthesia.show.sound import HOP_S, MISSING_AFTER_S, Capture, Listening
from chromesthesia.testing.audio import ScriptedSource, tone
from chromesthesia.testing.models import ToneEncoder

SNAPSHOT = ParameterTree(PARAMETERS).snapshot()


class RaisingEncoder:
    """Fails on every call after the first `good` ones."""

    def __init__(self, good: int) -> None:
        self._inner = ToneEncoder()
        self._good = good
        self.resets = 0

    def step(self, encoder_mel: Float32, end_sample: int, entered_s: float) -> EmotionReading:
        self._good -= 1
        if self._good < 0:
            raise RuntimeError("no more emotion")
        return self._inner.step(encoder_mel, end_sample, entered_s)

    def reset(self) -> None:
        self.resets += 1


def test_every_block_reaches_the_analysis_whatever_its_size() -> None:
    clock, ring, meter, heard = ManualClock(), Ring(), LatencyMeter(), list[Heard]()
    samples = tone(440.0, 1.0)
    cuts = np.sort(np.random.default_rng(3).integers(0, len(samples), 40))
    blocks = [AudioBlock(piece, 0.0) for piece in np.split(samples, cuts)]
    taps: list[AudioBlock] = []
    capture = Capture(ScriptedSource(blocks), ring, clock, meter, taps.append)
    analysis = Analysis(ToneEncoder(), clock, meter)
    listening = Listening(ring, analysis, clock, lambda: SNAPSHOT, heard.append)
    while capture.step():
        listening.step()
    assert capture.ended
    assert [one.frame.index for one in heard if one.frame.end_sample % HOP_SAMPLES == 0] == list(range(100))
    assert heard[-1].frame.end_sample == 100 * HOP_SAMPLES
    np.testing.assert_array_equal(np.concatenate([tap.samples for tap in taps]), samples)
    assert meter.summary()["encoder"]["count"] == 100 // ENCODER_HOPS


def test_missing_sound_becomes_silence_at_the_pace_of_the_clock() -> None:
    clock, ring, heard = ManualClock(), Ring(), list[Heard]()
    analysis = Analysis(ToneEncoder(), clock, LatencyMeter())
    listening = Listening(ring, analysis, clock, lambda: SNAPSHOT, heard.append)
    ring.write(tone(440.0, 0.2), 0.0)
    listening.step()
    assert heard[-1].frame.rms_dbfs > -20.0
    count = len(heard)
    clock.advance(MISSING_AFTER_S / 2)
    assert not listening.step()
    for _ in range(1000):
        clock.advance(HOP_S)
        listening.step()
    silent = len(heard) - count
    assert 950 <= silent <= 1000
    assert heard[-1].frame.rms_dbfs <= -100.0
    assert heard[-1].emotion.activity < 0.05
    assert abs(heard[-1].emotion.valence) < 0.05


def test_sound_that_returns_is_heard_at_once() -> None:
    clock, ring, heard = ManualClock(), Ring(), list[Heard]()
    listening = Listening(
        ring, Analysis(ToneEncoder(), clock, LatencyMeter()), clock, lambda: SNAPSHOT, heard.append
    )
    clock.advance(1.0)
    listening.step()
    assert heard[-1].frame.rms_dbfs <= -100.0
    ring.write(tone(440.0, 0.1), clock.now_s())
    listening.step()
    assert heard[-1].frame.rms_dbfs > -20.0


def test_onsets_are_counted_so_that_a_slow_renderer_misses_none() -> None:
    clock, heard = ManualClock(), list[Heard]()
    analysis = Analysis(ToneEncoder(), clock, LatencyMeter())
    clicks = np.zeros(48_000, dtype=np.float32)
    for start in (12_000, 24_000, 36_000):
        clicks[start : start + 2400] = tone(1000.0, 0.1) * np.exp(-np.arange(2400) / 600).astype(np.float32)
    analysis.hear(clicks, 0, 0.0, SNAPSHOT, heard.append)
    assert heard[-1].onset_count == 3
    assert max(one.onset_envelope for one in heard) == 1.0
    assert 0.0 < heard[-1].onset_envelope < 0.5


def test_a_stroke_is_seen_between_two_hops_and_counted_once() -> None:
    for start in range(24_000, 24_240, 20):
        clock, ring, heard = ManualClock(), Ring(), list[Heard]()
        listening = Listening(
            ring, Analysis(ToneEncoder(), clock, LatencyMeter()), clock, lambda: SNAPSHOT, heard.append
        )
        sound = np.random.default_rng(4).normal(0.0, 1e-4, 48_000).astype(np.float32)
        sound[start : start + 720] += 0.5 * np.random.default_rng(5).uniform(-1, 1, 720).astype(np.float32)
        for begin in range(0, len(sound), STEP_SAMPLES):
            ring.write(sound[begin : begin + STEP_SAMPLES], begin / SAMPLE_RATE_HZ)
            listening.step()
        ends = [one.frame.end_sample for one in heard]
        assert ends[1:] == list(range(ends[1], len(sound) + 1, STEP_SAMPLES)), "one for every 5 ms"
        counts = [one.onset_count for one in heard]
        first = next(one for one in heard if one.onset_count > counts[ends.index(24_000)])
        # A stroke in the last samples of 5 ms is still too faint there.
        assert first.frame.end_sample <= -(-(start + 48) // STEP_SAMPLES) * STEP_SAMPLES
        assert first.onset_envelope == 1.0
        assert counts[-1] == counts[ends.index(24_000)] + 1


def test_a_look_between_two_hops_changes_nothing_of_what_hops_tell() -> None:
    def frames(step: int) -> list[Heard]:
        clock, ring, heard = ManualClock(), Ring(), list[Heard]()
        listening = Listening(
            ring, Analysis(ToneEncoder(), clock, LatencyMeter()), clock, lambda: SNAPSHOT, heard.append
        )
        sound = tone(440.0, 1.0) * np.linspace(0.0, 1.0, 24_000, dtype=np.float32) ** 2
        for begin in range(0, len(sound), step):
            ring.write(sound[begin : begin + step], begin / SAMPLE_RATE_HZ)
            listening.step()
        return heard

    glancing, whole = frames(STEP_SAMPLES), frames(HOP_SAMPLES)
    assert len(whole) == 100
    assert len(glancing) == 199
    of_hops = [one for one in glancing if one.frame.end_sample % HOP_SAMPLES == 0]
    for one, other in zip(of_hops, whole, strict=True):
        np.testing.assert_array_equal(one.frame.bands, other.frame.bands)
        np.testing.assert_array_equal(one.frame.log_mel, other.frame.log_mel)
        assert (one.frame.rms_dbfs, one.frame.flux, one.frame.entered_s) == (
            other.frame.rms_dbfs,
            other.frame.flux,
            other.frame.entered_s,
        )
        assert one.emotion.valence == other.emotion.valence
    # And lies between two of them.
    levels = [one.frame.rms_dbfs for one in glancing if one.frame.index > 10]
    assert np.diff(levels).min() > -0.05
    entered_s = [one.frame.entered_s for one in glancing]
    assert np.diff(entered_s) == pytest.approx(STEP_SAMPLES / SAMPLE_RATE_HZ)


def test_damaged_samples_are_not_looked_at_before_their_hop_is_whole() -> None:
    clock, ring, heard = ManualClock(), Ring(), list[Heard]()
    listening = Listening(
        ring, Analysis(ToneEncoder(), clock, LatencyMeter()), clock, lambda: SNAPSHOT, heard.append
    )
    sound = tone(440.0, 0.1)
    sound[1300] = np.nan
    for begin in range(0, len(sound), STEP_SAMPLES):
        ring.write(sound[begin : begin + STEP_SAMPLES], 0.0)
        listening.step()
    assert all(np.isfinite(one.frame.bands).all() and np.isfinite(one.frame.rms_dbfs) for one in heard)
    assert heard[-1].frame.end_sample == len(sound)


def test_a_raising_encoder_is_reset_counted_and_survived() -> None:
    clock, heard = ManualClock(), list[Heard]()
    encoder = RaisingEncoder(good=5)
    analysis = Analysis(encoder, clock, LatencyMeter())
    analysis.hear(tone(440.0, 1.0), 0, 0.0, SNAPSHOT, heard.append)
    assert len(heard) == 100
    assert analysis.encoder_failures == encoder.resets == 100 // ENCODER_HOPS - 5
    assert all(np.isfinite(one.emotion.valence) for one in heard)
