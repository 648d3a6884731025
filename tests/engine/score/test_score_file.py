"""The file of a score: what is cut, changed or not ours is named, and all the rest is read."""

from __future__ import annotations

import io
import threading
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
from numpy.typing import NDArray

from chromesthesia.core.errors import RecordError, ScoreError, UsageError
from chromesthesia.core.safe_write import open_new
from chromesthesia.score.blocks import FIRST_LINE, HEAD_BYTES, Kind, packed_block
from chromesthesia.score.events import (
    AnyEvent,
    Asked,
    Drawn,
    Head,
    Heeded,
    Key,
    Sized,
    Torn,
    decode_key,
    encoded,
)
from chromesthesia.score.hearing import Levels
from chromesthesia.score.reader import Score, open_score
from chromesthesia.score.writer import ScoreWriter, open_writer

HEAD = Head(
    show="5c0e",
    engine="0",
    began_s=1.0,
    utc_offset_s=0,
    seed=1,
    fps=20.0,
    size=(96, 54),
    pack="p",
    generator="",
    provider="cpu",
    shaders="",
    catalogue="",
    opengl="",
    source="",
    preset="",
    flash_limiter=True,
)
SECONDS = 6


def key_at(time_us: int) -> Key:
    return Key(time_us=time_us, before=(Sized(96, 54),), parts={"stage": {"serial": 3}, "renderer": {}})


def events_of(second: int) -> list[AnyEvent]:
    return [Heeded(Levels(rms=second).packed()), Drawn(1_000_000, 0, True)]


def write_score(path: Path, keys: tuple[int, ...] = (3,), **more: object) -> Path:
    writer = ScoreWriter(path, 1 << 30, **more)  # type: ignore[arg-type]
    writer.begin(HEAD)
    for second in range(1, SECONDS + 1):
        writer.frame(second * 1_000_000, events_of(second))
        if second in keys:
            writer.key(key_at(second * 1_000_000), 1000)
    writer.close()
    return writer.path


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_score(tmp_path / "night.score")


def seconds_of(score: Score, from_us: int = 0) -> list[int]:
    """The seconds whose frames are read, and -1 for each place where something is missing."""
    found = []
    for passage in score.passages(from_us):
        for event in passage.events:
            if isinstance(event, Torn):
                found.append(-1)
            elif isinstance(event, Drawn):
                found.append(passage.time_us // 1_000_000)
    return found


def read(content: bytes) -> Score:
    return Score(io.BytesIO(content), "night.score")


def test_what_was_told_is_read(path: Path) -> None:
    score = open_score(path)
    assert score.head == HEAD
    assert score.notes == []
    assert seconds_of(score) == [1, 2, 3, 4, 5, 6]
    first, *_ = score.passages(4_500_000)
    assert first.key == key_at(3_000_000)
    assert first.time_us == 4_000_000


def test_cut_at_any_byte_it_reads_up_to_the_last_whole_second(path: Path) -> None:
    content = path.read_bytes()
    ends = [block.end for block in open_score(path).blocks]
    frames_before = [block.kind is Kind.FRAMES for block in open_score(path).blocks]
    for cut in range(len(content)):
        if cut < ends[0]:
            with pytest.raises(ScoreError, match=r"not a score|version|head of the score is damaged"):
                read(content[:cut])
            continue
        score = read(content[:cut])
        whole = sum(frames for frames, end in zip(frames_before, ends, strict=True) if end <= cut)
        assert seconds_of(score) == [1, 2, 3, 4, 5, 6][:whole]
        if cut not in ends:
            assert len(score.notes) == 1
            assert "ends in the middle of a block" in score.notes[0]


def test_a_changed_byte_is_named_with_its_place_and_costs_its_second_only(path: Path) -> None:
    content = bytearray(path.read_bytes())
    blocks = open_score(path).blocks
    second = blocks[2]
    assert second.kind is Kind.FRAMES
    for at in range(second.at, second.end):
        changed = bytearray(content)
        changed[at] ^= 0x40
        score = read(bytes(changed))
        assert seconds_of(score) == [1, -1, 3, 4, 5, 6], at
        assert any(f"byte {second.at}" in note for note in score.notes), (at, score.notes)


def test_a_changed_key_costs_no_frame(path: Path) -> None:
    content = bytearray(path.read_bytes())
    (key,) = [block for block in open_score(path).blocks if block.kind is Kind.KEY]
    content[key.at + HEAD_BYTES + 3] ^= 1
    score = read(bytes(content))
    assert seconds_of(score, 4_500_000) == [1, 2, 3, 4, 5, 6], "from the beginning, as there is no key"
    assert f"byte {key.at}" in score.notes[0]


def test_rubbish_between_two_blocks_is_named(path: Path) -> None:
    content = path.read_bytes()
    at = open_score(path).blocks[3].at
    score = read(content[:at] + b"\xf5scr" + bytes(70_000) + content[at:])
    assert f"70004 bytes from byte {at} on" in score.notes[0] or f"from byte {at} on" in score.notes[0]
    assert seconds_of(score) == [1, 2, -1, 3, 4, 5, 6]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a score"),
        (b"RIFF....WAVE", "not a score"),
        (FIRST_LINE.replace(b"1", b"2"), "version '2', expected 1"),
        (FIRST_LINE, "the head of the score is damaged"),
        (FIRST_LINE + packed_block(Kind.FRAMES, 0, b"\x90"), "the head of the score is damaged"),
        (FIRST_LINE + packed_block(Kind.HEAD, 0, b"\x90"), "the head of the score is damaged"),
    ],
)
def test_another_file_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(ScoreError, match=message):
        read(content)


