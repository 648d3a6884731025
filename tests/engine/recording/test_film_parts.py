"""A disk that fails on the way: the film goes on in another file, in step, and not for ever."""

from __future__ import annotations

import errno
import gc
import io
import weakref
from pathlib import Path
from typing import Any, BinaryIO, cast

import av
import numpy as np
import pytest

from chromesthesia.core.errors import RecordError
from chromesthesia.core.records import SAMPLE_RATE_HZ
from chromesthesia.core.safe_write import open_new
from chromesthesia.recording import film_parts
from chromesthesia.recording.film import FilmWriter
from chromesthesia.recording.film_parts import MOST_PARTS, FilmParts
from chromesthesia.recording.media_queue import Picture, Sound

WIDTH, HEIGHT = 96, 64
NOISE = np.random.default_rng(7).integers(0, 256, (16, HEIGHT, WIDTH, 3), np.uint8)
CLICK = np.sin(np.arange(400) * 0.5).astype(np.float32)


class SmallFile(io.FileIO):
    """A file on a disk that is full after 60 kB."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "x+b")

    def write(self, content: Any) -> int:
        if self.tell() > 60_000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(content)


class Disk:
    """Opens small files until part `healed_at` of the film, large ones from then on."""

    def __init__(self, healed_at: int) -> None:
        self.opened: list[Path] = []
        self._healed_at = healed_at

    def __call__(self, path: Path) -> BinaryIO:
        self.opened.append(path)
        return open_new(path) if len(self.opened) >= self._healed_at else cast(BinaryIO, SmallFile(path))


def begin(path: Path, disk: Disk, goes_on: bool = True) -> FilmParts:
    def make(file: BinaryIO) -> FilmWriter:
        return FilmWriter(file, WIDTH, HEIGHT, 1, SAMPLE_RATE_HZ, True)

    return FilmParts(path, make, goes_on, disk)


def play(film: FilmParts, seconds: int, click_at: int = -1) -> None:
    """One frame of noise and one second of sound for each second of the show."""
    for second in range(seconds):
        sound = np.zeros(SAMPLE_RATE_HZ, np.float32)
        sound[: len(CLICK)] = CLICK if second == click_at else 0.0
        film.write(Picture(NOISE[second % len(NOISE)], float(second)))
        film.write(Sound(sound, float(second)))


def frame_times(path: Path) -> list[float]:
    with av.open(str(path)) as film:
        return [float(frame.time) for frame in film.decode(video=0)]


def loud_at(path: Path) -> float:
    with av.open(str(path)) as film:
        blocks = [(float(block.time or 0.0), block.to_ndarray().ravel()) for block in film.decode(audio=0)]
    samples = np.concatenate([block for _, block in blocks])
    return blocks[0][0] + float(np.argmax(np.abs(samples) > 0.3)) / SAMPLE_RATE_HZ


def test_a_film_goes_on_in_a_second_file_when_there_is_space_again(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"an older film")
    disk = Disk(healed_at=3)
    film = begin(path, disk)
    play(film, 120, click_at=118)
    film.finish(whole=True)

    assert str(film.error).startswith(f"the film {path} broke off after ")
    assert "No space left on device" in str(film.error)
    assert f"{disk.opened[0]}; it goes on in {tmp_path / 'a-2.mp4'}" in str(film.error)
    assert path.read_bytes() == b"an older film"
    assert len(disk.opened) == 3
    kept = frame_times(tmp_path / "a-2.mp4")
    assert kept[0] == 0.0
    assert loud_at(tmp_path / "a-2.mp4") == pytest.approx(kept[-1] - 1.0, abs=0.02)
    assert film.frames + film.dropped_frames == 120
    for broken in disk.opened[:2]:
        assert frame_times(broken)[0] == 0.0


def test_a_disk_that_stays_full_is_left_alone_in_the_end(tmp_path: Path) -> None:
    disk = Disk(healed_at=1000)
    film = begin(tmp_path / "a.mp4", disk)
    play(film, 600)
    film.finish(whole=True)
    assert len(disk.opened) == MOST_PARTS
    assert film.error is not None


def test_without_space_no_other_part_is_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(healed_at=2)
    film = begin(tmp_path / "a.mp4", disk)

    def full(folder: Path, wanted_bytes: int) -> None:
        raise RecordError(f"only 1 MiB are free for {folder}")

    with monkeypatch.context() as patch:
        patch.setattr(film_parts, "prepare_folder", full)
        play(film, 300)
    assert len(disk.opened) == 1
    film.write(Picture(NOISE[0], 400.0))
    assert len(disk.opened) == 2


def test_offline_a_film_does_not_go_on(tmp_path: Path) -> None:
    disk = Disk(healed_at=2)
    film = begin(tmp_path / "a.mp4", disk, goes_on=False)
    play(film, 120)
    film.finish(whole=True)
    assert len(disk.opened) == 1
    assert [file.name for file in tmp_path.iterdir()] == ["a.part.mp4"]


def test_broken_parts_give_their_encoders_back_at_once(tmp_path: Path) -> None:
    disk = Disk(4)
    writers: list[weakref.ref[FilmWriter]] = []

    def make(file: BinaryIO) -> FilmWriter:
        writer = FilmWriter(file, WIDTH, HEIGHT, 1, SAMPLE_RATE_HZ, True)
        writers.append(weakref.ref(writer))
        return writer

    film = FilmParts(tmp_path / "a.mp4", make, True, disk)
    gc.collect()
    gc.disable()  # an encoder has threads: what only the collector finds may live for minutes
    try:
        play(film, 180)
        alive = [each() is not None for each in writers]
    finally:
        gc.enable()
    assert film.error is not None
    assert len(alive) >= 4
    assert alive == [False] * (len(alive) - 1) + [True]
    film.finish(True)
