"""`chromesthesia run --supervise`: the parent process from its start to its end."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TypedDict

from chromesthesia.core.clock import SystemClock
from chromesthesia.core.errors import UsageError
from chromesthesia.core.interpreter import set_for_a_show
from chromesthesia.core.paths import state_folder
from chromesthesia.core.rungs import Rung
from chromesthesia.core.safe_write import reason
from chromesthesia.core.stop_signals import stop_on_signals
from chromesthesia.core.user_files import one_line
from chromesthesia.supervise.child import ChildEngine, Engine
from chromesthesia.supervise.crash import LARGEST_BYTES, CrashReports
from chromesthesia.supervise.escalation import LEVELS
from chromesthesia.supervise.events import EventLog, wall_now
from chromesthesia.supervise.last_picture import open_memory
from chromesthesia.supervise.notify import Notifier
from chromesthesia.supervise.spare import Starter, go_text
from chromesthesia.supervise.supervisor import TICK_S, Due, Supervisor
from chromesthesia.supervise.watch import Ceilings

log = logging.getLogger(__name__)

STATE_FILE = "live.json"
LOCK_FILE = "supervisor.lock"
RUNGS = {"shaders": Rung.SHADERS, "small": Rung.SMALL}
"""The rung that a show begins on, by the name of the level."""


@dataclass(frozen=True, slots=True)
class Supervision:
    """What `run --supervise` was told.

    folder: of the state, None for the usual one. spare: keep an engine in waiting.
    """

    arguments: tuple[str, ...]
    folder: Path | None = None
    ceilings: Ceilings = field(default_factory=Ceilings)
    nightly: Due | None = None
    spare: bool = True


def supervise(supervision: Supervision, stop: threading.Event | None = None) -> int:
    """Play until the show is over or a signal comes; the exit code.

    Main thread. Raises UsageError for a folder that another supervised show uses.
    """
    clock = SystemClock()
    stop = stop or threading.Event()
    folder = supervision.folder or state_folder()
    with _own(folder), open_memory() as picture, stop_on_signals(stop), set_for_a_show():
        reports = CrashReports(folder)
        arguments = supervision.arguments
        starter = Starter(
            lambda level: start_engine(arguments, level, picture),
            (lambda: SpareEngine(_command(arguments), picture, waits=True)) if supervision.spare else None,
        )
        supervisor = Supervisor(
            starter.start,
            supervision.ceilings,
            EventLog(folder),
            reports,
            Notifier(),
            wall_now,
            lambda: _content(folder / STATE_FILE),
            supervision.nightly,
        )
        try:
            while (code := supervisor.step(clock.now_s(), stop.is_set())) is None:
                if not supervisor.watching:
                    stop.wait(TICK_S)
                starter.prepare(supervisor.playing_s(clock.now_s()))
        finally:
            supervisor.abandon()
            starter.close()
            reports.wait()
    return code


def start_engine(arguments: Sequence[str], level: int, picture: BinaryIO) -> Engine:
    """An engine with the same arguments, and less to do on each of `LEVELS`. Raises OSError."""
    return ChildEngine(_command(arguments), picture, **_less(level))


class SpareEngine(ChildEngine):
    """`spare.Waiting` as a process."""

    def go(self, level: int) -> bool:
        """See `spare.Waiting`."""
        return self.tell(go_text(**_less(level)))


class _Less(TypedDict):
    safe_look: bool
    rung: str


def _less(level: int) -> _Less:
    return {"safe_look": level > 0, "rung": RUNGS.get(LEVELS[level], "")}


def _command(arguments: Sequence[str]) -> tuple[str, ...]:
    return (sys.executable, "-P", "-m", "chromesthesia", *arguments)


def _content(path: Path) -> bytes:
    with contextlib.suppress(OSError), path.open("rb") as file:
        return file.read(LARGEST_BYTES)
    return b""


@contextlib.contextmanager
def _own(folder: Path) -> Iterator[None]:
    """No other supervisor uses `folder` meanwhile. A folder that cannot be written is none of the show's business."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        log.warning("nothing is kept in %s: %s", one_line(folder), reason(error))
        yield
        return
    try:
        try:
            _lock(descriptor)
        except OSError as error:
            raise UsageError(
                f"another supervised show keeps its state in {one_line(folder)}", "give --state FOLDER"
            ) from error
        yield
    finally:
        os.close(descriptor)


def _lock(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
