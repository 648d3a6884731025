"""Who watches and steers the show from outside: a panel, an OSC partner. All on threads of their own."""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import io
import json
import random
import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from benchmarks.soak.room import HOST, Ports
from chromesthesia.core.paths import resource_dirs
from chromesthesia.params.presets import DEFAULT_NAME, find_presets
from chromesthesia.ports.osc.codec import OscDecodeError, OscMessage, decode, encode_message

RECONNECT_S = 0.05
LOOK_S, TOUR_S, REST_S, SETTLED_S = 5.0, 60.0, 12.0, 5.0
"""A look is shown for so long; every minute the show rests at one that is always the same, and is judged when that has
settled."""
HOME = DEFAULT_NAME
BLACK_LEVEL = 2.0
"""Mean of a picture of 0 to 255 below which it is black; the looks have a floor above."""
GONE = (OSError, WebSocketException, TimeoutError)


@dataclass(frozen=True, slots=True)
class Picture:
    """A new picture of the show. at_s: when it came."""

    at_s: float
    mean: float


class Watcher:
    """A thread that runs `_round` again and again, whatever ends it, until `stop`."""

    def __init__(self, ports: Ports, start_s: float) -> None:
        self._ports = ports
        self._start_s = start_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=type(self).__name__, daemon=True)

    @property
    def now_s(self) -> float:
        """Seconds since the soak began."""
        return time.monotonic() - self._start_s

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join(10.0)

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._round()
            except GONE:
                self._stop.wait(RECONNECT_S)

    def _round(self) -> None:
        raise NotImplementedError


class PreviewWatcher(Watcher):
    """Follows the picture as a panel does. `pictures`: those that differ from the one before."""

    def __init__(self, ports: Ports, start_s: float) -> None:
        super().__init__(ports, start_s)
        self.pictures: list[Picture] = []
        self.frozen = 0
        self._last = b""

    def _round(self) -> None:
        with connect(
            f"ws://{HOST}:{self._ports.show}/panel/preview", open_timeout=1.0, close_timeout=0.2, max_queue=2
        ) as socket_:
            while not self._stop.is_set():
                try:
                    picture = socket_.recv(timeout=0.5)
                except TimeoutError:
                    continue
                if isinstance(picture, bytes):
                    self._take(picture)

    def _take(self, picture: bytes) -> None:
        at_s = self.now_s
        digest = hashlib.sha256(picture).digest()
        if digest == self._last:
            self.frozen += 1
            return
        self._last = digest
        small = np.asarray(Image.open(io.BytesIO(picture)).convert("L").resize((32, 18)))
        self.pictures.append(Picture(at_s, float(small.mean())))


class Panel(Watcher):
    """A panel's other connection: follows values (LISTEN) and moves sliders."""

    FOLLOWED = (
        "/emotion/valence",
        "/features/loudness_dbfs",
        "/status/fps",
        "/look/flow/amount",
        "/status/preset",
    )

    def __init__(self, ports: Ports, start_s: float) -> None:
        super().__init__(ports, start_s)
        self.connections = 0
        self.values = 0

    def _round(self) -> None:
        with connect(f"ws://{HOST}:{self._ports.show}/", open_timeout=1.0, close_timeout=0.2) as socket_:
            self.connections += 1
            for path in self.FOLLOWED:
                socket_.send(json.dumps({"COMMAND": "LISTEN", "DATA": path}))
            self._follow(socket_)

    def _follow(self, socket_: ClientConnection) -> None:
        moved_s = 0.0
        while not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                self.values += isinstance(socket_.recv(timeout=0.2), bytes)
            if self.now_s - moved_s > 0.5:
                moved_s = self.now_s
                socket_.send(encode_message("/look/flow/amount", [0.5 + 0.4 * np.sin(moved_s)]))


