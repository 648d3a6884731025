"""A known sound is played into a whole show that crashes on its way; nothing that it wrote or sent holds the sound."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect

from chromesthesia.ports.osc.codec import encode_message
from chromesthesia.testing.canary import RATE_HZ, Search, canary
from chromesthesia.testing.oscquery import ask, free_port
from chromesthesia.testing.pulse import wait_for

pytestmark = pytest.mark.gl
HOST = "127.0.0.1"
WITHIN_S = 120.0
HEARD_PACKETS = 60
"""Three seconds of what is told over OSC: the sound was heard whole."""
EXPECTED = (
    *("report.json", "sheet.png", "stills/", "out.txt", "night.log", "canary.toml", "live.json"),
    *("events.jsonl", "crashes/", "stack.txt", "state.json"),
    *(
        "sent: OSC",
        "sent: WebSocket /",
        "sent: WebSocket /panel/preview",
        "sent: /panel/log.json",
        "sent: /metrics",
    ),
)
"""Part of the name of everything that the sound could have been in."""
PAGES = ("presets", "routes", "signals", "packs", "log", "health")


class Show:
    """A supervised show in a process of its own. Everything it may write to is below `left`; `sent` is what it sent."""

    def __init__(self, folder: Path, sound: Path) -> None:
        self.left = folder / "left"
        self.left.mkdir()
        self.port = free_port()
        self.sent: dict[str, bytearray] = {}
        self._over = threading.Event()
        self._told = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._told.bind((HOST, 0))
        self._told.settimeout(0.1)
        self.packets = 0
        self._threads = [
            threading.Thread(target=run, args=arguments, daemon=True)
            for run, arguments in (
                (self._hear, ()),
                (self._follow, ("/",)),
                (self._follow, ("/panel/preview",)),
            )
        ]
        homes = ("HOME", "TMPDIR", "XDG_STATE_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "CHROMESTHESIA_HOME")
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-m", "chromesthesia", "run", "--supervise", "--headless"),
                *("--source", str(sound), "--duration", "600", "--size", "160x90", "--no-announce"),
                *("--osc-in-port", str(self.port), "--osc-to", f"{HOST}:{self._told.getsockname()[1]}"),
                *("--report", str(self.left / "report.json"), "--sheet", str(self.left / "sheet.png")),
                *("--stills", str(self.left / "stills"), "--log-file", str(self.left / "night.log")),
            ],
            env={**os.environ, **dict.fromkeys(homes, str(self.left))},
            cwd=self.left,
            stdout=(self.left / "out.txt").open("wb"),
            stderr=(self.left / "err.txt").open("wb"),
        )
        for thread in self._threads:
            thread.start()

    def events(self) -> list[dict[str, object]]:
        """What its supervisor wrote down."""
        found = list(self.left.rglob("events.jsonl"))
        return [json.loads(line) for line in found[0].read_text().splitlines()] if found else []

    def send(self, address: str, *arguments: str) -> None:
        """One OSC message to it."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sending:
            sending.sendto(encode_message(address, arguments), (HOST, self.port))

    def read_pages(self) -> None:
        """Everything that HTTP tells: the tree and the panel's pages."""
        for target in ("/", "/metrics", "/healthz", *(f"/panel/{page}.json" for page in PAGES)):
            self._keep(target, ask(self.port, target)[1])

    def close(self) -> None:
        """End it in order."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(WITHIN_S)
        self._over.set()
        for thread in self._threads:
            thread.join(WITHIN_S)
        self._told.close()

    def blobs(self) -> dict[str, bytes]:
        """Every file that is left, and what came over each socket."""
        files = {
            str(path.relative_to(self.left)): path.read_bytes()
            for path in self.left.rglob("*")
            if path.is_file()
        }
        return {**files, **{f"sent: {name}": bytes(sent) for name, sent in self.sent.items()}}

    def _keep(self, name: str, content: bytes) -> None:
        self.sent.setdefault(name, bytearray()).extend(content)

    def _hear(self) -> None:
        while not self._over.is_set():
            with contextlib.suppress(TimeoutError):
                self._keep("OSC", self._told.recv(65_536))
                self.packets += 1

    def _follow(self, path: str) -> None:
        """A WebSocket, opened again after the crash; on the tree's every value is listened to."""
        while not self._over.is_set():
            with contextlib.suppress(OSError, WebSocketException):
                self._follow_one(path)
            self._over.wait(0.05)

    def _follow_one(self, path: str) -> None:
        with connect(f"ws://{HOST}:{self.port}{path}", open_timeout=5.0, close_timeout=0.2) as socket_:
            if path == "/":
                for address in addresses(json.loads(ask(self.port, "/")[1])):
                    socket_.send(json.dumps({"COMMAND": "LISTEN", "DATA": address}))
            while not self._over.is_set():
                with contextlib.suppress(TimeoutError):
                    came = socket_.recv(timeout=0.2)
                    self._keep(f"WebSocket {path}", came if isinstance(came, bytes) else came.encode())


def addresses(node: dict[str, object]) -> Iterator[str]:
    """Every address of an OSCQuery tree that has a value."""
    if "VALUE" in node:
        yield str(node["FULL_PATH"])
    below = node.get("CONTENTS", {})
    assert isinstance(below, dict)
    for child in below.values():
        yield from addresses(child)


def test_no_sample_leaves_a_show_that_records_nothing(tmp_path: Path) -> None:
    sound = canary(4.0)
    path = tmp_path / "canary.wav"
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(np.round(sound * 32768.0).astype("<i2").tobytes())

    show = Show(tmp_path, path)
    try:
        wait_for(lambda: show.packets > HEARD_PACKETS, WITHIN_S, "three seconds of show")
        show.send("/preset/save", "Canary")
        show.read_pages()
        # A busy machine may have had more than one already.
        *_, newest = firsts(show)
        os.kill(int(str(newest["pid"])), signal.SIGABRT)
        began = show.packets
        wait_for(lambda: firsts(show)[-1] != newest, WITHIN_S, "another engine")
        wait_for(lambda: show.packets > began + HEARD_PACKETS, WITHIN_S, "three more seconds of show")
        show.read_pages()
    finally:
        show.close()

    blobs = show.blobs()
    told = "\n".join(blobs)
    for expected in EXPECTED:
        assert expected in told, f"nothing was left where the sound could have been: {expected}"
    assert b"/features/loudness_dbfs" in blobs["sent: OSC"]
    assert sum(map(len, blobs.values())) > 200_000
    assert Search(sound)(blobs) == []


def firsts(show: Show) -> list[dict[str, object]]:
    """Engines that showed a frame."""
    return [event for event in show.events() if event["event"] == "first frame"]
