"""A reader that stalls, goes away or knows no umlauts: the command goes on, and says what it left out."""

from __future__ import annotations

import errno
import io
import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from chromesthesia.cli.streams import Outlet, never_wait, standard_streams

TIMEOUT_S = 60.0
posix = pytest.mark.skipif(sys.platform == "win32", reason="pipes and signals of POSIX")


class Reader:
    """A raw stream whose reader takes nothing until `taking` is set; `failing` is raised by the next writes."""

    def __init__(self, taking: bool = True) -> None:
        self.taking = threading.Event()
        self.asked = threading.Event()
        if taking:
            self.taking.set()
        self.failing: OSError | None = None
        self.read = b""
        self.no_room = 0
        self.chunk = 1 << 20

    def write(self, data: bytes, /) -> int | None:
        """As a blocking descriptor: waits for the reader, takes at most `chunk`."""
        self.asked.set()
        assert self.taking.wait(TIMEOUT_S)
        if self.failing is not None:
            raise self.failing
        if self.no_room:
            self.no_room -= 1
            return None
        self.read += data[: self.chunk]
        return min(len(data), self.chunk)

    def isatty(self) -> bool:
        """A terminal."""
        return True

    def fileno(self) -> int:
        """Of no descriptor."""
        return -1


@pytest.fixture
def stalled() -> Iterator[Reader]:
    """A reader that takes nothing until the test is over."""
    reader = Reader(taking=False)
    yield reader
    reader.taking.set()


def test_what_is_written_arrives_in_order_and_whole() -> None:
    reader = Reader()
    reader.chunk, reader.no_room = 3, 2
    outlet = Outlet(reader, "utf-8")
    print("one", "zwölf", file=outlet)
    outlet.write("three")
    assert outlet.drain(None)
    assert reader.read.decode() == f"one zwölf{os.linesep}three"
    assert (outlet.dropped, outlet.encoding, outlet.isatty()) == (0, "utf-8", True)
    outlet.end()


def test_a_stalled_reader_holds_nobody_up_and_learns_what_it_missed(stalled: Reader) -> None:
    outlet = Outlet(stalled, "utf-8", waits=False, limit_bytes=1000)
    outlet.write("line 0\n")
    assert stalled.asked.wait(TIMEOUT_S)
    for number in range(1, 5000):
        outlet.write(f"line {number}\n")
    assert outlet.dropped > 4800
    assert not outlet.drain(patience_s=0.0)
    assert outlet._queued_bytes <= 1100
    stalled.taking.set()
    assert outlet.drain(None)
    outlet.write("and on\n")
    assert outlet.drain(None)
    lines = stalled.read.decode().splitlines()
    shown = [line for line in lines if line.startswith("line ")]
    assert shown == [f"line {number}" for number in range(5000 - outlet.dropped)]
    assert lines[len(shown) :] == [f"({outlet.dropped} lines left out: nobody read this in time)", "and on"]
    outlet.end()


class Noticing(threading.Condition):
    """Counts how often somebody began to wait."""

    def __init__(self) -> None:
        super().__init__()
        self.waits = threading.Semaphore(0)

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.release()
        return super().wait(timeout)


def test_what_is_written_meanwhile_is_no_reason_to_give_the_rest_up(stalled: Reader) -> None:
    outlet = Outlet(stalled, "utf-8", waits=False)
    outlet.write("line 0\n")
    assert stalled.asked.wait(TIMEOUT_S)
    outlet._changed = noticing = Noticing()
    drained: list[bool] = []

    def drain() -> None:
        drained.append(outlet.drain(TIMEOUT_S))
        noticing.waits.release()

    thread = threading.Thread(target=drain)
    thread.start()
    assert noticing.waits.acquire(timeout=TIMEOUT_S)
    outlet.write("line 1\n")
    assert noticing.waits.acquire(timeout=TIMEOUT_S)
    assert not drained
    stalled.taking.set()
    thread.join(TIMEOUT_S)
    assert drained == [True]
    assert stalled.read.decode().splitlines() == ["line 0", "line 1"]
    outlet.end()


def test_a_command_that_lists_waits_for_its_reader_and_loses_nothing(stalled: Reader) -> None:
    outlet = Outlet(stalled, "utf-8", waits=True, limit_bytes=1000)
    blocked = threading.Event()

    def listing() -> None:
        for number in range(1000):
            if outlet._queued_bytes > 900:
                blocked.set()
            outlet.write(f"line {number}\n")

    writer = threading.Thread(target=listing)
    writer.start()
    assert blocked.wait(TIMEOUT_S)
    stalled.taking.set()
    writer.join(TIMEOUT_S)
    assert outlet.drain(None)
    assert stalled.read.decode().splitlines() == [f"line {number}" for number in range(1000)]
    assert outlet.dropped == 0
    outlet.end()


def test_one_long_text_is_taken_whole() -> None:
    reader = Reader()
    outlet = Outlet(reader, "utf-8", waits=False, limit_bytes=100)
    outlet.write("x" * 10_000)
    assert outlet.drain(None)
    assert len(reader.read) == 10_000
    outlet.end()


@pytest.mark.parametrize("number", [errno.EPIPE, errno.EIO])
@pytest.mark.parametrize("waits", [True, False])
def test_a_reader_that_went_away_is_no_error(number: int, waits: bool) -> None:
    reader = Reader()
    reader.failing = OSError(number, "gone")
    outlet = Outlet(reader, "utf-8", waits=waits, limit_bytes=10)
    for _ in range(100):
        outlet.write("twelve signs\n")
    assert outlet.drain(None)
    assert (outlet.gone, outlet.error, outlet.dropped) == (True, None, outlet.dropped)
    outlet.end()


