"""Flashes that land on the beat: predicted ahead by what the way to the eye takes, and measured."""

from __future__ import annotations

import numpy as np
import pytest

from chromesthesia.core.records import HOP_SAMPLES, SAMPLE_RATE_HZ
from chromesthesia.features.extractor import FeatureExtractor
from chromesthesia.features.onset import DELAY_S
from chromesthesia.health.beat_light import BeatLight
from chromesthesia.tempo.clock import BeatClock, TempoSettings

HOP_S = HOP_SAMPLES / SAMPLE_RATE_HZ
SECONDS = 9.0


def strokes(bpm: float) -> np.ndarray:
    sound = 1e-3 * np.random.default_rng(0).standard_normal(int(SECONDS * SAMPLE_RATE_HZ))
    length = np.arange(SAMPLE_RATE_HZ // 8) / SAMPLE_RATE_HZ
    drum = 0.6 * np.sin(2 * np.pi * 70.0 * length) * np.exp(-length / 0.04)
    drum[:200] += 0.2 * np.random.default_rng(1).standard_normal(200)
    for beat in range(int(SECONDS * bpm / 60.0)):
        start = round((0.2 + beat * 60.0 / bpm) * SAMPLE_RATE_HZ)
        sound[start : start + len(drum)] += drum[: len(sound) - start]
    return sound.astype(np.float32)


@pytest.mark.parametrize(("bpm", "fps", "output_s"), [(120.0, 30.0, 0.08), (97.0, 60.0, 0.12)])
def test_on_a_steady_beat_flashes_land_within_10_ms_in_the_median(
    bpm: float, fps: float, output_s: float
) -> None:
    """Sound is heard 15 ms late, a frame seen `output_s` after it was decided; both are known, neither shows."""
    clock, light = BeatClock(), BeatLight()
    settings = TempoSettings()
    extractor = FeatureExtractor()
    frame_number = 0
    for frame in extractor.hops(strokes(bpm), 0, 0.0):
        end_s = frame.entered_s + HOP_S
        music = extractor.music(frame)
        clock.sound(music.bpm, music.beats, music.beat_confidence, end_s)
        if frame.onset > 0.0:
            light.struck(end_s - DELAY_S)
        while (decided_s := (frame_number + 0.37) / fps) <= end_s + 0.015:
            seen_s = decided_s + output_s
            beat = clock.at(seen_s + 0.5 / fps, settings)
            light.shown(beat.beats, beat.running, seen_s)
            frame_number += 1
    summary = light.summary()
    assert summary["beats"] >= 8
    assert summary["median_ms"] <= 10.0
    assert light.error_ms is not None
    assert light.error_ms <= 10.0


def test_a_flash_that_is_late_is_measured_as_late() -> None:
    light = BeatLight()
    assert (light.error_ms, light.summary()) == (None, {"beats": 0})
    for beat in range(10):
        light.struck(beat * 0.5)
        light.shown(beat - 0.1, True, beat * 0.5 + 0.0)
        light.shown(beat + 0.05, True, beat * 0.5 + 0.03)
    light.shown(9.9, True, 6.0)
    assert light.error_ms == pytest.approx(30.0)
    assert light.summary() == {"beats": 10, "median_ms": 30.0, "p95_ms": 30.0, "later_ms": 30.0}


def test_what_is_struck_between_beats_and_beats_without_strokes_are_no_error() -> None:
    light = BeatLight()
    for beat in range(8):
        light.struck(beat * 0.5 + 0.25)
        light.shown(beat + 0.0, True, beat * 0.5)
    light.shown(8.0, False, 10.0)
    light.shown(8.5, True, 11.0)
    assert light.summary() == {"beats": 0}
