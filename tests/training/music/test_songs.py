"""Songs and their ratings: what is read, labels in time, and everything that can be wrong with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from chromesthesia_training.data.clips import EmotionPoint
from chromesthesia_training.errors import DataError
from chromesthesia_training.music.midi import check_midi
from chromesthesia_training.music.songs import (
    labels_in_time,
    read_deam_songs,
    read_emotify_songs,
    read_vgmidi_songs,
)


def problems(read: Callable[..., object], folder: Path) -> list[str]:
    """What a reader that goes on has to say: kind and message of each."""
    found: list[DataError] = []
    read(folder, found.append)
    return [f"{problem.kind}: {problem}" for problem in found]


def test_pieces_come_with_their_ratings_series_and_folds(data: Path) -> None:
    songs = read_vgmidi_songs(data / "vgmidi")
    assert (len(songs.songs), songs.dynamic, songs.scale) == (10, True, (-1.0, 1.0))
    assert songs.songs[3].labels == pytest.approx((-0.37, -0.2))
    assert songs.folds.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert songs.only(5).folds.tolist() == songs.folds.tolist()
    emotify = read_emotify_songs(data / "emotify")
    assert emotify.labels.shape == (10, 9)
    assert not emotify.dynamic


def test_a_rating_holds_until_the_next_and_windows_take_the_mean() -> None:
    points = (EmotionPoint(0.0, 0.0, 1.0), EmotionPoint(2.0, 0.6, -1.0), EmotionPoint(6.0, 0.3, 0.0))
    labels = labels_in_time(points, np.array([0.0, 3.0, 6.0, 30.0]), 3.0)
    assert labels == pytest.approx(
        np.array([[0.2, 1.0 / 3.0], [0.6, -1.0], [0.3, 0.0], [0.3, 0.0]]), abs=1e-9
    )
    late = labels_in_time((EmotionPoint(15.0, 0.5, -0.5),), np.array([0.0, 18.0]), 3.0)
    assert late == pytest.approx(np.array([[0.5, -0.5], [0.5, -0.5]]))


def test_a_song_without_ratings_is_named(data: Path) -> None:
    table = data / "vgmidi/dynamic.csv"
    table.write_text("".join(line for line in table.open() if not line.startswith("piece4,")))
    with pytest.raises(DataError, match="no rating of piece4"):
        read_vgmidi_songs(data / "vgmidi")


def test_ratings_without_a_song_are_named(data: Path) -> None:
    with (data / "vgmidi/dynamic.csv").open("a") as file:
        file.write("stranger,0,0.0,0.1,0.1\n")
    with pytest.raises(DataError, match=r"rates stranger, which is not in index\.csv"):
        read_vgmidi_songs(data / "vgmidi")


@pytest.mark.parametrize("collection", ["vgmidi", "emotify"])
def test_a_sound_that_is_not_there_and_one_that_nobody_rated_are_named(data: Path, collection: str) -> None:
    read = {"vgmidi": read_vgmidi_songs, "emotify": read_emotify_songs}[collection]
    some = sorted((data / collection).rglob("*.wav"))[2]
    some.rename(some.with_name("unrated.wav"))
    said = problems(read, data / collection)
    assert len(said) == 2
    assert "unrated.wav is in no row" in said[0]
    assert f"{some.name} is rated but not there" in said[1]


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("vgmidi/dynamic.csv", "piece0,0,0.0,0.4", "piece0,0,0.0,1.4", r"rated \(1\.4"),
        ("vgmidi/dynamic.csv", "piece0,0,0.0,0.4", "piece0,0,0.0,nan", r"nan"),
        ("emotify/index.csv", "pop/1.wav,1,pop,train,0,0.05", "pop/1.wav,1,pop,train,0,1.05", r"is 1\.05"),
    ],
)
def test_a_value_outside_the_scale_is_named(data: Path, file: str, old: str, new: str, said: str) -> None:
    table = data / file
    assert old in table.read_text()
    table.write_text(table.read_text().replace(old, new))
    read = read_vgmidi_songs if "vgmidi" in file else read_emotify_songs
    with pytest.raises(DataError, match=said):
        read(table.parent)


def test_a_midi_file_is_walked_through(data: Path) -> None:
    facts = check_midi(data / "vgmidi/midi/piece0.mid")
    assert (facts.tracks, facts.notes, facts.ticks) == (1, 2, 192)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda whole: b"RIFF" + whole[4:], "does not begin with MThd"),
        (lambda whole: whole[:-6], "reaches behind the end"),
        (lambda whole: whole[:14], "0 of 1 tracks"),
        (lambda whole: whole.replace(b"\x00\x90", b"\x00\x10", 1), "data without a status"),
        (lambda whole: whole.replace(b"\x00\x90", b"\x00\xf5", 1), "unknown status 0xf5"),
        (lambda whole: whole.replace(b"\x3c\x40", b"\x3c\x00"), "holds no notes"),
        (lambda whole: whole[:-4] + b"\xff\xff\xff\xff", "more than four bytes"),
        (lambda whole: whole[:-2] + b"\x2f\x09", "behind its track"),
    ],
)
def test_a_midi_file_that_does_not_parse_is_named(
    data: Path, midi_bytes: Callable[..., bytes], damage: Callable[[bytes], bytes], said: str
) -> None:
    broken = data / "vgmidi/midi/piece3.mid"
    broken.write_bytes(damage(midi_bytes()))
    with pytest.raises(DataError, match=said) as error:
        read_vgmidi_songs(data / "vgmidi")
    assert "piece3.mid" in str(error.value)


def test_deam_is_read_by_its_index_too(
    tmp_path: Path, chord: Callable[..., np.ndarray], write_rows: Callable[..., None]
) -> None:
    import soundfile

    for number in (2, 3):
        soundfile.write(tmp_path / f"{number}.wav", chord(1.0), 22_050)
    rows = [{"path": f"{n}.wav", "song_id": n, "valence_mean": n, "arousal_mean": 5.5} for n in (2, 3)]
    write_rows(tmp_path / "index.csv", rows)
    songs = read_deam_songs(tmp_path)
    assert songs.scale == (1.0, 9.0)
    assert sorted(song.labels for song in songs.songs) == [
        pytest.approx((2.0, 5.5)),
        pytest.approx((3.0, 5.5)),
    ]
    rows[1]["valence_mean"] = 9.5
    write_rows(tmp_path / "index.csv", rows)
    with pytest.raises(DataError, match=r"valence of song 3 is 9\.5"):
        read_deam_songs(tmp_path)
