"""The ear for music: beat, pitch, key, split, loudness of a programme, kinds of sound; on sounds with known truth."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32, Music
from chromesthesia.features.extractor import FeatureExtractor
from chromesthesia.features.kind import KINDS
from chromesthesia.features.programme import ProgrammeLoudness
from chromesthesia.features.tonality import KEYS

HOP_S = 0.01


def listen(sound: Float32) -> list[Music]:
    extractor = FeatureExtractor()
    return [extractor.music(frame) for frame in extractor.hops(sound.astype(np.float32), 0, 0.0)]


def tone(hz: float, seconds: float, overtones: int = 1) -> Float32:
    time_s = np.arange(int(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    partials = [np.sin(2 * np.pi * n * hz * time_s) / n for n in range(1, overtones + 1)]
    return np.asarray(0.2 * np.sum(partials, axis=0), dtype=np.float32)


def strokes(bpm: float, seconds: float, begin_s: float = 0.25) -> Float32:
    sound = 1e-3 * np.random.default_rng(0).standard_normal(int(seconds * SAMPLE_RATE_HZ))
    length = np.arange(SAMPLE_RATE_HZ // 8) / SAMPLE_RATE_HZ
    drum = 0.6 * np.sin(2 * np.pi * 70.0 * length) * np.exp(-length / 0.04)
    hat = 0.2 * np.random.default_rng(1).standard_normal(len(length)) * np.exp(-length / 0.01)
    for half in range(int((seconds - begin_s) * bpm / 30.0)):
        start = round((begin_s + half * 30.0 / bpm) * SAMPLE_RATE_HZ)
        what = drum + hat if half % 2 == 0 else hat
        sound[start : start + len(what)] += what[: len(sound) - start]
    return sound.astype(np.float32)


def test_strokes_between_slow_beats_are_not_taken_for_beats() -> None:
    assert listen(strokes(84.0, 9.0))[-1].bpm == pytest.approx(84.0, rel=0.02)


@pytest.mark.parametrize("bpm", [100.0, 128.0])
def test_a_steady_beat_is_found_with_its_phase(bpm: float) -> None:
    heard = listen(strokes(bpm, 8.0))
    assert heard[-1].bpm == pytest.approx(bpm, rel=0.02)
    assert heard[-1].beat_confidence > 0.6
    for hop in range(500, 800, 7):
        true = ((hop + 1) * HOP_S - 0.25) * bpm / 60.0
        off_s = ((heard[hop].beats - true + 0.5) % 1.0 - 0.5) * 60.0 / bpm
        assert abs(off_s) < 0.025


def test_no_beat_is_claimed_in_silence() -> None:
    heard = listen(np.zeros(5 * SAMPLE_RATE_HZ, np.float32))
    assert heard[-1].beat_confidence < 0.3


@pytest.mark.parametrize(("hz", "overtones"), [(82.4, 12), (220.0, 6), (440.0, 1), (987.8, 3)])
def test_pitch_is_within_a_tenth_of_a_semitone(hz: float, overtones: int) -> None:
    heard = listen(tone(hz, 0.5, overtones))
    assert all(abs(12 * math.log2(each.pitch_hz / hz)) < 0.1 for each in heard[20:])
    assert heard[-1].pitch_confidence > 0.8


def test_noise_and_silence_have_no_pitch() -> None:
    noise = 0.1 * np.random.default_rng(3).standard_normal(SAMPLE_RATE_HZ)
    assert sum(each.pitch_hz > 0.0 for each in listen(noise.astype(np.float32))) < 5
    assert all(each.pitch_hz == 0.0 for each in listen(np.zeros(SAMPLE_RATE_HZ // 2, np.float32)))


@pytest.mark.parametrize(
    ("tonic", "third", "key"), [(0, 4, "C major"), (9, 3, "A minor"), (6, 4, "Gb major")]
)
def test_the_key_of_a_cadence_is_named(tonic: int, third: int, key: str) -> None:
    def chord(degree: int, third: int) -> Float32:
        notes = (
            48 + (tonic + degree) % 12,
            60 + (tonic + degree + third) % 12,
            60 + (tonic + degree + 7) % 12,
        )
        return np.sum([tone(440.0 * 2 ** ((note - 69) / 12), 1.0, 4) for note in notes], axis=0)

    cadence = [chord(0, third), chord(5, third), chord(7, 4), chord(0, third)]
    heard = listen(np.concatenate(cadence))
    assert KEYS[heard[-1].key] == key
    assert heard[-1].key_confidence > 0.1
    assert heard[-1].chroma[(tonic + third) % 12] > 0.5


def test_a_tone_is_harmonic_and_strokes_are_percussive() -> None:
    lasting = listen(tone(330.0, 1.0, 8))
    assert lasting[-1].harmonic > 0.7
    click = np.zeros(SAMPLE_RATE_HZ, np.float32)
    click[SAMPLE_RATE_HZ // 2 : SAMPLE_RATE_HZ // 2 + 200] = np.random.default_rng(0).standard_normal(200)
    struck = listen(click)
    assert max(each.percussive for each in struck[50:56]) > 0.8


def sine_blocks(levels: list[tuple[float, float]]) -> ProgrammeLoudness:
    """(level in LUFS, seconds) one after the other."""
    programme = ProgrammeLoudness()
    for lufs, seconds in levels:
        for _ in range(round(10 * seconds)):
            programme.block(10.0 ** (lufs / 10.0))
    return programme


@pytest.mark.parametrize(
    ("levels", "integrated"),
    [
        ([(-23.0, 20.0)], -23.0),
        ([(-33.0, 20.0)], -33.0),
        ([(-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0)], -23.0),
        ([(-72.0, 10.0), (-36.0, 10.0), (-23.0, 60.0), (-36.0, 10.0), (-72.0, 10.0)], -23.0),
        ([(-26.0, 20.0), (-20.0, 20.1), (-26.0, 20.0)], -23.0),
    ],
)
def test_integrated_loudness_meets_the_minimum_requirements(
    levels: list[tuple[float, float]], integrated: float
) -> None:
    """The first five signals of EBU Tech 3341, as the loudness of their steps; 0.1 LU are allowed."""
    assert sine_blocks(levels).integrated == pytest.approx(integrated, abs=0.1)


@pytest.mark.parametrize(
    ("levels", "wide"),
    [
        ([(-20.0, 20.0), (-30.0, 20.0)], 10.0),
        ([(-20.0, 20.0), (-15.0, 20.0)], 5.0),
        ([(-40.0, 20.0), (-20.0, 20.0)], 20.0),
        ([(-50.0, 20.0), (-35.0, 20.0), (-20.0, 20.0), (-35.0, 20.0), (-50.0, 20.0)], 15.0),
    ],
)
def test_the_range_of_loudness_meets_the_minimum_requirements(
    levels: list[tuple[float, float]], wide: float
) -> None:
    """The first four signals of EBU Tech 3342; 1 LU is allowed."""
    assert sine_blocks(levels).range_lu == pytest.approx(wide, abs=1.0)


def test_a_sine_at_minus_23_reads_so_through_the_filters() -> None:
    sound = tone(1000.0, 4.0) * (10.0 ** ((-23.0 + 3.01) / 20.0) / 0.2)
    heard = listen(sound.astype(np.float32))
    assert heard[-1].lufs_short_term == pytest.approx(-23.0, abs=0.1)
    assert heard[-1].lufs_integrated == pytest.approx(-23.0, abs=0.1)


def test_kinds_of_sound() -> None:
    def kind(sound: Float32) -> str:
        return KINDS[int(np.argmax(listen(sound)[-1].kinds))]

    noise = 0.05 * np.random.default_rng(2).standard_normal(4 * SAMPLE_RATE_HZ)
    chord = tone(220.0, 4.0, 6) + tone(277.2, 4.0, 6) + tone(329.6, 4.0, 6)
    assert kind(noise.astype(np.float32)) == "noise"
    assert kind(np.zeros(4 * SAMPLE_RATE_HZ, np.float32)) == "silence"
    assert kind(chord) == "music"


def test_the_same_music_for_any_chunking() -> None:
    sound = strokes(120.0, 2.0)
    whole = listen(sound)[-1]
    extractor = FeatureExtractor()
    parts: list[Music] = []
    for start in range(0, len(sound), 333):
        part = sound[start : start + 333]
        parts += [extractor.music(frame) for frame in extractor.hops(part, start, 0.0)]
    assert parts[-1].beats == whole.beats
    assert parts[-1].chroma.tolist() == whole.chroma.tolist()
