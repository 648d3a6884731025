"""A whole supervised show: real processes, real signals, off-screen OpenGL."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chromesthesia.testing.models import write_tiny_pack

pytestmark = [
    pytest.mark.gl,
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "waitid"), reason="needs POSIX signals, and to be told of them"),
]

PATIENCE_S = 120.0


class Room:
    def __init__(self, folder: Path) -> None:
        self.folder = folder / "state"
        pack = write_tiny_pack(folder / "pack")
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "chromesthesia", "run", "--supervise", "--state", str(self.folder)),
                *("--headless", "--source", "demo", "--duration", "3000", "--size", "64x36", "--fps", "10"),
                *("--osc-in-port", "0", "--query-port", "0", "--pack", str(pack)),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def events(self, name: str) -> list[dict[str, Any]]:
        try:
            lines = (self.folder / "events.jsonl").read_text().splitlines()
        except FileNotFoundError:
            return []
        return [event for event in map(json.loads, lines) if event["event"] == name]

    def wait(self, what: Callable[[], bool]) -> None:
        last_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < last_s:
            if what():
                return
            assert self.process.poll() is None, "the supervisor is gone"
            time.sleep(0.05)
        raise AssertionError(f"it never came; {self.events('start')}, {self.events('death')}")

    def playing(self, after: int = 0) -> int:
        """The pid of an engine that shows pictures, another than `after`."""
        self.wait(lambda: any(event["pid"] != after for event in self.events("first frame")[-1:]))
        return int(self.events("first frame")[-1]["pid"])

    def death(self, pid: int) -> dict[str, Any]:
        return next(event for event in self.events("death") if event["pid"] == pid)

    def state(self) -> dict[str, Any]:
        table: dict[str, Any] = json.loads((self.folder / "live.json").read_text())
        return table


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    made = Room(tmp_path)
    yield made
    if made.process.poll() is None:
        made.process.terminate()
    try:
        made.process.wait(PATIENCE_S)
    finally:
        made.process.kill()


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_show_that_is_killed_and_stopped_goes_on_and_ends_in_order(room: Room) -> None:
    first = room.playing()
    room.wait(lambda: (room.folder / "live.json").exists() and bool(room.events("first frame")))
    before = room.state()
    os.kill(first, signal.SIGKILL)
    second = room.playing(after=first)
    assert room.death(first)["signal"] == "SIGKILL"
    crashes = room.folder / "crashes"
    room.wait(lambda: any(crashes.glob(f"2*-{first}-*/report.json")))
    (report,) = crashes.glob(f"2*-{first}-*")
    assert json.loads((report / "report.json").read_text())["signal"] == "SIGKILL"
    assert json.loads((report / "state.json").read_text())["look"] == before["look"]
    assert room.events("first frame")[-1]["gap_s"] > 0
    room.wait(lambda: room.state() != before)
    after = room.state()
    assert after["look"] == before["look"]
    assert after["walk"]["numbers"][0] >= before["walk"]["numbers"][0], "the walk goes on, not anew"
    os.kill(second, signal.SIGSTOP)
    room.wait(lambda: bool(room.events("stopped")))
    stopped = room.state()
    room.wait(lambda: room.state() != stopped)
    assert [event["pid"] for event in room.events("start")] == [first, second]
    room.process.send_signal(signal.SIGTERM)
    assert room.process.wait(PATIENCE_S) == 0
    assert gone(second)


def test_an_engine_whose_supervisor_is_killed_ends_too(room: Room) -> None:
    engine = room.playing()
    room.process.kill()
    room.process.wait(PATIENCE_S)
    last_s = time.monotonic() + PATIENCE_S
    while not gone(engine) and time.monotonic() < last_s:
        time.sleep(0.05)
    assert gone(engine)
