"""An engine that only pretends, and what a supervisor needs beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from chromesthesia.core.clock import ManualClock
from chromesthesia.supervise.crash import CrashReports
from chromesthesia.supervise.events import EventLog
from chromesthesia.supervise.notify import Notifier
from chromesthesia.supervise.supervisor import Due, Supervisor
from chromesthesia.supervise.watch import Ceilings
from chromesthesia.supervise.wire import Beat, First, LoopBeat, Message, Phase

WALL = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)


@dataclass
class FakeEngine:
    """Plays as told: `hears` False ignores polite requests, `alive` False tells nothing more.

    wakes: it tells again once it is asked for its stacks. halted: a signal stopped it.
    """

    pid: int
    level: int
    clock: ManualClock
    hears: bool = True
    alive: bool = True
    turning: bool = True
    wakes: bool = False
    drawing: bool = True
    phase: Phase = "starting"
    picture: str = ""
    rss_mib: float = 100.0
    stalled: str = ""
    halted: bool = False
    asked: list[str] = field(default_factory=list)
    code: int | None = None
    frames: int = 0
    beats: int = 0
    waiting: list[Message] = field(default_factory=list)

    def play(self) -> None:
        """The first frame is shown now."""
        self.phase = "playing"
        self.waiting.append(First(self.clock.now_s()))

    def messages(self, timeout_s: float) -> list[Message]:
        """A beat for every look, while it is alive."""
        told, self.waiting = self.waiting, []
        if self.alive and not self.halted and self.code is None:
            self.beats += self.turning
            self.frames += self.turning and self.drawing and self.phase == "playing"
            loops = {"frame": LoopBeat("beats", self.beats)}
            if self.stalled:
                loops[self.stalled] = LoopBeat("stalled", 3)
            now_s = self.clock.now_s()
            told.append(
                Beat(now_s, self.phase, self.frames, now_s, loops, self.rss_mib, picture=self.picture)
            )
        return told

    def exit_code(self) -> int | None:
        """As it was set, or as it was asked to end."""
        return self.code

    def end(self) -> None:
        """SIGTERM."""
        self.asked.append("end")
        if self.hears:
            self.code = 0

    def stopped(self) -> bool:
        """As it was set."""
        return self.halted

    def go_on(self) -> None:
        """SIGCONT."""
        self.asked.append("go on")
        self.halted = False

    def ask_stack(self) -> None:
        """SIGUSR1."""
        self.asked.append("stack")
        self.alive = self.alive or self.wakes

    def kill(self) -> None:
        """SIGKILL."""
        self.asked.append("kill")
        self.code = -9

    def stack(self) -> bytes:
        """One line."""
        return b"Thread 0x1\n" if "stack" in self.asked else b""

    def close(self) -> None:
        """Gone."""
        self.asked.append("close")


class SupervisedShow:
    """A supervisor over fake engines, under a manual clock. Everything it keeps is in `folder`."""

    def __init__(self, folder: Path, ceilings: Ceilings | None = None, nightly: Due | None = None) -> None:
        self.clock = ManualClock(100.0)
        self.engines: list[FakeEngine] = []
        self.refuse: OSError | None = None
        self.code: int | None = None
        self.slack = 1.0
        self.reports = CrashReports(folder)
        self.supervisor = Supervisor(
            self._start,
            ceilings or Ceilings(),
            EventLog(folder, self.wall),
            self.reports,
            Notifier({}),
            self.wall,
            lambda: b'{"preset": "Ember"}',
            nightly,
            lambda: self.slack,
        )

    @property
    def engine(self) -> FakeEngine:
        """The newest."""
        return self.engines[-1]

    def wall(self) -> datetime:
        """Noon, and what the clock has moved since."""
        return WALL + timedelta(seconds=self.clock.now_s() - 100.0)

    def run(self, seconds: float, until: Callable[[], bool] = lambda: False, stop: bool = False) -> None:
        """Steps of 0.1 s, until so many seconds are over, the supervisor ends, or `until` is true."""
        end_s = self.clock.now_s() + seconds
        while self.code is None and self.clock.now_s() < end_s - 1e-6 and not until():
            self.code = self.supervisor.step(self.clock.now_s(), stop)
            self.clock.advance(0.1)

    def begin(self) -> FakeEngine:
        """Until the next engine is started, and lets it play."""
        count = len(self.engines)
        self.run(60.0, lambda: len(self.engines) > count)
        self.engine.play()
        return self.engine

    def _start(self, level: int) -> FakeEngine:
        if self.refuse is not None:
            raise self.refuse
        self.engines.append(FakeEngine(1000 + len(self.engines), level, self.clock))
        return self.engines[-1]
