"""Hand-made features, spectra, and the files that they are kept in."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from chromesthesia_training.errors import DataError
from chromesthesia_training.music.handcrafted import (
    CHUNK_SAMPLES,
    OWN_NAMES,
    REFERENCE_NAMES,
    extract,
)
from chromesthesia_training.music.spectra import chunk_spectra
from chromesthesia_training.music.store import read_features, stored

Chord = Callable[..., np.ndarray]


def own(samples: np.ndarray) -> dict[str, float]:
    return dict(zip(OWN_NAMES, extract(samples).own_song.tolist(), strict=True))


def test_the_list_of_the_reference_adds_up_to_346() -> None:
    assert len(REFERENCE_NAMES) == 2 * (20 + 12 + 128 + 7 + 6) == 346
    assert len(set(REFERENCE_NAMES)) == 346
    assert len(set(OWN_NAMES)) == len(OWN_NAMES)


def test_features_of_a_song_and_of_every_3_s(chord: Chord) -> None:
    found = extract(chord(6.5))
    assert found.song.shape == (346,)
    assert found.chunks.shape == (2, 346)
    assert found.own_chunks.shape == (2, len(OWN_NAMES))
    # The loudest pitch class of a C major triad struck alone is one of its own.
    chroma = found.song[[REFERENCE_NAMES.index(f"chroma_{number}_mean") for number in range(1, 13)]]
    assert int(np.argmax(chroma)) in (0, 4, 7)
    assert extract(chord(0.5)).chunks.shape == (1, 346)


def test_mode_pace_and_level_are_told_apart(chord: Chord) -> None:
    major, minor = own(chord(3.0)), own(chord(3.0, minor=True))
    assert major["major_over_minor"] > minor["major_over_minor"] + 0.1
    slow, fast = own(chord(3.0, notes_per_s=1.0)), own(chord(3.0, notes_per_s=6.0))
    assert fast["onsets_per_s"] > slow["onsets_per_s"] + 2.0
    assert own(chord(3.0) * 0.1)["level_mean"] == pytest.approx(major["level_mean"] - 20.0, abs=0.1)


def test_spectra_are_128_by_128_and_keep_the_level(chord: Chord) -> None:
    loud, quiet = chunk_spectra(chord(6.2)), chunk_spectra(np.float32(0.1) * chord(6.2))
    assert loud.shape == (2, 128, 128)
    assert (loud.min(), loud.max()) >= (-1.0, -1.0)
    assert loud.max() <= 1.0
    inside = (loud < 1.0) & (quiet > -1.0)
    assert (loud - quiet)[inside].mean() == pytest.approx(20.0 / 50.0, abs=0.01)
    assert chunk_spectra(np.zeros(CHUNK_SAMPLES, np.float32)).max() == -1.0


def made(folder: Path, sounds: list[Path], calls: list[Path], version: str = "1") -> list[np.ndarray]:
    def compute(path: Path) -> dict[str, np.ndarray]:
        calls.append(path)
        return {"values": np.full(4, float(len(path.read_bytes())), np.float32)}

    return [one["values"] for one in stored("made-up", sounds, folder, compute, {"values": (4,)}, version)]


def test_arrays_are_computed_once_for_a_sound_and_a_version(tmp_path: Path) -> None:
    sound = tmp_path / "one.wav"
    sound.write_bytes(b"12345")
    calls: list[Path] = []
    assert made(tmp_path, [sound], calls)[0].tolist() == [5.0] * 4
    made(tmp_path, [sound], calls)
    assert len(calls) == 1
    made(tmp_path, [sound], calls, version="2")
    sound.write_bytes(b"123456")
    assert made(tmp_path, [sound], calls)[0].tolist() == [6.0] * 4
    assert len(calls) == 3
    assert not list(tmp_path.rglob("*.part"))


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"values": np.zeros(5)}, "values is of shape 5, expected 4"),
        ({"values": np.zeros((4, 1))}, "values is of shape 4 x 1, expected 4"),
        ({"others": np.zeros(4)}, "holds no values"),
        ({"values": np.array([0.0, 1.0, np.nan, 2.0])}, "what is not a number"),
    ],
)
def test_a_file_of_features_of_the_wrong_shape_is_named(
    tmp_path: Path, arrays: dict[str, np.ndarray], said: str
) -> None:
    sound = tmp_path / "one.wav"
    sound.write_bytes(b"12345")
    made(tmp_path, [sound], [])
    (file,) = (tmp_path / "made-up").iterdir()
    np.savez(file, **arrays)  # type: ignore[arg-type]
    with pytest.raises(DataError, match=said) as error:
        made(tmp_path, [sound], [])
    assert file.name in str(error.value)


def test_a_damaged_file_of_features_is_named(tmp_path: Path) -> None:
    file = tmp_path / "x.npz"
    file.write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(DataError, match=r"x\.npz is damaged"):
        read_features(file, {"values": (4,)})


def test_features_of_the_wrong_shape_leave_no_file(tmp_path: Path) -> None:
    sound = tmp_path / "one.wav"
    sound.write_bytes(b"12345")
    with pytest.raises(DataError, match=r"one\.wav: values is of shape 3"):
        stored(
            "made-up",
            [sound],
            tmp_path,
            lambda path: {"values": np.zeros(3, np.float32)},
            {"values": (4,)},
            "1",
        )
    assert not list((tmp_path).rglob("*.npz*"))
