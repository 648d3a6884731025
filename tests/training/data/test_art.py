"""Reading paintings: an index, a user's folders, and everything that can be wrong with them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chromesthesia_training.corpora.paintings import load_art, read_paintings
from chromesthesia_training.data.art import EMOTIONS, SPLITS, TYPICAL_VAD, ArtError

HEADER = "path,artist,emotion,valence,arousal,dominance,split\n"


def picture(path: Path, colour: tuple[int, int, int] = (200, 40, 90)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (30, 20), colour).save(path)
    return path


def test_index_folder_is_read_whole(art_dir: Path) -> None:
    art = load_art(art_dir, side=16)
    assert art.images.shape == (72, 16, 16, 3)
    assert art.images.dtype == np.uint8
    assert set(art.splits) == set(SPLITS)
    assert art.vad.min() >= 0
    assert art.vad.max() <= 1
    assert len(art.subset("test")) == 24


def test_label_folders_take_ratings_from_their_emotion(tmp_path: Path) -> None:
    picture(tmp_path / "sad" / "a_1.png")
    picture(tmp_path / "awe" / "b.jpg")
    by_name = {painting.path.name: painting for painting in read_paintings(tmp_path)}
    assert by_name["a_1.png"].emotion == "sadness"
    assert by_name["b.jpg"].vad == TYPICAL_VAD["awe"]


def test_splits_of_label_folders_keep_an_artist_together(tmp_path: Path) -> None:
    for artist in range(40):
        for number, emotion in enumerate(("fear", "awe", "sad")):
            picture(tmp_path / emotion / f"artist{artist}_{number}.png")
    home: dict[str, set[str]] = {}
    for painting in read_paintings(tmp_path):
        home.setdefault(painting.artist, set()).add(painting.split)
    assert all(len(splits) == 1 for splits in home.values())
    assert {split for splits in home.values() for split in splits} == set(SPLITS)


def test_index_that_leaks_an_artist_is_refused(tmp_path: Path) -> None:
    picture(tmp_path / "a.png")
    rows = "a.png,klee,awe,0.5,0.5,0.5,train\na.png,klee,awe,0.5,0.5,0.5,test\n"
    (tmp_path / "index.csv").write_text(HEADER + rows)
    with pytest.raises(ArtError, match=r"'klee' is in splits 'train' and 'test'"):
        read_paintings(tmp_path)


@pytest.mark.parametrize(
    ("row", "complaint"),
    [
        ("a.png,klee,joy,0.5,0.5,0.5,train", r"line 2: unknown emotion 'joy'"),
        ("a.png,klee,awe,much,0.5,0.5,train", r"line 2: valence is 'much'"),
        ("a.png,klee,awe,0.5,1.5,0.5,train", r"line 2: arousal is 1.5"),
        ("a.png,klee,awe,nan,0.5,0.5,train", r"line 2: valence is 'nan'"),
        ("a.png,klee,awe,0.5,0.5,0.5,dev", r"line 2: split 'dev'"),
        ("gone.png,klee,awe,0.5,0.5,0.5,train", r"gone\.png: No such file"),
    ],
)
def test_bad_index_rows_are_named(tmp_path: Path, row: str, complaint: str) -> None:
    picture(tmp_path / "a.png")
    (tmp_path / "index.csv").write_text(HEADER + row + "\n")
    with pytest.raises(ArtError, match=complaint):
        load_art(tmp_path, side=8)


def test_index_without_a_column_says_which(tmp_path: Path) -> None:
    (tmp_path / "index.csv").write_text("path,artist,emotion,valence,arousal,split\n")
    with pytest.raises(ArtError, match="has no column dominance"):
        read_paintings(tmp_path)


def test_unknown_label_folder_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    picture(tmp_path / "jolly" / "a.png")
    with pytest.raises(ArtError, match=r"unknown emotion 'jolly'.*amusement"):
        read_paintings(tmp_path)


@pytest.mark.parametrize(
    ("content", "complaint"), [(b"", "is empty"), (b"not a picture", "damaged or no picture")]
)
def test_unreadable_picture_is_named(tmp_path: Path, content: bytes, complaint: str) -> None:
    picture(tmp_path / "awe" / "good.png")
    (tmp_path / "awe" / "worse.png").write_bytes(content)
    with pytest.raises(ArtError, match=rf"worse\.png.*{complaint}"):
        load_art(tmp_path, side=8)


def test_truncated_picture_is_named(tmp_path: Path) -> None:
    path = tmp_path / "awe" / "half.png"
    path.parent.mkdir()
    pixels = np.random.default_rng(0).integers(0, 255, (64, 64, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(path)
    path.write_bytes(path.read_bytes()[:4000])
    with pytest.raises(ArtError, match=r"half\.png is damaged"):
        load_art(tmp_path, side=8)


@pytest.mark.parametrize("name", ["absent", "empty"])
def test_missing_and_empty_folders_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(ArtError, match=name):
        read_paintings(tmp_path / name)


def test_cache_is_used_until_a_picture_changes(tmp_path: Path) -> None:
    path = picture(tmp_path / "art" / "awe" / "a.png")
    cache = tmp_path / "cache"
    first = load_art(tmp_path / "art", side=8, cache_dir=cache)
    (kept,) = cache.glob("art-*.npy")
    np.save(kept, np.full_like(first.images, 7))
    assert load_art(tmp_path / "art", side=8, cache_dir=cache).images.max() == 7
    picture(path, (0, 255, 0))
    changed = load_art(tmp_path / "art", side=8, cache_dir=cache)
    assert changed.content_hash != first.content_hash
    assert changed.images[0, 0, 0].tolist() == [0, 255, 0]


def test_damaged_cache_is_decoded_again(tmp_path: Path) -> None:
    picture(tmp_path / "art" / "awe" / "a.png")
    first = load_art(tmp_path / "art", side=8, cache_dir=tmp_path)
    (kept,) = tmp_path.glob("art-*.npy")
    os.truncate(kept, 50)
    np.testing.assert_array_equal(load_art(tmp_path / "art", side=8, cache_dir=tmp_path).images, first.images)


def test_every_emotion_has_typical_ratings() -> None:
    assert set(TYPICAL_VAD) == set(EMOTIONS)
