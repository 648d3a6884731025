"""The cache of spectra: equal to the engine's mel, rebuilt when anything changes, never half-written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

from chromesthesia.features.mel import ENCODER_MEL, log_mel
from chromesthesia_training.data.cache import content_hash, open_cache
from chromesthesia_training.errors import DataError


@pytest.fixture
def sounds(own_sounds: Path) -> list[Path]:
    return sorted(own_sounds.rglob("*.wav"))


def test_cached_spectra_are_those_of_the_engine(sounds: list[Path], tmp_path: Path) -> None:
    cache = open_cache("tones", sounds, tmp_path / "cache")
    for path in sounds:
        samples, _ = soundfile.read(path, dtype="float32")
        np.testing.assert_allclose(cache[path], log_mel(samples, ENCODER_MEL), atol=0.01)


def test_a_second_opening_computes_nothing(sounds: list[Path], tmp_path: Path) -> None:
    first = open_cache("tones", sounds, tmp_path / "cache")
    computed: list[int] = []
    second = open_cache("tones", sounds, tmp_path / "cache", computed.append)
    assert computed == []
    np.testing.assert_array_equal(first.frames, second.frames)


def test_a_changed_sound_is_computed_again_and_the_stale_cache_removed(
    sounds: list[Path], tmp_path: Path
) -> None:
    before = open_cache("tones", sounds, tmp_path / "cache")[sounds[0]].copy()
    soundfile.write(sounds[0], np.zeros(24_000, dtype=np.float32), 24_000)
    after = open_cache("tones", sounds, tmp_path / "cache")
    assert not np.array_equal(before, after[sounds[0]])
    assert len(list((tmp_path / "cache").glob("mel-tones-*.f16"))) == 1


def test_the_hash_depends_on_content_and_order_not_on_names(sounds: list[Path], tmp_path: Path) -> None:
    copy = tmp_path / "copy.wav"
    copy.write_bytes(sounds[0].read_bytes())
    assert content_hash([copy, *sounds[1:]]) == content_hash(sounds)
    assert content_hash(sounds[::-1]) != content_hash(sounds)


@pytest.mark.parametrize("damage", ["truncated data", "broken index", "missing index"])
def test_a_damaged_cache_is_computed_again(damage: str, sounds: list[Path], tmp_path: Path) -> None:
    intact = open_cache("tones", sounds, tmp_path / "cache")[sounds[0]].copy()
    data_file = next((tmp_path / "cache").glob("*.f16"))
    match damage:
        case "truncated data":
            data_file.write_bytes(data_file.read_bytes()[:-64])
        case "broken index":
            data_file.with_suffix(".json").write_text("{")
        case "missing index":
            data_file.with_suffix(".json").unlink()
    np.testing.assert_array_equal(open_cache("tones", sounds, tmp_path / "cache")[sounds[0]], intact)


@pytest.mark.parametrize("content", [b"this is text, not a wav", b"", b"RIFF\x24\x00\x00\x00WAVEfmt "])
def test_a_corrupt_sound_is_named_and_leaves_nothing_behind(
    content: bytes, sounds: list[Path], tmp_path: Path
) -> None:
    sounds[3].write_bytes(content)
    with pytest.raises(DataError) as caught:
        open_cache("tones", sounds, tmp_path / "cache")
    assert str(sounds[3]) in str(caught.value)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_missing_sound_is_named(sounds: list[Path], tmp_path: Path) -> None:
    sounds[1].unlink()
    with pytest.raises(DataError, match="cannot read the sound") as caught:
        open_cache("tones", sounds, tmp_path / "cache")
    assert str(sounds[1]) in str(caught.value)


def test_a_sound_that_is_too_short_is_named(sounds: list[Path], tmp_path: Path) -> None:
    soundfile.write(sounds[2], np.zeros(100, dtype=np.float32), 24_000)
    with pytest.raises(DataError, match=r"lasts 0\.004 s"):
        open_cache("tones", sounds, tmp_path / "cache")


def test_other_rates_and_channels_become_24_khz_mono(tmp_path: Path) -> None:
    time_s = np.arange(48_000) / 48_000
    tone = 0.5 * np.sin(2.0 * np.pi * 1_000.0 * time_s)
    soundfile.write(tmp_path / "stereo.wav", np.stack([tone, tone], axis=1), 48_000)
    soundfile.write(tmp_path / "mono.wav", tone[::2], 24_000)
    paths = [tmp_path / "stereo.wav", tmp_path / "mono.wav"]
    cache = open_cache("tones", paths, tmp_path / "cache")
    middle = slice(20, 80)
    loudest = cache[paths[1]][middle].argmax(axis=1)
    assert cache.hops(paths[0]) == cache.hops(paths[1]) == 100
    np.testing.assert_array_equal(cache[paths[0]][middle].argmax(axis=1), loudest)
    np.testing.assert_allclose(
        cache[paths[0]][middle].max(axis=1), cache[paths[1]][middle].max(axis=1), atol=0.02
    )
