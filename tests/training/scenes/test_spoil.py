"""Spoiled voices keep their level and length, and what is mixed in is as far below as was said."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.signal import welch

from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32
from chromesthesia_training.scenes.listed import CLEAN, SCENES, Around
from chromesthesia_training.scenes.spoil import (
    beside,
    clipped,
    coloured_noise,
    in_room,
    room_response,
    voice_level,
)
from chromesthesia_training.scenes.things import LONG_S, PEAK, THINGS, thing


def voice(seconds: float = 1.5) -> Float32:
    time_s = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    syllables = np.clip(np.sin(2.0 * np.pi * 2.0 * time_s), 0.0, None)
    return np.asarray(0.2 * np.sin(2.0 * np.pi * 220.0 * time_s) * syllables, np.float32)


def test_a_level_is_measured_without_the_pauses() -> None:
    spoken = voice()
    padded = np.concatenate([spoken, np.zeros(10 * len(spoken), np.float32)])
    assert voice_level(padded) == pytest.approx(voice_level(spoken), rel=0.05)
    assert voice_level(np.zeros(4_800, np.float32)) == 0.0


@pytest.mark.parametrize("below_db", [0.0, 10.0, 20.0])
def test_what_is_mixed_in_is_as_far_below_as_was_said(below_db: float) -> None:
    spoken = voice()
    noise = beside(spoken, coloured_noise(len(spoken), -3.0, np.random.default_rng(0)), below_db) - spoken
    ratio_db = 20.0 * np.log10(voice_level(spoken) / voice_level(noise))
    assert ratio_db == pytest.approx(below_db, abs=0.01)


def test_pink_noise_falls_by_three_decibels_an_octave() -> None:
    noise = coloured_noise(20 * SAMPLE_RATE_HZ, -3.0, np.random.default_rng(1))
    frequency, power = welch(noise, SAMPLE_RATE_HZ, nperseg=4_096)
    at = [10.0 * np.log10(power[np.abs(frequency / hz - 1.0) < 0.1].mean()) for hz in (500.0, 4_000.0)]
    assert at[0] - at[1] == pytest.approx(9.0, abs=0.7)


def test_a_room_keeps_the_level_and_sounds_on_in_pauses() -> None:
    spoken = voice()
    heard = in_room(spoken, room_response(0.6, 0.0, np.random.default_rng(2)))
    assert len(heard) == len(spoken)
    assert voice_level(heard) == pytest.approx(voice_level(spoken), rel=1e-3)
    pause = slice(round(0.30 * SAMPLE_RATE_HZ), round(0.45 * SAMPLE_RATE_HZ))
    assert np.abs(heard[pause]).max() > 10.0 * np.abs(spoken[pause]).max()


def test_the_energy_of_a_room_is_as_asked() -> None:
    response = room_response(0.5, -4.0, np.random.default_rng(3)).astype(np.float64)
    rest = np.square(response[1:]).sum()
    assert 10.0 * np.log10(response[0] ** 2 / rest) == pytest.approx(-4.0, abs=0.1)


def test_clipping_puts_the_asked_share_at_full_scale() -> None:
    driven = clipped(voice(), 0.2)
    loud = np.abs(voice()) > 0.1 * voice_level(voice())
    assert (np.abs(driven[loud]) > 0.999).mean() == pytest.approx(0.2, abs=0.01)


def test_silence_comes_through_every_scene() -> None:
    silent = np.zeros(SAMPLE_RATE_HZ, np.float32)
    for scene in SCENES:
        heard = scene.spoil(silent, Around([voice()], voice(3.0)), np.random.default_rng(0))
        assert np.isfinite(heard).all()


def test_scenes_keep_the_length_and_follow_from_the_seed() -> None:
    spoken = voice()
    around = Around([voice(2.0), voice(0.9)], voice(3.0))
    for scene in SCENES:
        one, again, other = (scene.spoil(spoken, around, np.random.default_rng(seed)) for seed in (5, 5, 6))
        assert one.dtype == np.float32, scene.key
        assert one.shape == spoken.shape, scene.key
        assert np.isfinite(one).all(), scene.key
        assert np.array_equal(one, again), scene.key
        if "noise" in scene.what or "room" in scene.what or "hall" in scene.what:
            assert not np.array_equal(one, other), scene.key
    assert CLEAN.spoil(spoken, around, np.random.default_rng(0)) is spoken


def test_there_are_twenty_one_things_each_unlike_the_others() -> None:
    made = {name: thing(name) for name in THINGS}
    assert len(made) == 21
    for name, samples in made.items():
        assert len(samples) == round(LONG_S * SAMPLE_RATE_HZ), name
        assert np.isfinite(samples).all(), name
        assert np.abs(samples).max() == pytest.approx(PEAK), name
        assert np.array_equal(samples, thing(name)), name
    spectra = np.stack(
        [np.log(welch(samples, SAMPLE_RATE_HZ, nperseg=512)[1] + 1e-12) for samples in made.values()]
    )
    alike = np.corrcoef(spectra)
    assert np.max(alike - np.eye(len(made))) < 0.999
