"""A stage for tests: a PulseAudio server of our own with a null sink, into which sound is played and from which it is
captured. It can be frozen, killed and started again. Linux only; needs `pulseaudio`, `pactl` and `paplay`. And a server
that accepts every connection and never says a word.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType

SINK = "stage"
RATE_HZ = 48_000
START_WITHIN_S = 20.0
LOOK_AGAIN_S = 0.02


def wait_for(holds: Callable[[], bool], within_s: float, what: str) -> None:
    """Return as soon as `holds()`; raises TimeoutError naming `what` after `within_s`."""
    deadline_s = time.monotonic() + within_s
    pause = threading.Event()
    while not holds():
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"{what} did not happen within {within_s:g} s")
        pause.wait(LOOK_AGAIN_S)


class PulseStage:
    """Context manager: a private server whose default source is the monitor of its sink `stage`.

    environment: what a process needs to use this server and no other (XDG_RUNTIME_DIR, HOME, PULSE_SERVER); apply it to
    `os.environ` before PortAudio is started in this process, or pass it to a child. Only processes that the stage
    itself started are ever ended.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "pulse"
        self._socket = self._folder / "native"
        self._server: subprocess.Popen[bytes] | None = None
        self._players: list[subprocess.Popen[bytes]] = []

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables, to be laid over a process's own."""
        return {
            "XDG_RUNTIME_DIR": str(self._folder),
            "HOME": str(self._folder),
            "PULSE_SERVER": f"unix:{self._socket}",
            "PULSE_COOKIE": str(self._folder / "cookie"),
        }

    def start(self) -> None:
        """Start the server and return once it answers."""
        if self._server is not None:
            raise RuntimeError("the sound server is already running")
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._socket.unlink(missing_ok=True)
        with (self._folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [
                    *("pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no"),
                    f"--load=module-native-protocol-unix socket={self._socket} auth-anonymous=1",
                    f"--load=module-null-sink sink_name={SINK} rate={RATE_HZ}",
                ],
                env=self._environ(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_for(self._answers, START_WITHIN_S, "an answer of the sound server")

    def play(self, path: Path) -> subprocess.Popen[bytes]:
        """Play a sound file into the stage; it ends by itself, or with the stage."""
        self._players = [each for each in self._players if each.poll() is None]
        player = subprocess.Popen(
            ["paplay", f"--device={SINK}", "--latency-msec=20", str(path)],
            env=self._environ(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._players.append(player)
        return player

    def kill(self) -> None:
        """End the server as a crash would."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None

    def unplug(self) -> None:
        """Take the sink and with it the only source away: the server answers and has nothing to record from."""
        subprocess.run(["pactl", "unload-module", "module-null-sink"], env=self._environ(), check=True)

    def plug_in(self) -> None:
        """Bring the sink and its source back, as a device that is found again."""
        module = ["module-null-sink", f"sink_name={SINK}", f"rate={RATE_HZ}"]
        subprocess.run(
            ["pactl", "load-module", *module], env=self._environ(), check=True, stdout=subprocess.DEVNULL
        )

    def freeze(self) -> None:
        """Stop the server where it is: connections stay, nothing answers."""
        if self._server is not None:
            self._server.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen server go on."""
        if self._server is not None:
            self._server.send_signal(signal.SIGCONT)

    def restart(self) -> None:
        """Kill the server if it runs, and start it."""
        self.kill()
        self.start()

    def close(self) -> None:
        """End the players and the server."""
        for player in self._players:
            if player.poll() is None:
                player.kill()
            player.wait()
        self._players.clear()
        self.kill()

    def _answers(self) -> bool:
        if self._server is not None and self._server.poll() is not None:
            raise RuntimeError(f"pulseaudio ended with {self._server.returncode}, see {self._folder / 'log'}")
        asked = subprocess.run(["pactl", "info"], env=self._environ(), capture_output=True, check=False)
        return asked.returncode == 0

    def _environ(self) -> dict[str, str]:
        inherited = {name: value for name, value in os.environ.items() if name != "PULSE_LATENCY_MSEC"}
        return {**inherited, **self.environment}

    def __enter__(self) -> PulseStage:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class SilentServer:
    """Context manager: a TCP port of this machine that takes connections and never answers, as a sound server.

    environment: what makes a process take it for its only sound server.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=64)

    @property
    def environment(self) -> Mapping[str, str]:
        """Variables, to be laid over a process's own."""
        return {
            "XDG_RUNTIME_DIR": str(self._folder),
            "HOME": str(self._folder),
            "PULSE_SERVER": f"tcp:127.0.0.1:{self._socket.getsockname()[1]}",
        }

    def __enter__(self) -> SilentServer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()
