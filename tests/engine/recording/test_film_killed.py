"""A film whose process is killed: it opens, and holds all but its last two seconds."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

import av
import av.error
import numpy as np
import pytest

from chromesthesia.core.records import SAMPLE_RATE_HZ
from chromesthesia.recording.film import FRAGMENT_S, FilmWriter

LOST_AT_MOST_S = 2.0
WIDTH, HEIGHT, FPS = 96, 64, 30
FOR_EVER = 1_000_000
CHILD = Path(__file__).with_name("film_process.py")


def film_until(path: Path, frame: int, sound_until: int) -> int:
    """Film in another process, kill it as soon as `frame` is written; the last frame that it told of."""
    child = subprocess.Popen(
        [sys.executable, str(CHILD), str(path), str(FOR_EVER), str(sound_until)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    try:
        told = next((int(line) for line in child.stdout if int(line) >= frame), -1)
    finally:
        child.kill()
        rest = child.stdout.read().split()
        child.wait()
    assert told == frame
    # What it wrote between this line and its end counts too; a line that was cut off does not.
    return max([told, *(int(line) for line in rest[:-1])])


def begins(path: Path, kind: Literal["video", "audio"]) -> Iterator[float]:
    """When each picture or block of sound begins, up to the first that is cut off, as players go."""
    with av.open(str(path)) as film, contextlib.suppress(av.error.InvalidDataError):
        for frame in film.decode(video=0) if kind == "video" else film.decode(audio=0):
            yield float(frame.time or 0.0)


def seconds(path: Path) -> tuple[float, float, float]:
    """To where pictures and sound can be decoded, and how long the container says it is."""
    pictures = list(begins(path, "video"))
    assert pictures == sorted(pictures)
    with av.open(str(path)) as film:
        told_s = float(film.duration or 0) / av.time_base
    return pictures[-1], max(begins(path, "audio"), default=0.0), told_s


class Written(io.FileIO):
    """A file that remembers every write: where, and what."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, "x+b")
        self.writes: list[tuple[int, bytes]] = []

    def write(self, content: Any) -> int:
        self.writes.append((self.tell(), bytes(content)))
        return super().write(content)


def test_a_film_killed_at_any_write_of_its_end_holds_what_it_held(tmp_path: Path) -> None:
    file = Written(tmp_path / "all.mp4")
    film = FilmWriter(cast(BinaryIO, file), WIDTH, HEIGHT, FPS, SAMPLE_RATE_HZ, True)
    noise = np.random.default_rng(3).integers(0, 256, (8, HEIGHT, WIDTH, 3), np.uint8)
    for index in range(100):
        film.frame(noise[index % len(noise)], index / FPS)
        film.sound(np.full(SAMPLE_RATE_HZ // FPS, 0.1, np.float32), index / FPS)
    before = len(file.writes)
    film.finish()

    assert len(file.writes) > before + 2, "pictures, an index, and a beginning that tells of it"
    for count in range(before, len(file.writes) + 1):
        cut = tmp_path / f"{count}.mp4"
        with cut.open("wb") as part:
            for offset, content in file.writes[:count]:
                part.seek(offset)
                part.write(content)
        assert seconds(cut)[0] >= 99 / FPS - 0.75


def test_pieces_cost_little(tmp_path: Path) -> None:
    """Half a second each: what they are told apart by is no hundredth of a small film."""
    file = Written(tmp_path / "all.mp4")
    film = FilmWriter(cast(BinaryIO, file), WIDTH, HEIGHT, FPS, SAMPLE_RATE_HZ, True)
    noise = np.random.default_rng(3).integers(0, 256, (8, HEIGHT, WIDTH, 3), np.uint8)
    for index in range(240):
        film.frame(noise[index % len(noise)], index / FPS)
        film.sound(np.full(SAMPLE_RATE_HZ // FPS, 0.1, np.float32), index / FPS)
    film.finish()
    whole = b"".join(content for _, content in file.writes)

    pieces = [
        int.from_bytes(whole[at - 4 : at], "big")
        for at in range(4, len(whole))
        if whole[at : at + 4] == b"moof"
    ]
    assert len(pieces) >= 240 / FPS / FRAGMENT_S - 1
    assert sum(pieces) < 0.01 * len(whole)


@pytest.mark.parametrize(
    ("frame", "sound_until"),
    [(59, FOR_EVER), (97, 0), (178, 70)],
    ids=["sound", "no sound", "sound that ends"],
)
def test_a_killed_film_holds_all_but_its_last_two_seconds(
    tmp_path: Path, frame: int, sound_until: int
) -> None:
    last = film_until(tmp_path / "night.mp4", frame, sound_until)

    picture_s, sound_s, told_s = seconds(tmp_path / "night.part.mp4")
    assert picture_s >= last / FPS - LOST_AT_MOST_S
    assert sound_s >= last / FPS - LOST_AT_MOST_S
    assert told_s == pytest.approx(picture_s, abs=LOST_AT_MOST_S / 2), (
        "players show a length that is not there"
    )


def test_a_film_of_one_process_comes_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "whole.mp4"
    told = subprocess.run(
        [sys.executable, str(CHILD), str(path), "90", "90"], capture_output=True, text=True, check=True
    ).stdout
    assert told.endswith("finished\n")

    picture_s, sound_s, told_s = seconds(path)
    assert picture_s == pytest.approx(89 / FPS, abs=1e-3)
    assert sound_s == pytest.approx(3.0, abs=0.1)
    assert told_s == pytest.approx(3.0, abs=0.1)
