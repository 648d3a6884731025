"""What the system knows of the show's processes, read from /proc once a second."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

PERIOD_S = 1.0
PROC = Path("/proc")


@dataclass(frozen=True, slots=True)
class Sample:
    """One process at one moment.

    anonymous: memory that no file backs, which alone can leak. spare: it waits to play.
    """

    at_s: float
    pid: int
    resident_mib: float
    anonymous_mib: float
    handles: int
    threads: int
    spare: bool = False


def read_sample(pid: int, at_s: float) -> Sample | None:
    """None for a process that is gone."""
    try:
        told = dict(
            line.split(":", 1)
            for line in (PROC / str(pid) / "status").read_text().splitlines()
            if ":" in line
        )
        handles = len(os.listdir(PROC / str(pid) / "fd"))
        resident, anonymous = (int(told[name].split()[0]) / 1024.0 for name in ("VmRSS", "RssAnon"))
        return Sample(at_s, pid, resident, anonymous, handles, int(told["Threads"]))
    except (OSError, KeyError, ValueError):
        return None


def children(pid: int) -> list[int]:
    """Processes that this one started and that live."""
    found: list[int] = []
    with contextlib.suppress(OSError, ValueError):
        for task in (PROC / str(pid) / "task").iterdir():
            found += [int(word) for word in (task / "children").read_text().split()]
    return found


def engine_of(root: int, supervised: bool) -> int | None:
    """The process that draws: the supervisor's child with the most threads, else the show's own."""
    if not supervised:
        return root
    counted = [
        (sample.threads, pid) for pid in children(root) if (sample := read_sample(pid, 0.0)) is not None
    ]
    return max(counted)[1] if counted else None


class Sampler:
    """Samples the show and its children on a thread; also how long this very process was kept from running."""

    def __init__(self, root: Callable[[], int], start_s: float) -> None:
        self.samples: list[Sample] = []
        self.own_stalls: list[tuple[float, float]] = []
        """When this process came back, and for how long it was away: what it could not see meanwhile is not known."""
        self._root = root
        self._start_s = start_s
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=run, daemon=True) for run in (self._run, self._watch_oneself)
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        for thread in self._threads:
            thread.join(5.0)

    def _run(self) -> None:
        while not self._stop.wait(PERIOD_S):
            root, at_s = self._root(), time.monotonic() - self._start_s
            if (own := read_sample(root, at_s)) is not None:
                self.samples.append(own)
            below = [sample for pid in children(root) if (sample := read_sample(pid, at_s)) is not None]
            most = max((sample.threads for sample in below), default=0)
            self.samples += [replace(sample, spare=sample.threads < most) for sample in below]

    def _watch_oneself(self) -> None:
        nap_s = 0.05
        last_s = time.monotonic()
        while not self._stop.wait(nap_s):
            now_s = time.monotonic()
            if now_s - last_s > 0.3:
                self.own_stalls.append((now_s - self._start_s, now_s - last_s - nap_s))
            last_s = now_s