def test_a_block_that_unpacks_to_more_than_it_says_is_refused() -> None:
    start = FIRST_LINE + packed_block(Kind.HEAD, 0, encoded(HEAD))
    bomb = bytearray(packed_block(Kind.FRAMES, 0, bytes(1 << 22)))
    bomb[13:17] = (10).to_bytes(4, "little")
    bomb[25:29] = zlib.crc32(bomb[:25]).to_bytes(4, "little")
    score = read(start + bytes(bomb))
    assert seconds_of(score) == []
    assert score.notes


def test_arrays_come_back_as_they_were() -> None:
    rng = np.random.default_rng(1)
    parts: dict[str, NDArray[Any]] = {
        "planes": rng.integers(0, 256, (4, 30, 50), dtype=np.uint8),
        "pixels": rng.integers(0, 256, (31, 17, 3), dtype=np.uint8),
        "floats": rng.standard_normal((2, 3)).astype(np.float32),
        "doubles": rng.standard_normal(5),
        "none": np.zeros((0, 4, 4), np.uint8),
    }
    back = decode_key(encoded(Key(time_us=1, before=(), parts=parts))).parts
    for name, array in parts.items():
        assert back[name].dtype == array.dtype
        assert np.array_equal(back[name], array), name


def test_an_older_score_stays(path: Path) -> None:
    before = path.read_bytes()
    other = write_score(path)
    assert other.name == "night-2.score"
    assert path.read_bytes() == before
    assert seconds_of(open_score(other)) == [1, 2, 3, 4, 5, 6]


def test_a_score_ends_at_its_limit_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    writer = open_writer(tmp_path / "night.score", 1)
    writer.begin(HEAD)
    noise = np.random.default_rng(0)
    for second in range(1, 60):
        told: list[AnyEvent] = [Asked(0, noise.bytes(60_000).hex(), "osc", True), Drawn(1_000_000, 0, True)]
        writer.frame(second * 1_000_000, told)
    with pytest.raises(RecordError, match="holds the 1 MiB that it may"):
        writer.close()
    assert writer.path.stat().st_size <= 1 << 20
    assert "the show goes on" in caplog.text
    assert len(seconds_of(open_score(writer.path))) > 5


class FailingFile(io.BytesIO):
    """A disk that is full after so many bytes."""

    def __init__(self, room_bytes: int) -> None:
        super().__init__()
        self.room_bytes = room_bytes

    def write(self, content: object) -> int:
        length = len(memoryview(content))  # type: ignore[arg-type]
        self.room_bytes -= length
        if self.room_bytes < 0:
            raise OSError(28, "No space left on device")
        return super().write(content)  # type: ignore[arg-type]


def test_a_full_disk_ends_the_score_and_raises_only_at_the_close(tmp_path: Path) -> None:
    file = FailingFile(900)
    writer = ScoreWriter(tmp_path / "night.score", 1 << 30, open_file=_opens(file))
    writer.begin(HEAD)
    for second in range(1, 100):
        writer.frame(second * 1_000_000, events_of(second))
    with pytest.raises(RecordError, match="No space left on device"):
        writer.close()


def _opens(file: BinaryIO) -> Callable[[Path], BinaryIO]:
    def opened(path: Path) -> BinaryIO:
        if ".part" in path.name:
            return open_new(path)
        return file

    return opened


def test_a_slow_disk_loses_frames_of_the_score_and_counts_them(tmp_path: Path) -> None:
    gate = threading.Event()

    class Slow(io.BytesIO):
        begun = False

        def write(self, content: object) -> int:
            if self.begun:
                gate.wait(30.0)
            self.begun = True
            return super().write(content)  # type: ignore[arg-type]

    writer = ScoreWriter(tmp_path / "night.score", 1 << 30, open_file=_opens(Slow()), queue_bytes=1500)
    writer.begin(HEAD)
    taken = [writer.frame(second * 1_000_000, events_of(second)) for second in range(1, 40)]
    assert not all(taken)
    assert writer.counts()["score_frames_lost"] == taken.count(False)
    gate.set()
    writer.close()


@pytest.mark.parametrize("name", ["night.txt", "night"])
def test_another_ending_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(RecordError, match="ending"):
        ScoreWriter(tmp_path / name, 1 << 30)


def test_a_limit_that_holds_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="0 MiB"):
        open_writer(tmp_path / "night.score", 0)
