"""Real child processes: what a life line carries, and what is left of an engine that dies or hangs."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chromesthesia.show.pulse import LifeLine
from chromesthesia.supervise.child import ChildEngine
from chromesthesia.supervise.last_picture import open_memory
from chromesthesia.supervise.wire import (
    LINE_BYTES,
    VARIABLE,
    Beat,
    First,
    LogLine,
    LoopBeat,
    Message,
    Orders,
    decode,
    encode,
    orders_text,
)

PATIENCE_S = 30.0
BEGIN = """
import ctypes, logging, os, signal, sys, threading, time
from chromesthesia.show.pulse import Pulse
from chromesthesia.supervise.wire import orders_here
pulse = Pulse(orders_here())
log = logging.getLogger("chromesthesia.test")
log.setLevel("INFO")
"""


@contextmanager
def child(script: str) -> Iterator[ChildEngine]:
    with open_memory() as picture:
        engine = ChildEngine([sys.executable, "-c", BEGIN + script], picture)
        try:
            yield engine
        finally:
            engine.kill()
            engine.close()


def told(engine: ChildEngine, until: Callable[[Message], bool]) -> list[Message]:
    """Everything up to the message that is waited for."""
    found: list[Message] = []
    last_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < last_s:
        for message in engine.messages(0.1):
            found.append(message)
            if until(message):
                return found
    raise AssertionError(f"it never came; there was {found[-3:]}")


def ended(engine: ChildEngine) -> tuple[int, list[Message]]:
    found: list[Message] = []
    last_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < last_s:
        found += engine.messages(0.1)
        if (code := engine.exit_code()) is not None:
            return code, found + engine.messages(0.0)
    raise AssertionError("it never ended")


def test_a_child_beats_from_the_start_and_tells_its_log_and_first_frame() -> None:
    with child("log.info('hello'); pulse.shown(12.5); pulse.shown(13.5); time.sleep(60)") as engine:
        found = told(engine, lambda message: isinstance(message, Beat) and message.shown_s == 13.5)
    assert [message for message in found if isinstance(message, First)] == [First(12.5)]
    assert [line.text for line in found if isinstance(line, LogLine)] == ["hello"]
    beat = found[-1]
    assert isinstance(beat, Beat)
    assert beat.phase == "starting"
    if sys.platform == "linux":
        assert beat.rss_mib is not None
        assert 5 < beat.rss_mib < 2000
        assert beat.handles is not None
        assert beat.threads is not None


def test_the_last_words_of_a_child_that_crashes_are_read_and_its_stacks_are_there() -> None:
    with child("log.warning('now it comes'); ctypes.string_at(0)") as engine:
        code, found = ended(engine)
        stack = engine.stack()
    assert code == -signal.SIGSEGV
    assert "now it comes" in [line.text for line in found if isinstance(line, LogLine)]
    assert b"Segmentation fault" in stack
    assert b"in <module>" in stack


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="no SIGUSR1")
@pytest.mark.parametrize("how", ["signal.pause()", "os.kill(os.getpid(), signal.SIGSTOP)"])
def test_a_hung_or_stopped_child_tells_its_stacks_before_it_is_killed(how: str) -> None:
    script = f"def stuck_here():\n    log.info('hangs')\n    {how}\n    signal.pause()\nstuck_here()"
    with child(script) as engine:
        told(engine, lambda message: isinstance(message, LogLine) and message.text == "hangs")
        if "SIGSTOP" in how:
            _, status = os.waitpid(engine.pid, os.WUNTRACED)
            assert os.WIFSTOPPED(status)
        engine.ask_stack()
        for _ in range(int(PATIENCE_S / 0.02)):
            if b"stuck_here" in engine.stack():
                break
            threading.Event().wait(0.02)
        assert b"stuck_here" in engine.stack()
        engine.kill()
        assert ended(engine)[0] == -signal.SIGKILL


@pytest.mark.skipif(not hasattr(os, "waitid"), reason="no waitid")
def test_a_child_that_a_signal_stopped_is_told_from_one_that_hangs_and_goes_on() -> None:
    script = "log.info('here'); os.kill(os.getpid(), signal.SIGSTOP); log.info('again'); signal.pause()"
    with child(script) as engine:
        told(engine, lambda message: isinstance(message, LogLine) and message.text == "here")
        os.waitid(os.P_PID, engine.pid, os.WSTOPPED | os.WNOWAIT)
        assert engine.stopped()
        assert engine.stopped(), "looking changes nothing"
        engine.go_on()
        told(engine, lambda message: isinstance(message, LogLine) and message.text == "again")
        assert not engine.stopped()
        engine.kill()
        assert ended(engine)[0] == -signal.SIGKILL
        assert not engine.stopped()


def test_a_child_whose_supervisor_is_gone_hears_of_it() -> None:
    script = BEGIN + (
        "gone = threading.Event()\n"
        "pulse.line.on_gone = gone.set\n"
        "os.write(1, b'ready')\n"
        "sys.exit(0 if gone.wait(20.0) else 1)"
    )
    reading, writing = os.pipe()
    with open(os.devnull, "r+b") as nothing:
        environment = {
            **os.environ,
            VARIABLE: orders_text(Orders(writing, nothing.fileno(), nothing.fileno())),
        }
        orphan = subprocess.Popen(
            [sys.executable, "-c", script],
            env=environment,
            pass_fds=(writing, nothing.fileno()),
            stdout=subprocess.PIPE,
        )
    os.close(writing)
    assert orphan.stdout is not None
    with orphan.stdout:
        assert orphan.stdout.read(5) == b"ready"
        os.close(reading)
        assert orphan.wait(PATIENCE_S) == 0


def test_a_pipe_that_nobody_reads_keeps_nobody_waiting() -> None:
    reading, writing = os.pipe()
    try:
        line = LifeLine(writing)
        record = logging.LogRecord("chromesthesia", logging.INFO, "", 0, "x" * 300, (), None)
        for _ in range(1000):
            line.emit(record)
        assert line.dropped > 0
        # What was taken is whole lines.
        kept = os.read(reading, 1 << 20)
        assert kept.endswith(b"\n")
        assert all(isinstance(decode(each), LogLine) for each in kept.splitlines())
    finally:
        os.close(reading)
        os.close(writing)


@pytest.mark.parametrize("text", ["x" * 10_000, "\N{SNOWMAN}" * 5000, "\N{MUSICAL SYMBOL G CLEF}" * 5000])
def test_no_line_is_longer_than_the_system_takes_at_once(text: str) -> None:
    beat = Beat(1.0, "playing", loops={f"loop {number}": LoopBeat("beats", 1 << 60) for number in range(200)})
    for message in (LogLine(1.0, "INFO", text), beat):
        line = encode(message)
        assert len(line) <= LINE_BYTES
        assert type(decode(line)) is type(message)


@pytest.mark.parametrize(
    "line",
    [
        *(b"", b"{}", b"[1]", b'"beat"', b"\xff", b"[" * 100_000, b'{"kind": "beat"}'),
        b'{"kind": "beat", "at_s": 1, "phase": "?"}',
        b'{"kind": "first", "at_s": "x"}',
        b'{"kind": "log", "at_s": 1, "level": "INFO"}',
    ],
)
def test_a_line_that_is_none_is_left_out(line: bytes) -> None:
    assert decode(line) is None


def command(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [
            *(sys.executable, "-m", "chromesthesia", "run", "--supervise", "--state", str(folder)),
            *("--headless", "--osc-in-port", "0", "--query-port", "0", *arguments),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_wrong_option_leaves_at_once_and_starts_nothing(tmp_path: Path) -> None:
    done = command("--size", "wide", folder=tmp_path)
    assert done.returncode == 2
    assert "'wide' is not WIDTHxHEIGHT" in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_preset_that_is_not_there_leaves_with_the_usual_line(tmp_path: Path) -> None:
    done = command("--preset", "Nothing", folder=tmp_path)
    assert done.returncode == 6
    assert done.stderr.count("started the engine, pid") == 1
    assert "error: no preset named 'Nothing'" in done.stderr
