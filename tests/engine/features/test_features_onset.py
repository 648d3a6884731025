"""Onsets: found at once where something begins, never where nothing does. Delays are in samples of sound."""

from collections.abc import Callable

import numpy as np
import pytest

from chromesthesia.core.records import SAMPLE_RATE_HZ
from chromesthesia.features.extractor import FeatureExtractor

SECONDS = 6
RNG = np.random.default_rng(5)
TIME_S = np.arange(SECONDS * SAMPLE_RATE_HZ) / SAMPLE_RATE_HZ
# 120 bpm, each beat off the hop grid by another amount
BEATS = [int((0.5 + 0.5 * beat) * SAMPLE_RATE_HZ + 37 * beat) for beat in range(10)]


def _decay(seconds: float, time_s: float) -> tuple[np.ndarray, np.ndarray]:
    t = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    return t, np.exp(-t / time_s) * np.minimum(1.0, (t[-1] - t) / 0.02)


def _click() -> np.ndarray:
    return np.array([0.8])


def _kick() -> np.ndarray:
    t, fade = _decay(0.3, 0.08)
    return 0.8 * fade * np.sin(2 * np.pi * (50 * t + 3.6 * (1 - np.exp(-t / 0.03))))


def _snare() -> np.ndarray:
    t, fade = _decay(0.2, 0.05)
    return fade * (0.4 * np.random.default_rng(1).standard_normal(len(t)) + 0.3 * np.sin(2 * np.pi * 190 * t))


def _pink(level_db: float) -> np.ndarray:
    spectrum = np.fft.rfft(RNG.standard_normal(len(TIME_S)))
    noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), len(TIME_S))
    return 10 ** (level_db / 20) * noise / noise.std()


def _chord() -> np.ndarray:
    return 0.05 * np.sum([np.sin(2 * np.pi * f * TIME_S) for f in (220.0, 277.2, 329.6)], axis=0)


def _onsets(sound: np.ndarray) -> list[int]:
    frames = FeatureExtractor().push(sound.astype(np.float32), 0, 0.0)
    return [frame.end_sample for frame in frames if frame.onset > 0]


@pytest.mark.parametrize(
    "background", [np.zeros_like(TIME_S), _chord(), _pink(-45.0)], ids=["silence", "chord", "noise"]
)
@pytest.mark.parametrize("sound", [_click, _kick, _snare])
def test_every_beat_is_heard_once_and_early(sound: Callable[[], np.ndarray], background: np.ndarray) -> None:
    struck = background.copy()
    for beat in BEATS:
        tone = sound()
        struck[beat : beat + len(tone)] += tone
    onsets = [onset for onset in _onsets(struck) if onset > SAMPLE_RATE_HZ // 4]
    assert len(onsets) == len(BEATS)
    delays_ms = (np.array(onsets) - np.array(BEATS)) * 1000 / SAMPLE_RATE_HZ
    assert delays_ms.min() >= 0
    assert delays_ms.mean() < 10
    assert delays_ms.max() < 15


STEADY = {
    "white noise": 0.1 * RNG.standard_normal(len(TIME_S)),
    "pink noise": _pink(-20.0),
    "faint noise": _pink(-60.0),
    "41 Hz": np.sin(2 * np.pi * 41 * TIME_S),
    "440 Hz": 0.5 * np.sin(2 * np.pi * 440 * TIME_S),
    "chord": _chord(),
    "vibrato": 0.5 * np.sin(2 * np.pi * 440 * TIME_S + 2.4 * np.sin(2 * np.pi * 5.5 * TIME_S)),
    "glide": 0.5 * np.sin(2 * np.pi * 100 * SECONDS / np.log(40) * 40 ** (TIME_S / SECONDS)),
}


@pytest.mark.parametrize("name", STEADY)
def test_steady_sound_has_no_onset_after_its_beginning(name: str) -> None:
    assert [onset for onset in _onsets(STEADY[name]) if onset > SAMPLE_RATE_HZ // 5] == []


def test_a_roll_keeps_its_strokes_apart_by_the_refractory_time() -> None:
    sound = np.zeros_like(TIME_S)
    strokes = range(SAMPLE_RATE_HZ, 3 * SAMPLE_RATE_HZ, SAMPLE_RATE_HZ // 12)
    for stroke in strokes:
        sound[stroke : stroke + 600] += 0.3 * RNG.standard_normal(600) * np.exp(-np.arange(600) / 150)
    onsets = np.array(_onsets(sound))
    assert len(onsets) == pytest.approx(len(strokes), abs=1)
    assert np.diff(onsets).min() >= 0.05 * SAMPLE_RATE_HZ


def test_a_harder_stroke_is_a_stronger_onset() -> None:
    def strength(amplitude: float) -> float:
        sound = _pink(-50.0)[: 2 * SAMPLE_RATE_HZ]
        sound[SAMPLE_RATE_HZ : SAMPLE_RATE_HZ + 4800] += amplitude * _snare()
        frames = FeatureExtractor().push(sound.astype(np.float32), 0, 0.0)
        return max(frame.onset for frame in frames if frame.end_sample > SAMPLE_RATE_HZ)

    assert 0.0 < strength(0.03) < strength(1.0) <= 1.0