class Partner(Watcher):
    """An OSC partner: hears what the show tells, and sends what a desk would. `heard`: the newest value by address."""

    def __init__(self, ports: Ports, start_s: float, seed: int) -> None:
        super().__init__(ports, start_s)
        self.heard: dict[str, tuple[float, Any]] = {}
        self.packets = 0
        self._rng = random.Random(seed)
        self._sending = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._told = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._told.bind((HOST, ports.told))
        self._told.settimeout(0.05)
        self._sent_s = 0.0
        self._looks_s = 0.0
        self._rest_s = 0.0
        self._resting = False
        self._number, self._looks = 0, len(find_presets(resource_dirs("presets")))
        self.rests: list[tuple[float, float]] = []
        """From when to when the look was the same one each time, and no other had been seen for some seconds."""

    def send(self, address: str, *arguments: float | int | str) -> None:
        """One message to the show."""
        self._sending.sendto(encode_message(address, list(arguments)), (HOST, self._ports.show))

    def flood(self, seconds: float) -> int:
        """As many messages as this process can send, good and bad; how many."""
        good = encode_message("/look/flow/amount", [0.3])
        bad = [b"/x", b"#bundle\0" + b"\0" * 8, encode_message("/no/such", [1]), b"\xff" * 900]
        end_s, sent = time.monotonic() + seconds, 0
        while time.monotonic() < end_s:
            for packet in (good, *bad):
                for _ in range(10):
                    self._sending.sendto(packet, (HOST, self._ports.show))
                    sent += 1
            time.sleep(0.002)
        return sent

    def _round(self) -> None:
        self._steer()
        try:
            packet = self._told.recv(65_536)
        except TimeoutError:
            return
        self.packets += 1
        self._note(packet)

    def _note(self, packet: bytes) -> None:
        try:
            told = decode(packet)
        except OscDecodeError:
            return
        waiting = [told]
        while waiting:
            one = waiting.pop()
            if isinstance(one, OscMessage):
                if one.arguments:
                    self.heard[one.address] = self.now_s, one.arguments[0]
            else:
                waiting += one.elements

    def _steer(self) -> None:
        now_s, rng = self.now_s, self._rng
        if now_s - self._sent_s > 0.1:
            self._sent_s = now_s
            address = rng.choice(
                ["/look/trails/amount", "/look/finish/grain", "/look/grade/hue", "/audio/gain_db"]
            )
            self.send(address, rng.uniform(0.2, 0.8))
        if self._resting:
            if now_s - self._rest_s > REST_S:
                self.rests.append((self._rest_s + SETTLED_S, now_s))
                self._resting = False
        elif now_s - self._rest_s > TOUR_S:
            self._rest_s, self._resting = now_s, True
            self.send("/preset/load", HOME)
        elif now_s - self._looks_s > LOOK_S:
            self._looks_s = now_s
            self.send("/preset/load", str(self._number % self._looks))
            self.send("/scene/next", 1)
            self._number += 1


class HealthReader(Watcher):
    """Reads the panel's page of health twice a second. `read`: when, and every count by its full name."""

    def __init__(self, ports: Ports, start_s: float) -> None:
        super().__init__(ports, start_s)
        self.read: list[tuple[float, dict[str, int]]] = []
        self.source = ""

    def _round(self) -> None:
        asked = http.client.HTTPConnection(HOST, self._ports.show, timeout=2.0)
        try:
            asked.request("GET", "/panel/health.json")
            told = json.loads(asked.getresponse().read())
        except (http.client.HTTPException, ValueError):
            self._stop.wait(0.2)
            return
        finally:
            asked.close()
        self.source = str(told.get("source", ""))
        flat = {
            f"{group}/{name}": int(count)
            for group, counts in told["counts"].items()
            for name, count in counts.items()
        }
        flat |= {f"loop {name}/failures": int(loop["failures"]) for name, loop in told["loops"].items()}
        self.read.append((self.now_s, flat))
        self._stop.wait(0.5)


def ask_fault(ports: Ports, line: str, until_s: Callable[[], bool]) -> str:
    """Ask the show's port for faults; the answer, or empty when none came before `until_s` is true."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(0.5)
        while not until_s():
            try:
                asking.sendto(line.encode(), (HOST, ports.faults))
                return asking.recv(1000).decode()
            except OSError:
                time.sleep(0.05)
    return ""
