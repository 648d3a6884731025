"""Preparation as in the reference: level, trim, length, log-mel; one cached tensor, whole or absent."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from chromesthesia.features.mel import log_mel
from chromesthesia_training.data.preprocess import (
    Preparation,
    band_statistics,
    fit_length,
    level,
    prepare,
    prepare_files,
    standardise,
    trim,
)
from chromesthesia_training.errors import DataError

RATE_HZ = 24_000
SHORT = Preparation(seconds=0.5)


def tone(seconds: float, amplitude: float = 0.1) -> np.ndarray:
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    return (amplitude * np.sin(2.0 * np.pi * 440.0 * time_s)).astype(np.float32)


def rms_db(samples: np.ndarray) -> float:
    return float(10.0 * np.log10(np.mean(np.square(samples))))


@pytest.mark.parametrize("amplitude", [0.001, 0.1, 0.9])
def test_level_brings_any_loudness_to_the_same_rms(amplitude: float) -> None:
    assert rms_db(level(tone(1.0, amplitude), -23.0)) == pytest.approx(-23.0, abs=0.01)


def test_level_leaves_silence_silent() -> None:
    assert not level(np.zeros(1_000, np.float32), -23.0).any()


def test_trim_takes_the_silence_off_both_ends_and_keeps_the_sound() -> None:
    quiet = np.full(RATE_HZ, 1e-6, np.float32)
    kept = trim(np.concatenate([quiet, tone(1.0), quiet]), 40.0)
    assert RATE_HZ <= len(kept) <= RATE_HZ + 6 * 240
    np.testing.assert_allclose(np.sum(np.square(kept)), np.sum(np.square(tone(1.0))), rtol=1e-3)


def test_trim_keeps_a_pause_in_the_middle() -> None:
    pause = np.zeros(RATE_HZ // 2, np.float32)
    samples = np.concatenate([tone(0.5), pause, tone(0.5)])
    assert len(trim(samples, 40.0)) == len(samples)


def test_trim_leaves_silence_alone() -> None:
    assert len(trim(np.zeros(RATE_HZ, np.float32), 40.0)) == RATE_HZ


def test_fit_length_pads_at_the_end_and_cuts_around_the_middle() -> None:
    samples = np.arange(1, 11, dtype=np.float32)
    np.testing.assert_array_equal(fit_length(samples, 12), [*range(1, 11), 0, 0])
    np.testing.assert_array_equal(fit_length(samples, 4), [4, 5, 6, 7])
    np.testing.assert_array_equal(fit_length(samples, 4, "start"), [1, 2, 3, 4])


def test_prepared_spectra_are_those_of_the_engines_mel() -> None:
    untouched = Preparation(seconds=1.0, rms_db=None, trim_db=None)
    spectrum, sounding = prepare(tone(0.6), untouched)
    np.testing.assert_allclose(spectrum[:60], log_mel(tone(0.6)))
    assert (spectrum.shape, sounding) == ((100, 64), 60)


def test_loudness_and_leading_silence_make_no_difference() -> None:
    voiced = tone(2.0)
    padded = np.concatenate([np.zeros(4_800, np.float32), voiced * 0.2])
    settings = Preparation(seconds=1.0, rms_db=-23.0)
    first, _ = prepare(voiced, settings)
    second, _ = prepare(padded, settings)
    # 0.2 s more of silence lowers the mean power by a tenth
    np.testing.assert_allclose(first[10:90], second[10:90], atol=0.15)


@pytest.fixture
def sounds(own_sounds: Path) -> list[Path]:
    return sorted(own_sounds.rglob("*.wav"))


def test_all_clips_are_one_tensor_in_order_and_the_second_time_comes_from_the_cache(
    sounds: list[Path], tmp_path: Path
) -> None:
    first = prepare_files("tones", sounds, SHORT, tmp_path / "cache")
    computed: list[int] = []
    second = prepare_files("tones", sounds, SHORT, tmp_path / "cache", computed.append)
    assert first.spectra.shape == (len(sounds), 50, 64)
    assert first.spectra.dtype == torch.float16
    assert computed == []
    assert torch.equal(first.spectra, second.spectra)
    samples, _ = soundfile.read(sounds[4], dtype="float32")
    np.testing.assert_allclose(first.spectra[4].numpy(), prepare(samples, SHORT)[0], atol=0.01)


def test_lengths_tell_the_sound_from_its_padding(write_tone: Callable[..., Path], tmp_path: Path) -> None:
    paths = [write_tone(tmp_path / f"{seconds}.wav", 440.0, seconds) for seconds in (0.5, 25.0)]
    whole = Preparation(seconds=30.0, trim_db=None)
    assert prepare_files("lengths", paths, whole, tmp_path).lengths.tolist() == [50, 2_500]


def test_other_settings_or_sounds_are_another_cache(sounds: list[Path], tmp_path: Path) -> None:
    keys = {prepare_files("tones", sounds, SHORT, tmp_path).content_hash}
    keys.add(prepare_files("tones", sounds, Preparation(seconds=0.5, trim_db=None), tmp_path).content_hash)
    soundfile.write(sounds[0], tone(1.0), RATE_HZ)
    keys.add(prepare_files("tones", sounds, SHORT, tmp_path).content_hash)
    assert len(keys) == len(list(tmp_path.glob("prepared-tones-*.npy"))) == 3


@pytest.mark.parametrize("keep", [10, 300])
def test_a_damaged_cache_is_prepared_again(keep: int, sounds: list[Path], tmp_path: Path) -> None:
    intact = prepare_files("tones", sounds, SHORT, tmp_path).spectra.clone()
    file = next(tmp_path.glob("prepared-tones-*.npy"))
    file.write_bytes(file.read_bytes()[:keep])
    assert torch.equal(prepare_files("tones", sounds, SHORT, tmp_path).spectra, intact)


def test_a_corrupt_sound_is_named_and_leaves_nothing_behind(sounds: list[Path], tmp_path: Path) -> None:
    sounds[5].write_bytes(b"no sound")
    with pytest.raises(DataError) as caught:
        prepare_files("tones", sounds, SHORT, tmp_path / "cache")
    assert str(sounds[5]) in str(caught.value)
    assert list((tmp_path / "cache").iterdir()) == []


def test_an_interrupted_run_leaves_nothing_and_the_next_gives_the_same(
    sounds: list[Path], tmp_path: Path
) -> None:
    def interrupt(done: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare_files("tones", sounds, SHORT, tmp_path / "cache", interrupt)
    assert list((tmp_path / "cache").iterdir()) == []
    again = prepare_files("tones", sounds, SHORT, tmp_path / "cache")
    assert torch.equal(again.spectra, prepare_files("tones", sounds, SHORT, tmp_path / "other").spectra)


@pytest.mark.parametrize("settings", [{"seconds": 0.0}, {"seconds": 1e4}, {"crop": "end"}])
def test_settings_that_make_no_sense_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(DataError):
        Preparation(**settings)  # type: ignore[arg-type]


def test_nothing_to_prepare_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no clips"):
        prepare_files("none", [], SHORT, tmp_path)


def test_standardised_training_clips_have_mean_0_and_deviation_1() -> None:
    spectra = (torch.randn(20, 30, 64, generator=torch.Generator().manual_seed(0)) * 3.0 - 7.0).half()
    standard = standardise(spectra, *band_statistics(spectra))
    torch.testing.assert_close(standard.mean(dim=(0, 1)), torch.zeros(64), atol=1e-3, rtol=0.0)
    torch.testing.assert_close(standard.std(dim=(0, 1)), torch.ones(64), atol=1e-2, rtol=0.0)
