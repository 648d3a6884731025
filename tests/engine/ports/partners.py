"""Real partners for tests: a show's control with OSC as it is opened, liblo in this process, Pure Data in its own."""

from __future__ import annotations

import math
import queue
import socket
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from chromesthesia.control.commands import SetParameter
from chromesthesia.control.controller import Controller
from chromesthesia.core.clock import SystemClock
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.protocols import Clock
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Value
from chromesthesia.params.presets import Preset, PresetLibrary
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.osc.endpoints import open_osc
from chromesthesia.ports.osc.udp import open_input
from chromesthesia.ports.port import Readings
from chromesthesia.show.control_loop import ControlLoop

HOST = "127.0.0.1"
TIMEOUT_S = 30.0
Written = tuple[str, Value, str, float]
"""Path, value, source and time."""
Heard = tuple[str, Any]
"""An address and its first argument."""


def free_port(kind: socket.SocketKind = socket.SOCK_DGRAM) -> int:
    """A port that was free a moment ago."""
    if kind is socket.SOCK_STREAM:
        with socket.create_server((HOST, 0)) as server:
            return int(server.getsockname()[1])
    datagrams = open_input(0)
    datagrams.close()
    return datagrams.address[1]


class Hall:
    """The control of a show, with OSC, on its threads; what is written is kept with its time."""

    def __init__(self, osc_out: tuple[str, ...] = ()) -> None:
        self.clock = SystemClock()
        self.tree = ParameterTree(PARAMETERS)
        library = PresetLibrary((Preset("Gallery"), Preset("Ink", {"/look/flow/amount": 0.75})))
        self.controller = Controller(self.tree, library)
        self.config = ShowConfig(
            osc_in_port=free_port(), osc_tcp_port=free_port(socket.SOCK_STREAM), osc_out=osc_out
        )
        self.written: queue.Queue[Written] = queue.Queue()
        self._opened = ExitStack()
        self._stop = threading.Event()
        port = open_osc(self.config, self.tree, self.controller, self.clock, self._opened)
        assert port is not None
        self.port = port
        log = Log(self.tree, self.clock, self.written)
        loop = ControlLoop(
            self.controller,
            self.clock,
            [port, log],
            lambda: {"/status/preset": self.controller.current[0].name},
        )
        self._thread = threading.Thread(target=loop.run, args=(self._stop,))
        self._thread.start()

    def wait_for(self, path: str, value: Value) -> tuple[str, float]:
        """Until `path` has just been set to `value`: who did, and when."""
        while True:
            written = self.written.get(timeout=TIMEOUT_S)
            if written[:2] == (path, value):
                return written[2:]

    def close(self) -> None:
        """Stop the threads and close the sockets."""
        self._stop.set()
        self._thread.join(TIMEOUT_S)
        self._opened.close()


class Log:
    """A port that tells what was written once the step is over: whoever waits for it then finds all of it done."""

    name = "log"
    next_s = math.inf

    def __init__(self, tree: ParameterTree, clock: Clock, told: queue.Queue[Written]) -> None:
        self._told = told
        self._pending: list[Written] = []
        tree.listen(lambda path, value, source: self._pending.append((path, value, source, clock.now_s())))

    def publish(self, now_s: float, writes: Sequence[SetParameter], readings: Readings) -> None:
        for written in self._pending:
            self._told.put(written)
        self._pending.clear()

    def start(self) -> None: ...

    def health(self) -> Mapping[str, int]:
        return {}

    def stop(self) -> None: ...


class Partner:
    """What a partner heard, in order."""

    def __init__(self) -> None:
        self.heard: queue.Queue[Heard] = queue.Queue()

    def wait_for(self, address: str, value: object) -> list[Heard]:
        """Until this is heard; all that was heard on the way, itself included."""
        found: list[Heard] = []
        while not found or found[-1] != (address, value):
            found.append(self.heard.get(timeout=TIMEOUT_S))
        return found


class Liblo(Partner):
    """A liblo server with a thread; `on_message` may answer as a naive fader would. TCP: `proto` of pyliblo3."""

    def __init__(self, port: int, proto: int | None = None) -> None:
        import pyliblo3

        super().__init__()
        self.liblo: Any = pyliblo3
        proto = pyliblo3.LO_UDP if proto is None else proto
        self._server = pyliblo3.Server(proto=proto)
        self._server.add_method(None, None, self._hear)
        self._engine = pyliblo3.Address(HOST, port, proto)
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self.on_message: Callable[[str, Any], None] = lambda address, value: None
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.port)

    def send(self, *parts: Any) -> None:
        """An address with arguments, or a bundle, from the port that it listens on."""
        with self._lock:
            self._server.send(self._engine, *parts)

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        self._thread.join(TIMEOUT_S)
        self._server.free()

    def _run(self) -> None:
        while not self._stop.is_set():
            self._server.recv(50)

    def _hear(self, address: str, values: list[Any], *_: object) -> None:
        self.heard.put((address, values[0] if values else None))
        self.on_message(address, values[0] if values else None)


class PureData(Partner):
    """Pure Data without a window, running `partner.pd`: what it is told by `do` it sends from its own objects.

    `fader 0.5`, `typed ink`, `preset Ink`, `subscribe`, `nudge 0.25`; `raw 47 97 ...`: any bytes over UDP, `stream` and
    `slip` over TCP. What it hears moves its fader, which sends it on, as a patch would that nobody thought about.
    """

    def __init__(self, folder: Path, port: int, tcp_port: int) -> None:
        super().__init__()
        control = free_port(socket.SOCK_STREAM)
        text = (Path(__file__).with_name("partner.pd")).read_text(encoding="utf-8")
        for name, number in (("CONTROL", control), ("ENGINE", port), ("STREAM", tcp_port)):
            text = text.replace(name, str(number))
        patch = folder / "partner.pd"
        patch.write_text(text, encoding="utf-8")
        self._process = subprocess.Popen(
            ["pd", "-nogui", "-noaudio", "-nomidi", "-noprefs", "-stderr", "-open", str(patch)],
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        self._ready = threading.Event()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        assert self._ready.wait(TIMEOUT_S), "Pure Data did not open the patch"
        self._control = socket.create_connection((HOST, control), TIMEOUT_S)

    def do(self, words: str) -> None:
        """Tell the patch something, in Pure Data's own message format."""
        self._control.sendall(f"{words};\n".encode())

    def send_bytes(self, packet: bytes, way: str = "raw") -> None:
        """Let Pure Data send these bytes as one packet."""
        self.do(f"{way} {' '.join(map(str, packet))}")

    def close(self) -> None:
        """End the program."""
        self._control.close()
        self._process.terminate()
        self._process.wait(TIMEOUT_S)
        self._reader.join(TIMEOUT_S)

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            words = line.strip().replace("\\ ", "\0").split()
            if words[:2] == ["opened:", "bang"]:
                self._ready.set()
            elif words[:1] == ["heard:"] and len(words) > 2:
                *parts, last = words[2 if words[1] == "list" else 1 :]
                self.heard.put(("/" + "/".join(parts), _number(last.replace("\0", " "))))


def _number(word: str) -> float | str:
    try:
        return float(word)
    except ValueError:
        return word
