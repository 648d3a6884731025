"""The room of a soak: a sound server of its own with music in it, perhaps a display, and the show as a process."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from benchmarks.soak.processes import children
from benchmarks.soak.sounds import programme
from chromesthesia.core.paths import resource_dirs
from chromesthesia.testing.pulse import PulseStage
from chromesthesia.testing.stage import start_xvfb

HOST = "127.0.0.1"
SCREEN = ("-screen", "0", "1280x720x24")
END_WITHIN_S = 90.0
"""A film is finished at its end, for which a supervisor waits a minute."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Free ports of loopback: OSC in and the panel (one number, UDP and TCP), OSC out, faults."""

    show: int
    told: int
    faults: int


def free_ports() -> Ports:
    """Three numbers that are free for UDP and TCP now."""
    found: list[int] = []
    while len(found) < 3:
        with socket.create_server((HOST, 0)) as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            number = int(tcp.getsockname()[1])
            with contextlib.suppress(OSError):
                udp.bind((HOST, number))
                if number not in found:
                    found.append(number)
    return Ports(*found)


class Display:
    """An X server of our own, which can be killed and started again under the same number."""

    def __init__(self) -> None:
        self._server: subprocess.Popen[bytes] | None
        self._server, self.name = start_xvfb(SCREEN)

    def kill(self) -> None:
        """End it as a crash would."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None
            number = self.name.removeprefix(":")
            for left in (Path(f"/tmp/.X{number}-lock"), Path(f"/tmp/.X11-unix/X{number}")):
                left.unlink(missing_ok=True)

    def start(self) -> None:
        """Start it again."""
        self._server, _ = start_xvfb(SCREEN, self.name)


class Room:
    """Context manager: everything a show needs, and the show.

    folder: empty, and large enough for films. options: more for `chromesthesia run`. window: a show in a window on an X
    server of the room, else without one. Only processes that the room started are ever ended.
    """

    def __init__(
        self, folder: Path, seed: int, window: bool, supervised: bool, options: Sequence[str] = ()
    ) -> None:
        self.folder = folder
        self.ports = free_ports()
        self.stage = PulseStage(folder)
        self.display = Display() if window else None
        self.supervised = supervised
        self._options = options
        self._programme = programme(folder, seed)
        self._over = threading.Event()
        self._player = threading.Thread(target=self._play, name="player", daemon=True)
        self._show: subprocess.Popen[bytes] | None = None
        self.home = folder / "home"
        self.log = folder / "show.log"
        self.film = folder / "film.mp4"
        self._make_home()

    @property
    def command(self) -> list[str]:
        """How the show is started."""
        return [
            *(sys.executable, "-m", "chromesthesia", "run", "--source", "mic"),
            *(["--supervise"] if self.supervised else []),
            *([] if self.display else ["--headless"]),
            *("--osc-in-port", str(self.ports.show), "--query-port", str(self.ports.show)),
            *("--osc-to", f"{HOST}:{self.ports.told}", "--no-announce"),
            *("--record", str(self.film), "--report", str(self.folder / "report.json")),
            *self._options,
        ]

    @property
    def environment(self) -> Mapping[str, str]:
        """The show's variables."""
        ours = {
            **self.stage.environment,
            "CHROMESTHESIA_HOME": str(self.home),
            "CHROMESTHESIA_FAULTS": str(self.ports.faults),
            "XDG_STATE_HOME": str(self.folder / "state"),
        }
        if self.display is not None:
            ours |= {"DISPLAY": self.display.name}
        kept = {
            name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")
        }
        return {**kept, **ours}

    def start_show(self) -> None:
        """Start it; it is not there yet when this returns."""
        with self.log.open("ab") as log:
            self._show = subprocess.Popen(
                self.command,
                env=dict(self.environment),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    @property
    def process(self) -> int:
        """Process id of the show, or of its supervisor."""
        assert self._show is not None
        return self._show.pid

    @property
    def ended(self) -> int | None:
        """The exit code of a show that is over, which it never should be; None while it runs."""
        return None if self._show is None else self._show.poll()

    def end_show(self) -> int:
        """Ask it to end in order; its exit code, -9 when it had to be killed."""
        assert self._show is not None
        if self._show.poll() is None:
            self._show.send_signal(signal.SIGTERM)
            try:
                self._show.wait(END_WITHIN_S)
            except subprocess.TimeoutExpired:
                for pid in (*children(self._show.pid), self._show.pid):
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                self._show.wait()
        return int(self._show.returncode)

    def _make_home(self) -> None:
        """The user's own folders: a pack that is cut short, and shaders that can be edited."""
        shutil.copytree(resource_dirs("shaders")[-1], self.home / "shaders")
        whole = next(folder for folder in resource_dirs("exports") if (folder / "default").is_dir())
        broken = self.home / "exports" / "broken"
        shutil.copytree(whole / "default", broken)
        model = broken / "generator.onnx"
        model.write_bytes(model.read_bytes()[:-1000])

    def _play(self) -> None:
        turn = 0
        while not self._over.is_set():
            player = self.stage.play(self._programme[turn % len(self._programme)])
            turn += 1
            begun_s = time.monotonic()
            while player.poll() is None and not self._over.wait(0.2):
                pass
            if player.poll() not in (0, None) or time.monotonic() - begun_s < 1.0:
                self._over.wait(1.0)  # no sound server, or no device: it is tried again

    def __enter__(self) -> Room:
        self.stage.start()
        self._player.start()
        self.start_show()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end_show()
        self._over.set()
        self._player.join(10.0)
        self.stage.close()
        if self.display is not None:
            self.display.kill()