def test_a_full_disk_is_kept_as_the_error_and_tried_again() -> None:
    reader = Reader()
    reader.failing = OSError(errno.ENOSPC, "No space left on device")
    outlet = Outlet(reader, "utf-8")
    outlet.write("lost\n")
    assert outlet.drain(None)
    reader.failing = None
    outlet.write("kept\n")
    assert outlet.drain(None)
    assert outlet.error is not None
    assert reader.read == b"kept" + os.linesep.encode()
    outlet.end()


@pytest.mark.parametrize(
    ("encoding", "expected"),
    [
        ("ascii", rb"\xe9tude \u2192 \udce9"),
        ("latin-1", b"\xe9tude \\u2192 \\udce9"),
        ("utf-8", "étude → \\udce9".encode()),
    ],
)
def test_no_sign_is_an_error(encoding: str, expected: bytes) -> None:
    reader = Reader()
    outlet = Outlet(reader, encoding)
    outlet.write("étude → \udce9")
    assert outlet.drain(None)
    assert reader.read == expected
    outlet.end()


def test_streams_in_memory_stay_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    memory = io.StringIO()
    monkeypatch.setattr(sys, "stdout", memory)
    monkeypatch.setattr(sys, "stderr", None)
    with standard_streams() as streams:
        assert sys.stdout is memory
        assert (streams.out, streams.err, streams.drain()) == (None, None, "")
        never_wait()


@posix
def test_a_full_pipe_that_nobody_reads_lets_the_writer_go(monkeypatch: pytest.MonkeyPatch) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as reader, os.fdopen(writing, "w") as pipe:
        monkeypatch.setattr(sys, "stderr", pipe)
        with standard_streams() as streams:
            never_wait()
            for number in range(20_000):
                print("a line that nobody reads", number, file=sys.stderr)
            assert streams.err is not None
            assert streams.err.dropped > 0
        assert sys.stderr is pipe
        os.set_blocking(reader.fileno(), False)
        while not streams.err.drain(0.01):
            reader.read(1 << 16)


SHOW = """
import logging, os, signal, sys, threading
from chromesthesia.cli import app, play
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
def show(config, models):
    log, number = logging.getLogger("chromesthesia.show"), 0
    while not stop.is_set():
        number += 1
        print("line", number, "\\udce9" * 400)
        print("line", number, "\\udce9" * 400, file=sys.stderr)
        if number in (1, 100, 101):
            log.warning("line %d", number)
        if number == 101:
            os.write(int(sys.argv[1]), b"on")
    return {"frames": number, "duration_s": 1.0, "source": "\\u00e9tude \\u2192 \\udce9"}
play._run_show = show
app.main(["run", "--headless"])
"""


@posix
def test_a_show_whose_terminal_is_stopped_goes_on_and_ends_when_told() -> None:
    ready, ready_there = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-c", SHOW, str(ready_there)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        pass_fds=[ready_there],
    )
    os.close(ready_there)
    try:
        assert select.select([ready], [], [], TIMEOUT_S)[0], "the show stood still"
        assert os.read(ready, 2) == b"on"
        process.send_signal(signal.SIGTERM)
        assert process.wait(TIMEOUT_S) == 0
    finally:
        process.kill()
        process.communicate()
        os.close(ready)


QUICK_SHOW = SHOW.replace("while not stop.is_set():", "while number < 2:")


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONIOENCODING": "ascii"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONUNBUFFERED": "1"},
    ],
    ids=["ascii", "C"],
)
def test_a_terminal_of_any_encoding_gets_its_lines(environment: dict[str, str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", QUICK_SHOW],
        capture_output=True,
        env={**os.environ, **environment},
        timeout=TIMEOUT_S,
    )
    assert done.returncode == 0, done.stderr
    assert b"Traceback" not in done.stderr
    assert b"tude " in done.stdout
    assert done.stdout.count(b"\\udce9") == 800


@posix
@pytest.mark.parametrize("closed", ["<&- >&- 2>&-", ">/dev/null 2>&-"])
def test_a_show_without_standard_streams_plays_and_no_file_takes_their_place(closed: str) -> None:
    probe = QUICK_SHOW.replace(
        "def show(config, models):", "def show(config, models):\n    numbers.append(os.dup(0))"
    )
    probe = probe.replace("app.main(", "numbers = []\ntry:\n    app.main(")
    probe += "finally:\n    os._exit(0 if numbers and numbers[0] > 2 else 9)"
    done = subprocess.run(
        ["sh", "-c", f'exec "$0" -c "$1" {closed}', sys.executable, probe], timeout=TIMEOUT_S
    )
    assert done.returncode == 0


def test_a_list_into_a_closed_pipe_ends_quietly() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "chromesthesia", "params"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    assert process.wait(TIMEOUT_S) == 0
    process.stderr.close()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_list_onto_a_full_disk_is_an_error() -> None:
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "chromesthesia", "params"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            timeout=TIMEOUT_S,
        )
    assert done.returncode == 1
    assert done.stderr.startswith("error: standard output: ")


def test_the_log_cannot_steer_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    import logging

    from chromesthesia.cli.console import LogLevel, complain, say, set_up_log

    set_up_log(LogLevel.INFO)
    torn = "a\x1b[2J\x1b]0;title\x07\r\x9b1m\u202eb"
    logging.getLogger("chromesthesia.x").warning("torn %s\nsecond line", torn)
    say(torn)
    complain(torn + "\n" + torn, torn)
    captured = capsys.readouterr()
    everything = captured.out + captured.err
    assert all(sign.isprintable() or sign == "\n" for sign in everything), repr(everything)
    assert len(captured.err.strip().splitlines()[-1]) > 20
    assert "second line" in captured.err
