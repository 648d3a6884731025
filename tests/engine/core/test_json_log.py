"""The log as JSON lines: every line whole, bounded in size and number, whatever the disk does."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chromesthesia.core.errors import RecordError
from chromesthesia.core.json_log import MOST_WAITING, JsonLog

log = logging.getLogger("chromesthesia.tests.json_log")
OpenLog = Callable[..., JsonLog]


class Hand:
    """A clock that stands still."""

    now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def opened(hand: Hand, caplog: pytest.LogCaptureFixture) -> Iterator[OpenLog]:
    caplog.set_level(logging.INFO, "chromesthesia")
    logs: list[JsonLog] = []

    def open_log(path: Path, **more: Any) -> JsonLog:
        made = JsonLog(path, now_s=hand, **more)
        made.open()
        logs.append(made)
        return made

    yield open_log
    for one in logs:
        one.close()


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_line_has_its_time_level_logger_text_and_fields(opened: OpenLog, tmp_path: Path) -> None:
    path = tmp_path / "night.log"
    one = opened(path)
    log.warning(
        "down to %s", "shaders", extra={"fields": {"rung": "shaders", "cost": 1.23456, "bad": float("nan")}}
    )
    one.tell("status", {"fps": 29.97, "text": "cannot be taken"})
    one.close()
    first, second = lines(path)
    assert first.pop("time") > 1e9
    assert first == {
        "level": "warning", "logger": log.name, "text": "down to shaders", "rung": "shaders", "cost": 1.2346,
        "bad": None,
    }  # fmt: skip
    assert (second["text"], second["fps"], second["logger"]) == ("status", 29.97, "chromesthesia.show")


def test_foreign_text_stays_on_one_line(opened: OpenLog, tmp_path: Path) -> None:
    one = opened(tmp_path / "a.log")
    # Straight to the handler: half a character in pytest's own record of the log ends a run in several processes.
    one.handle(logging.LogRecord(log.name, logging.INFO, __file__, 2, "a\nb\x1b[31m %s", ("\ud800",), None))
    one.handle(logging.LogRecord(log.name, logging.INFO, __file__, 1, "%d", ("no number",), None))
    try:
        raise ValueError("two\nlines")
    except ValueError:
        log.exception("it failed")
    one.close()
    assert len(lines(tmp_path / "a.log")) == 3
    assert lines(tmp_path / "a.log")[2]["text"] == "it failed: ValueError: two lines"


def test_lines_that_repeat_are_left_out_and_counted(opened: OpenLog, hand: Hand, tmp_path: Path) -> None:
    one = opened(tmp_path / "a.log")
    for number in range(500):
        log.warning("again: %d", number)
    hand.now_s += 100.0
    log.warning("something else")
    one.close()
    first, last = lines(tmp_path / "a.log")
    assert (first["text"], last["text"], last["left_out"]) == ("again: 0", "something else", 499)
    assert one.counts()["repeats"] == 499


def test_what_changed_is_told_however_often(opened: OpenLog, tmp_path: Path) -> None:
    one = opened(tmp_path / "a.log")
    for number in range(20):
        log.info("rung", extra={"fields": {"rung": str(number)}})
    one.close()
    assert [line["rung"] for line in lines(tmp_path / "a.log")] == [str(number) for number in range(20)]


def test_the_file_is_turned_over_and_only_so_many_are_kept(opened: OpenLog, tmp_path: Path) -> None:
    one = opened(tmp_path / "a.log", file_bytes=20_000, kept_files=3)
    for number in range(1000):
        log.info("x" * 60, extra={"fields": {"number": number}})
        if number % 250 == 249:  # the writer may be slower than this loop; nothing is to be dropped here
            while one.waiting:
                pass
    one.close()
    files = sorted(path.name for path in tmp_path.iterdir())
    assert files == ["a.log", "a.log.1", "a.log.2"]
    assert all(path.stat().st_size < 20_000 + 64 * 250 for path in tmp_path.iterdir())
    kept = [line["number"] for name in ("a.log.2", "a.log.1", "a.log") for line in lines(tmp_path / name)]
    assert kept == list(range(kept[0], 1000))


def test_a_disk_that_fails_is_left_alone_for_a_while(
    opened: OpenLog, hand: Hand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "disk"
    folder.mkdir()
    one = opened(folder / "a.log")
    (folder / "a.log").unlink()
    folder.rmdir()
    log.info("lost", extra={"fields": {}})
    one.close()
    assert one.counts() == {"dropped": 1, "repeats": 0, "failures": 1}


def test_a_disk_that_stands_still_costs_lines_not_time(hand: Hand, tmp_path: Path) -> None:
    one = JsonLog(tmp_path / "a.log", now_s=hand)  # nobody writes
    for number in range(MOST_WAITING + 10):
        one.tell("x", {"number": number})
    assert one.counts()["dropped"] == 10
    one.close()


def test_a_file_that_cannot_be_written_is_refused_at_the_start(tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="--log-file"):
        JsonLog(tmp_path / "no" / "folder" / "a.log")
