"""Capture and listening: sound goes through hop by hop, and its absence is silence, not a standstill."""

from __future__ import annotations

import numpy as np

from chromesthesia.audio.ring import Ring
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.records import ENCODER_HOPS, HOP_SAMPLES, AudioBlock, EmotionReading, Float32, Heard
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
    assert [one.frame.index for one in heard] == list(range(100))
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


def test_a_raising_encoder_is_reset_counted_and_survived() -> None:
    clock, heard = ManualClock(), list[Heard]()
    encoder = RaisingEncoder(good=5)
    analysis = Analysis(encoder, clock, LatencyMeter())
    analysis.hear(tone(440.0, 1.0), 0, 0.0, SNAPSHOT, heard.append)
    assert len(heard) == 100
    assert analysis.encoder_failures == encoder.resets == 100 // ENCODER_HOPS - 5
    assert all(np.isfinite(one.emotion.valence) for one in heard)
