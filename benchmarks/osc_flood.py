"""A show that gets 1,000 OSC messages a second while three panels are open, beside the same show left alone.

    python -m benchmarks osc_flood [--quick]

One headless show with the default pack; in turns it is flooded and left alone, ten seconds each, a minute of both
(--quick: three seconds once), once all processes have started. Four senders are a process of their own, and so are the
panels, which listen over OSCQuery to every setting and signal. Each sender sets addresses of its own to ever new values
and now and then presses a button that must not be lost. The row is the time from frame to frame; its note says how many
frames a second that is, what the flood left in memory, and what became of the messages: unless the last value of every
address is the last that was sent and every button was pressed, the benchmark fails.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import socket
import struct
import subprocess
import sys
import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import pairwise
from pathlib import Path

from websockets.sync.client import ClientConnection, connect

from benchmarks.rows import Row, compared, times
from chromesthesia.control.commands import SetParameter
from chromesthesia.control.controller import Controller
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.protocols import Clock
from chromesthesia.core.records import Float32, UInt8
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Param
from chromesthesia.params.readings import signal_readings
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.osc.codec import encode_message
from chromesthesia.ports.osc.udp import LOOPBACK, open_input
from chromesthesia.ports.port import Port, Readings
from chromesthesia.show.live import run_show

SENDERS = 4
PANELS = 3
MESSAGES_A_SECOND = 1000
BUTTON_EVERY = 100
"""One message in so many is the button."""
BUTTON, COUNTED = "/generator/scene_nudge", "/generator/scene"
SET = tuple(
    param for param in PARAMETERS if param.writable and param.is_float and param.path.startswith("/look/")
)
SETTLE_S = 2.0
"""After what takes a processor to begin with: a show, and the processes that steer and watch it."""
READY = "ready\n"
ARRIVE_S = 10.0
"""How long the last messages may take on a machine that does other things."""


class Watch:
    """Takes the frames of a show as a sink, and its tree as a port."""

    name = "watch"
    next_s = math.inf

    def __init__(self) -> None:
        self.moments_s: list[float] = []
        self.tree: ParameterTree | None = None

    def frame(self, pixels: UInt8, time_s: float) -> None:
        """Note when it was."""
        self.moments_s.append(time.perf_counter())

    def sound(self, samples: Float32, start_s: float) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""

    def make(self, tree: ParameterTree, controller: Controller, clock: Clock) -> Port:
        """As a show asks for a port."""
        self.tree = tree
        return self

    def start(self) -> None:
        """Nothing to do."""

    def publish(self, now_s: float, writes: Sequence[SetParameter], readings: Readings) -> None:
        """Nothing to do."""

    def health(self) -> Mapping[str, int]:
        """Nothing counted."""
        return {"failures": 0}

    def stop(self) -> None:
        """Nothing to do."""

    def intervals_s(self, spans: Sequence[tuple[float, float]]) -> list[float]:
        """From frame to frame within these spans of time."""
        found: list[float] = []
        for begin_s, end_s in spans:
            inside = self.moments_s[bisect_left(self.moments_s, begin_s) : bisect_left(self.moments_s, end_s)]
            found += [after - before for before, after in pairwise(inside)]
        return found


class Driver:
    """Floods a show and leaves it alone, in turns, on a thread, and ends it."""

    def __init__(self, port: int, span_s: float, turns: int, watch: Watch, stop: threading.Event) -> None:
        self.flooded: list[tuple[float, float]] = []
        self.alone: list[tuple[float, float]] = []
        self.memory_kb: list[int] = []
        self.told = 0
        self.sent = self.buttons = 0
        self.last: dict[str, float] = {}
        self.wrong: list[str] = []
        self._port, self._span_s, self._turns = port, span_s, turns
        self._watch, self._stop = watch, stop

    def run(self) -> None:
        """Body of the thread."""
        try:
            while not self._watch.moments_s:
                time.sleep(0.1)
            time.sleep(SETTLE_S)
            for _ in range(self._turns):
                self.alone.append(self._span(lambda: time.sleep(self._span_s)))
                self._flood()
                gc.collect()
                self.memory_kb.append(_resident_kb())
            self._wait_for_the_last()
        finally:
            self._stop.set()

    def _span(self, do: Callable[[], None]) -> tuple[float, float]:
        begin_s = time.perf_counter()
        do()
        return begin_s, time.perf_counter()

    def _flood(self) -> None:
        with panels(self._port) as open_panels, self._senders() as senders:
            time.sleep(SETTLE_S)
            self.flooded.append(self._span(lambda: self._send(senders)))
        self.told += open_panels.told

    def _senders(self) -> subprocess.Popen[str]:
        """A process that is ready to send."""
        command = [sys.executable, "-m", "benchmarks.osc_flood", "--send", str(self._port)]
        senders = subprocess.Popen(
            [*command, "--seconds", str(self._span_s), "--from", str(self.sent)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert senders.stdout is not None
        assert senders.stdout.readline() == READY, "the senders did not start"
        return senders

    def _send(self, senders: subprocess.Popen[str]) -> None:
        said, _ = senders.communicate("\n")
        told = json.loads(said)
        self.sent += told["sent"]
        self.buttons += told["buttons"]
        self.last.update(told["last"])

    def _wait_for_the_last(self) -> None:
        tree = self._watch.tree
        assert tree is not None
        wanted = {**self.last, COUNTED: self.buttons}
        until_s = time.perf_counter() + ARRIVE_S
        while time.perf_counter() < until_s:
            values = tree.snapshot()
            self.wrong = [path for path, value in wanted.items() if values[path] != value]
            if not self.wrong:
                return
            time.sleep(0.05)


def rows(quick: bool) -> list[Row]:
    """From frame to frame in milliseconds."""
    port = _free_port()
    watch, stop = Watch(), threading.Event()
    driver = Driver(port, 3.0 if quick else 10.0, 1 if quick else 6, watch, stop)
    thread = threading.Thread(target=driver.run)
    thread.start()
    config = ShowConfig(source="demo", headless=True, osc_in_port=port, duration_s=3600.0)
    report = run_show(config, stop, (watch,), (watch.make,))
    thread.join()
    counts = report["counts"]
    assert isinstance(counts, dict)
    if driver.wrong:
        raise RuntimeError(f"not the last value: {driver.wrong}; lost: {counts['port osc']['lost']}")
    alone_s, flooded_s = watch.intervals_s(driver.alone), watch.intervals_s(driver.flooded)
    note = (
        f"{len(flooded_s) / sum(flooded_s):.1f} beside {len(alone_s) / sum(alone_s):.1f} frames a second; "
        f"{driver.sent} messages, {driver.buttons} of them buttons, none lost; {driver.told} packets to panels; memory "
        f"{(driver.memory_kb[-1] - driver.memory_kb[0]) / 1024:+.1f} MB from the first to the last turn"
    )
    return compared(
        "frame to frame, 1,000 OSC messages a second, three panels open",
        times(flooded_s),
        {"left alone": times(alone_s)},
        "ms",
        note,
    )


class Panels:
    """What the panels were told: packets in all, once they are closed."""

    told = 0


@contextmanager
def panels(port: int) -> Iterator[Panels]:
    """`PANELS` clients in a process of their own that listen until the block is left."""
    command = [sys.executable, "-m", "benchmarks.osc_flood", "--panels", str(port)]
    found = Panels()
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == READY, "the panels could not connect"
    try:
        yield found
    finally:
        told, _ = process.communicate("\n")
    found.told = int(told)


def listen(port: int) -> int:
    """Body of the panels' process: tell when it is ready, take what comes until a line is read; how many packets."""
    addresses = [param.path for param in (*PARAMETERS, *signal_readings()) if param.path != "/status/stalled"]
    counts = [0] * PANELS

    def take(number: int, socket: ClientConnection) -> None:
        for _ in socket:
            counts[number] += 1

    with ExitStack() as opened:
        sockets = [opened.enter_context(connect(f"ws://{LOOPBACK}:{port}/?bundle")) for _ in range(PANELS)]
        for number, one in enumerate(sockets):
            for address in addresses:
                one.send(json.dumps({"COMMAND": "LISTEN", "DATA": address}))
            threading.Thread(target=take, args=(number, one), daemon=True).start()
        print(READY, end="", flush=True)
        sys.stdin.readline()
    return sum(counts)


