"""Whatever is in a score's file: frames, notes in one line each, or a ScoreError. Nothing else."""

from __future__ import annotations

import io
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.score.test_score_file import HEAD, events_of, write_score
from tests.fuzzing import check_told, growth_bytes, in_time, settings_for

from chromesthesia.core.errors import ScoreError
from chromesthesia.score.blocks import FIRST_LINE, Kind, packed_block
from chromesthesia.score.events import Heeded, Key, encoded
from chromesthesia.score.hearing import LEVELS_BYTES, Levels
from chromesthesia.score.reader import Score

START = FIRST_LINE + packed_block(Kind.HEAD, 0, encoded(HEAD))
WHOLE = START + packed_block(Kind.FRAMES, 1_000_000, encoded(events_of(1)))
KEYED = WHOLE + packed_block(
    Kind.KEY, 1_000_000, encoded(Key(time_us=1_000_000, before=(), parts={"a": [1, 2.5, "b", None]}))
)


class Maker:
    """Contents from a seed: hypothesis would take a tenth of a second to make one of nested strategies."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def plain(self, depth: int = 0) -> object:
        """Anything that msgpack can hold, deeper at times."""
        random = self.random
        simple: list[object] = [
            None,
            random.random() < 0.5,
            random.randrange(-(1 << 63), 1 << 64),
            random.randrange(300),
            random.choice([0.0, -1.0, 1e300, float("nan"), float("inf"), random.random()]),
            "".join(chr(random.randrange(32, 0xD7FF)) for _ in range(random.randrange(6))),
            random.randbytes(random.choice([0, 1, 34, 35, 36, 64])),
        ]
        if depth > 3 or random.random() < 0.6:
            return random.choice(simple)
        several = [self.plain(depth + 1) for _ in range(random.randrange(5))]
        return several if random.random() < 0.5 else {str(number): one for number, one in enumerate(several)}

    def array(self) -> msgspec.msgpack.Ext:
        """An array as a key has it, or nearly."""
        random = self.random
        dtype = random.choice(["u1", "f4", "f8", "O", "u1"])
        shape = [random.choice([0, 1, 2, 3, 1 << 31, -1]) for _ in range(random.randrange(6))]
        head = msgspec.msgpack.encode([dtype, shape])
        data = bytes([random.choice([len(head), 0, 255])]) + head + random.randbytes(random.randrange(40))
        return msgspec.msgpack.Ext(random.choice([1, 1, 1, 2]), data)

    def content(self) -> bytes:
        """What a block may hold."""
        random = self.random
        match random.randrange(5):
            case 0:
                return random.randbytes(random.randrange(80))
            case 1:
                return msgspec.msgpack.encode(self.plain())
            case 2:
                key = {"time_us": random.randrange(1 << 54), "before": [], "parts": {"a": self.array()}}
                return msgspec.msgpack.encode(key)
            case 3:
                events = [
                    [random.randrange(14), *(self.plain() for _ in range(random.randrange(9)))]
                    for _ in range(random.randrange(5))
                ]
                return msgspec.msgpack.encode(events)
            case _:
                return msgspec.msgpack.encode(
                    [[3, random.randbytes(random.choice([LEVELS_BYTES - 1, LEVELS_BYTES]))], [8, 1, 0, True]]
                )

    def blocks(self) -> bytes:
        """A score of such blocks."""
        random = self.random
        return START + b"".join(
            packed_block(
                random.choice(list(Kind)), random.randrange(1 << random.choice([20, 53, 64])), self.content()
            )
            for _ in range(random.randrange(5))
        )

    def mutated(self) -> bytes:
        """A good score with some bytes changed, cut out or put in."""
        random = self.random
        content = bytearray(random.choice([WHOLE, KEYED]))
        for _ in range(random.randrange(1, 5)):
            at = random.randrange(len(content))
            match random.randrange(3):
                case 0:
                    content[at] = random.randrange(256)
                case 1:
                    del content[at : at + random.randrange(1, 40)]
                case _:
                    content[at:at] = random.randbytes(random.randrange(20))
            if not content:
                break
        return bytes(content)

    def any(self) -> bytes:
        """One of them."""
        match self.random.randrange(8):
            case 0:
                return self.random.randbytes(self.random.randrange(200))
            case 1 | 2 | 3:
                return self.mutated()
            case _:
                return self.blocks()


def read(content: bytes) -> int:
    """How many events of a file with this content are read; every error is told as it should be."""
    try:
        score = Score(io.BytesIO(content), "fuzz.score")
        count = 0
        for from_us in (0, 1_500_000):
            for passage in score.passages(from_us):
                for event in passage.events:
                    count += 1
                    if isinstance(event, Heeded):
                        try:
                            Levels.unpacked(event.levels)
                        except ValueError as error:
                            check_told(error)
    except ScoreError as error:
        check_told(error)
        return -1
    for note in score.notes:
        assert note.isprintable()
    return count


@settings_for()
@given(st.integers(0, (1 << 64) - 1))
def test_fuzz_score(seed: int) -> None:
    content = Maker(seed).any()
    with in_time():
        read(content)


def test_a_whole_score_is_read(tmp_path: Path) -> None:
    assert read(KEYED) > 0
    assert read(write_score(tmp_path / "night.score").read_bytes()) > 0


def test_reading_broken_scores_leaves_nothing_behind() -> None:
    broken = [KEYED[:cut] + b"\xff" * (cut % 3) for cut in range(0, len(KEYED), 11)]
    assert growth_bytes(read, broken, rounds=2) < 64 * 1024


@pytest.mark.parametrize("kind", list(Kind))
def test_deep_nesting_is_refused(kind: Kind) -> None:
    assert read(START + packed_block(kind, 0, b"\x91" * 100_000)) <= 0
