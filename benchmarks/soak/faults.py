"""How each fault is made, and how it is known to be over."""

from __future__ import annotations

import contextlib
import os
import random
import resource
import shutil
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from benchmarks.soak.partners import HealthReader, Partner, PreviewWatcher, ask_fault
from benchmarks.soak.processes import children, engine_of
from benchmarks.soak.room import Room

SETTLED_PICTURES = 3
"""So many new pictures behind a fault: the show goes on."""
HEARD_DBFS = -60.0
OVER_WITHIN_S = 45.0
SMALL_FILE_BYTES = 2 << 20
"""Largest file while the disk is full: what is larger already fails at its next write."""
FULL_FILE_BYTES = 8 << 20
"""Largest file in the second half: settings and logs find room, a film does not."""
STANDS_STILL_S = 10.0

Over = Callable[[], bool]


@dataclass(slots=True)
class Told:
    """One fault as it went. over_s: from when it was mended (or made, where nothing has to be mended) until the show
    was as before; None when it never was. pictures are told apart from sound: see `waits_for`."""

    kind: str
    at_s: float
    note: str = ""
    over_s: float | None = None
    seen: dict[str, int] = field(default_factory=dict)
    pid_before: int | None = None
    pid_after: int | None = None


class Breaker:
    """Breaks one thing after the other. watchers: what tells that the show goes on."""

    def __init__(
        self, room: Room, preview: PreviewWatcher, partner: Partner, health: HealthReader, seed: int
    ) -> None:
        self._room = room
        self._preview = preview
        self._partner = partner
        self._health = health
        self._rng = random.Random(seed)
        self._pause = threading.Event()
        self._ways: dict[str, Callable[[Told], Over]] = {
            "device lost": self._device,
            "sound server killed": self._server_killed,
            "sound server stands still": self._server_frozen,
            "generator raises": lambda told: self._inside(told, "generator raise 5"),
            "generator stalls": lambda told: self._inside(told, "generator stall 6"),
            "encoder raises": lambda told: self._inside(told, "encoder raise 5"),
            "encoder answers NaN": lambda told: self._inside(told, "encoder nan 5"),
            "OpenGL lost": lambda told: self._inside(told, "gl lose 1"),
            "clock jumps": lambda told: self._inside(told, f"clock jump {self._rng.choice([3, 60, 3600])}"),
            "corrupt pack offered": self._pack,
            "corrupt shader saved": self._shader,
            "disk full": self._disk,
            "OSC flood": self._flood,
            "engine killed": self._killed,
            "engine stands still": self._stopped,
            "X server killed": self._display_killed,
        }

    def fill_disk(self) -> None:
        """Let the disk stay full from now on; a second call does nothing.

        The film is given up after its eighth part, and with it its index of every frame, which grows by some MiB an
        hour and would hide a leak.
        """
        for pid in (self._room.process, *children(self._room.process)):
            with contextlib.suppress(OSError):
                _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (FULL_FILE_BYTES, most))

    def run(self, kind: str) -> Told:
        """Make one fault, and wait until it is over or was not within 45 s."""
        told = Told(kind, self._preview.now_s)
        told.pid_before = self._engine()
        before = self._counts()
        over = self._ways[kind](told)
        mended_s = self._preview.now_s
        while not over():
            if self._preview.now_s - mended_s > OVER_WITHIN_S or self._room.ended is not None:
                break
            self._pause.wait(0.05)
        else:
            told.over_s = self._preview.now_s - mended_s
        self._pause.wait(0.6)  # the next reading of the counts
        told.pid_after = self._engine()
        if told.pid_after == told.pid_before:
            told.seen = {
                name: count - before.get(name, 0)
                for name, count in self._counts().items()
                if count > before.get(name, 0) and _tells_of_faults(name)
            }
        return told

    def _engine(self) -> int | None:
        return engine_of(self._room.process, self._room.supervised)

    def _counts(self) -> dict[str, int]:
        return self._health.read[-1][1] if self._health.read else {}

    # -- when it is over --------------------------------------------------------------------------------------

    def _pictures_go_on(self) -> Over:
        before = len(self._preview.pictures)
        return lambda: len(self._preview.pictures) >= before + SETTLED_PICTURES

    def _sound_is_heard(self) -> Over:
        pictures, since_s = self._pictures_go_on(), self._preview.now_s

        def over() -> bool:
            at_s, loudness = self._partner.heard.get("/features/loudness_dbfs", (0.0, -100.0))
            return pictures() and at_s > since_s and float(loudness) > HEARD_DBFS

        return over

    # -- ways -----------------------------------------------------------------------------------------------------

    def _inside(self, told: Told, line: str) -> Over:
        deadline_s = self._preview.now_s + 5.0
        told.note = ask_fault(self._room.ports, line, lambda: self._preview.now_s > deadline_s) or "no answer"
        return self._pictures_go_on()

    def _device(self, told: Told) -> Over:
        self._room.stage.unplug()
        away_s = self._rng.uniform(1.0, 4.0)
        told.note = f"away for {away_s:.1f} s"
        self._pause.wait(away_s)
        self._room.stage.plug_in()
        return self._sound_is_heard()

    def _server_killed(self, told: Told) -> Over:
        self._room.stage.kill()
        away_s = self._rng.uniform(0.5, 4.0)
        told.note = f"away for {away_s:.1f} s"
        self._pause.wait(away_s)
        self._room.stage.start()
        return self._sound_is_heard()

    def _server_frozen(self, told: Told) -> Over:
        told.note = "for 5 s"
        self._room.stage.freeze()
        self._pause.wait(5.0)
        self._room.stage.thaw()
        return self._sound_is_heard()

    def _pack(self, told: Told) -> Over:
        self._partner.send("/pack/load", "broken")
        self._partner.send("/pack/load", "../../../etc")
        told.note = "over OSC: a model cut short, and a path"
        self._pause.wait(3.0)
        return self._pictures_go_on()

    def _shader(self, told: Told) -> Over:
        shader = self._room.home / "shaders" / self._rng.choice(["flow.frag", "finish.frag", "stroke.frag"])
        good = shader.read_text()
        told.note = shader.name
        for bad in (good[: len(good) // 2], "\0\xff no shader"):
            shader.write_text(bad)
            self._pause.wait(1.5)
        shader.write_text(good)
        return self._pictures_go_on()

    def _disk(self, told: Told) -> Over:
        engine = self._engine()
        told.note = f"no file above {SMALL_FILE_BYTES >> 20} MiB for 6 s"
        if engine is not None:
            with self._small_files([engine, *children(engine)]):
                self._partner.send("/preset/save", "Soak")
                self._pause.wait(6.0)
        return self._pictures_go_on()

    @contextlib.contextmanager
    def _small_files(self, pids: list[int]) -> Iterator[None]:
        before = {}
        for pid in pids:
            with contextlib.suppress(OSError):
                before[pid] = resource.prlimit(pid, resource.RLIMIT_FSIZE)
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (SMALL_FILE_BYTES, before[pid][1]))
        try:
            yield
        finally:
            for pid, limit in before.items():
                with contextlib.suppress(OSError):
                    resource.prlimit(pid, resource.RLIMIT_FSIZE, limit)

    def _flood(self, told: Told) -> Over:
        told.note = f"{self._partner.flood(3.0)} packets in 3 s, four of five malformed or unknown"
        return self._pictures_go_on()

    def _killed(self, told: Told) -> Over:
        self._signal(signal.SIGKILL)
        return self._another_goes_on(told)

    def _stopped(self, told: Told) -> Over:
        told.note = f"SIGSTOP, SIGCONT after {STANDS_STILL_S:g} s"
        stopped = self._signal(signal.SIGSTOP)
        over = self._pictures_go_on()
        self._pause.wait(STANDS_STILL_S)
        if stopped is not None:
            with contextlib.suppress(OSError):
                os.kill(stopped, signal.SIGCONT)
        return over

    def _display_killed(self, told: Told) -> Over:
        display = self._room.display
        assert display is not None
        display.kill()
        over = self._another_goes_on(told)
        self._pause.wait(3.0)
        display.start()
        return over

    def _signal(self, number: signal.Signals) -> int | None:
        engine = self._engine()
        if engine is not None and engine != self._room.process:
            os.kill(engine, number)
            return engine
        return None

    def _another_goes_on(self, told: Told) -> Over:
        pictures, before = self._pictures_go_on(), told.pid_before
        return lambda: pictures() and self._engine() not in (None, before)


def _tells_of_faults(name: str) -> bool:
    quiet = (
        *(
            "frames/drawn",
            "frames/late",
            "late/",
            "overtaken/",
            "port ",
            "pictures/",
            "output/",
            "outputs/film",
        ),
        *("control/", "state/", "swaps/kept"),
    )
    busy = ("painted", "hops", "beats", "applied", "sent", "bytes", "received")
    loud = name.endswith("_dropped") or "refused" in name or "failures" in name
    return loud or (not name.startswith(quiet) and not name.endswith(busy))


def missing_programs(window: bool) -> list[str]:
    """What the soak needs and this machine lacks."""
    needed = ["pulseaudio", "pactl", "paplay", *(["Xvfb"] if window else [])]
    return [name for name in needed if shutil.which(name) is None]


def supervision_is_there(python: str) -> bool:
    """Whether this version's `run` has a supervisor."""
    told = subprocess.run(
        [python, "-m", "chromesthesia", "run", "--help"],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "COLUMNS": "200"},
    ).stdout
    return "--supervise" in told
