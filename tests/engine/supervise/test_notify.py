"""What systemd is told, on a socket of the test's; and the units that are shipped."""

from __future__ import annotations

import configparser
import os
import plistlib
import shlex
import socket
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest

from chromesthesia.cli.app import app
from chromesthesia.core.clock import ManualClock
from chromesthesia.supervise.crash import CrashReports
from chromesthesia.supervise.events import EventLog
from chromesthesia.supervise.notify import Notifier
from chromesthesia.supervise.supervisor import Supervisor
from chromesthesia.supervise.watch import Ceilings
from chromesthesia.testing.supervise import WALL, FakeEngine

pytestmark = pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="no such sockets")


class Manager:
    """The socket that systemd would hear on."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self._socket.setblocking(False)

    def told(self) -> list[str]:
        lines = []
        try:
            while True:
                lines.append(self._socket.recv(1000).decode())
        except BlockingIOError:
            return lines

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    folder = os.open(tmp_path, os.O_RDONLY)
    made = Manager(f"/proc/self/fd/{folder}/notify" if len(str(tmp_path)) > 90 else str(tmp_path / "notify"))
    yield made
    made.close()
    os.close(folder)


def test_a_show_is_told_from_its_start_to_its_end(manager: Manager, tmp_path: Path) -> None:
    clock = ManualClock(10.0)
    engines: list[FakeEngine] = []

    def start(level: int) -> FakeEngine:
        engines.append(FakeEngine(1, level, clock))
        return engines[-1]

    notifier = Notifier({"NOTIFY_SOCKET": manager.address, "WATCHDOG_USEC": "2000000"})
    supervisor = Supervisor(
        start, Ceilings(), EventLog(tmp_path), CrashReports(tmp_path), notifier, lambda: WALL
    )

    def run(seconds: float, stop: bool = False) -> None:
        for _ in range(round(seconds * 10)):
            supervisor.step(clock.now_s(), stop)
            clock.advance(0.1)

    run(1.0)
    assert "READY=1" not in manager.told(), "an engine that starts is no show"
    engines[0].play()
    run(10.0)
    told = manager.told()
    assert told.count("READY=1") == 1
    assert "STATUS=playing" in told
    assert 9 <= told.count("WATCHDOG=1") <= 11, "twice as often as it has to be"
    run(0.2, stop=True)
    assert "STOPPING=1" in manager.told()


@pytest.mark.skipif(not os.path.exists("/proc/self"), reason="abstract names are Linux's")
def test_an_abstract_name_is_understood() -> None:
    manager = Manager(f"@chromesthesia-test-{os.getpid()}")
    try:
        Notifier({"NOTIFY_SOCKET": manager.address}).ready()
        assert manager.told() == ["READY=1"]
    finally:
        manager.close()


@pytest.mark.parametrize(
    "environment",
    [
        {},
        {"NOTIFY_SOCKET": ""},
        {"NOTIFY_SOCKET": "/nowhere/at/all"},
        {"NOTIFY_SOCKET": "x" * 500},
        {"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "soon"},
    ],
)
def test_a_manager_that_is_not_there_is_no_trouble(environment: dict[str, str]) -> None:
    notifier = Notifier(environment)
    notifier.ready()
    notifier.alive()
    notifier.status("playing")
    assert notifier.watchdog_s is None


def test_a_watchdog_meant_for_another_process_is_not_ours() -> None:
    environment = {"NOTIFY_SOCKET": "@x", "WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "7"}
    assert Notifier(environment, pid=7).watchdog_s == 0.5
    assert Notifier(environment, pid=8).watchdog_s is None


def commands(repository: Path) -> dict[str, list[str]]:
    """What each unit starts, without the program."""
    units = repository / "examples" / "units"
    service = configparser.RawConfigParser(strict=False)
    service.optionxform = str  # type: ignore[assignment, method-assign]
    service.read_string((units / "chromesthesia.service").read_text())
    assert service["Service"]["Type"] == "notify"
    assert float(service["Service"]["WatchdogSec"]) >= 4
    plist = plistlib.loads((units / "org.chromesthesia.show.plist").read_bytes())
    task = ElementTree.parse(units / "chromesthesia-task.xml")
    space = {"t": "http://schemas.microsoft.com/windows/2004/02/mit/task"}
    arguments = task.find(".//t:Arguments", space)
    assert arguments is not None
    assert arguments.text is not None
    return {
        "systemd": shlex.split(service["Service"]["ExecStart"])[1:],
        "launchd": plist["ProgramArguments"][3:],
        "windows": shlex.split(arguments.text),
    }


@pytest.mark.parametrize("system", ["systemd", "launchd", "windows"])
def test_the_units_start_what_the_command_understands(
    repository: Path, system: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from chromesthesia.cli import play

    seen: list[tuple[object, object, object]] = []

    def keep(folder: object, ceilings: object, nightly: object, spare: object) -> int:
        seen.append((folder, ceilings, nightly))
        return 0

    monkeypatch.setattr(play, "keep_playing", keep)
    app(commands(repository)[system], standalone_mode=False)
    ((folder, _, nightly),) = seen
    assert folder is None
    assert nightly is not None