def send(port: int, seconds: float, begin: int) -> dict[str, object]:
    """Tell when it is ready and, once a line is read, send evenly from `SENDERS` sockets; what was sent last to each
    address, and how many buttons.

    begin: number of the first message.
    """
    sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(SENDERS)]
    last: dict[str, float] = {}
    buttons = 0
    count = int(seconds * MESSAGES_A_SECOND)
    print(READY, end="", flush=True)
    sys.stdin.readline()
    started_s = time.perf_counter()
    for number in range(begin, begin + count):
        ahead_s = started_s + (number - begin) / MESSAGES_A_SECOND - time.perf_counter()
        if ahead_s > 0.0:
            time.sleep(ahead_s)
        sender = number % SENDERS
        if number % BUTTON_EVERY == 0:
            packet = encode_message(BUTTON, (1,))
            buttons += 1
        else:
            own = SET[sender::SENDERS]
            param = own[number // SENDERS % len(own)]
            (value,) = struct.unpack(">f", struct.pack(">f", _near_default(param, number * 0.618 % 1.0)))
            packet = encode_message(param.path, (value,))
            last[param.path] = value
        sockets[sender].sendto(packet, (LOOPBACK, port))
    for each in sockets:
        each.close()
    return {"sent": count, "buttons": buttons, "last": last}


def _near_default(param: Param, share: float) -> float:
    """A value within a hundredth of the range of the default: what is drawn then costs what it costs left alone."""
    low, high = param.low or 0.0, 1.0 if param.high is None else param.high
    default = float(param.default)
    way = 1.0 if default + 0.01 * (high - low) <= high else -1.0
    return default + way * 0.01 * (high - low) * share


def _free_port() -> int:
    datagrams = open_input(0)
    datagrams.close()
    return datagrams.address[1]


def _resident_kb() -> int:
    """Memory of this process; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4
    except OSError:
        return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--send", type=int, default=0, metavar="PORT")
    parser.add_argument("--panels", type=int, default=0, metavar="PORT")
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--from", type=int, default=0, dest="begin")
    options = parser.parse_args()
    if options.panels:
        print(listen(options.panels))
        sys.exit()
    print(json.dumps(send(options.send, options.seconds, options.begin)))
