"""Files that appear whole or not at all: a full disk, a killed run, an exception."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chromesthesia_training import safe_write
from chromesthesia_training.corpora.paintings import load_art
from chromesthesia_training.data.cache import open_cache
from chromesthesia_training.data.preprocess import Preparation, prepare_files
from chromesthesia_training.errors import DataError


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "file.bin"
    with safe_write.whole_file(path) as file:
        file.write(b"first ")
        assert not path.exists()
        file.write(b"second")
    assert path.read_bytes() == b"first second"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_exception_leaves_the_earlier_file(error: type[BaseException], tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(b"earlier")

    def stop_halfway() -> None:
        with safe_write.whole_file(path) as file:
            file.write(b"half")
            raise error

    with pytest.raises(error):
        stop_halfway()
    assert path.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("room", [0, 700])
def test_a_full_disk_is_named_and_leaves_the_earlier_file(
    room: int, full_disk: Callable[[int], None], tmp_path: Path
) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(b"earlier")
    full_disk(room)
    with (
        pytest.raises(DataError, match=r"No space left on device.*free space there") as caught,
        safe_write.whole_file(path) as file,
    ):
        file.write(bytes(5_000))
    assert str(path) in str(caught.value)
    assert path.read_bytes() == b"earlier"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    target, link = tmp_path / "far" / "file.bin", tmp_path / "link.bin"
    target.write_bytes(b"earlier")
    link.symlink_to(target)
    with safe_write.whole_file(link) as file:
        file.write(b"new")
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert list((tmp_path / "far").iterdir()) == [target]


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "circle"])
def test_what_is_no_regular_file_is_refused_and_stays(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "file.bin"
    make: dict[str, Callable[[Path], object]] = {
        "pipe": os.mkfifo,
        "folder": Path.mkdir,
        "device": lambda path: path.symlink_to("/dev/null"),
        "circle": lambda path: path.symlink_to(path.name),
    }
    make[kind](path)
    before = path.lstat().st_ino
    with pytest.raises(DataError, match=r"cannot write .*file\.bin: it is a"):
        safe_write.write_text_whole(path, "new")
    assert path.lstat().st_ino == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", ["x" * 300, "a\0b", "file/file"])
def test_a_name_that_no_file_can_have_is_a_named_error(name: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match="cannot write"):
        safe_write.write_text_whole(tmp_path / name, "new")


def test_what_a_killed_run_left_is_removed_and_what_another_writes_stays(tmp_path: Path) -> None:
    killed, written_now = tmp_path / "file.bin.12.part", tmp_path / "file.bin.34.part"
    for partial in (killed, written_now):
        partial.write_bytes(b"half")
    long_ago = written_now.stat().st_mtime - 2.0 * safe_write.STALE_S
    os.utime(killed, (long_ago, long_ago))
    with safe_write.whole_file(tmp_path / "file.bin") as file:
        file.write(b"whole")
    assert sorted(tmp_path.iterdir()) == [tmp_path / "file.bin", written_now]


def test_every_cache_names_a_full_disk_and_leaves_nothing(
    own_sounds: Path, full_disk: Callable[[int], None], tmp_path: Path
) -> None:
    sounds, cache = sorted(own_sounds.rglob("*.wav")), tmp_path / "cache"
    pictures = tmp_path / "pictures" / "sadness"
    pictures.mkdir(parents=True)
    Image.fromarray(np.zeros((32, 32, 3), np.uint8)).save(pictures / "klee_1.png")
    full_disk(2_000)
    with pytest.raises(DataError, match="No space left"):
        open_cache("tones", sounds, cache)
    with pytest.raises(DataError, match="No space left"):
        prepare_files("tones", sounds, Preparation(seconds=0.5), cache)
    with pytest.raises(DataError, match="No space left"):
        load_art(pictures.parent, 64, cache)
    assert list(cache.iterdir()) == []
