"""Whose fault a late frame was: ours, or the machine's that did not let us run. Linux tells; others do not."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass

from chromesthesia.core.protocols import Clock

SAMPLE_S = 1.0
RENEW_S = 0.1
"""The whole machine is looked at so often, and at every late frame: what it lost before is not the frame's."""
LEAST_S = 0.001
"""A thread always waits a little for its turn."""
SHARE_OF_DELAY = 0.5
"""The machine is to blame when it kept us from running for at least this share of what a frame was late by."""
LARGEST_FILE = 65_536

ReadText = Callable[[str], str]


class KernelFiles:
    """Gives the text of a file of the kernel's, empty where there is none. Any thread.

    A file stays open, and reading it again is one call: every call lets go of the interpreter, which a busy show gets
    back milliseconds later. `/proc/thread-self` stays the thread that read it first.
    """

    def __init__(self) -> None:
        self._open: dict[str, io.FileIO] = {}
        self._here = threading.local()

    def __call__(self, path: str) -> str:
        """Its first 64 KiB."""
        try:
            if path not in self._open:
                self._open[path] = io.FileIO(path)
            place = self._place()
            size = os.preadv(self._open[path].fileno(), [place], 0)
            return str(place[:size], "ascii", "replace")
        except (OSError, AttributeError):  # Windows has neither the files nor preadv
            return ""

    def _place(self) -> memoryview:
        """Of this thread, to read into: 64 KiB asked for each time and given back but for some text leave holes in the
        heap."""
        try:
            place: memoryview = self._here.place
        except AttributeError:
            place = self._here.place = memoryview(bytearray(LARGEST_FILE))
        return place


@dataclass(frozen=True, slots=True)
class HostLoad:
    """What the machine did lately, in shares 0..1 of the processors' time.

    steal: the hypervisor gave it to others; throttled: this container had used up its share; busy: of all processors,
    by whomever; waiting: of the time in which some program wanted to run and could not. clock: the present frequency of
    the first processor, of its highest; hot: times that processors were slowed for their heat. None: not told here.
    """

    steal: float | None = None
    throttled: float | None = None
    busy: float | None = None
    waiting: float | None = None
    clock: float | None = None
    hot: int | None = None


@dataclass(frozen=True, slots=True)
class _Seen:
    at_s: float
    ticks: tuple[int, ...] = ()
    throttled_us: int | None = None


class HostWatch:
    """Reads the kernel's counts at most once a second. Any thread.

    read: gives the text of a file, empty when there is none.
    """

    def __init__(self, clock: Clock, read: ReadText | None = None) -> None:
        self._clock = clock
        self._read = read or KernelFiles()
        self._lock = threading.Lock()
        self._seen: _Seen | None = None
        self._load = HostLoad()

    def now(self) -> HostLoad:
        """How the machine has been since the last look."""
        with self._lock:
            now_s = self._clock.now_s()
            if self._seen is None or now_s - self._seen.at_s >= SAMPLE_S:
                self._sample(now_s)
            return self._load

    def kept_from_running_s(self) -> float:
        """Seconds for which steal and throttling held up a processor of ours, since the machine began."""
        ticks, throttled_us = self._ticks(), self._throttled_us()
        steal_s = ticks[7] / _tick_hz() / _processors() if len(ticks) > 7 else 0.0
        return steal_s + (throttled_us or 0) / 1e6

    def _sample(self, now_s: float) -> None:
        before, seen = self._seen, _Seen(now_s, self._ticks(), self._throttled_us())
        self._seen = seen
        steal = busy = throttled = None
        if before is not None:
            spent = [new - old for new, old in zip(seen.ticks, before.ticks, strict=False)]
            total = sum(spent[:8])
            if len(spent) > 7 and total > 0:
                steal = _share(spent[7] / total)
                busy = _share(1.0 - (spent[3] + spent[4]) / total)
            if seen.throttled_us is not None and before.throttled_us is not None:
                throttled = _share((seen.throttled_us - before.throttled_us) / 1e6 / (now_s - before.at_s))
        self._load = HostLoad(steal, throttled, busy, self._waiting(), self._frequency(), self._hot())

    def _ticks(self) -> tuple[int, ...]:
        first = self._read("/proc/stat").partition("\n")[0].split()
        return tuple(map(int, first[1:])) if first[:1] == ["cpu"] else ()

    def _throttled_us(self) -> int | None:
        for path, key, scale in (
            ("/sys/fs/cgroup/cpu.stat", "throttled_usec", 1),
            ("/sys/fs/cgroup/cpu/cpu.stat", "throttled_time", 1000),
        ):
            for line in self._read(path).splitlines():
                name, _, value = line.partition(" ")
                if name == key and value.strip().isdigit():
                    return int(value) // scale
        return None

    def _waiting(self) -> float | None:
        line = self._read("/proc/pressure/cpu").partition("\n")[0]
        for part in line.split():
            name, _, value = part.partition("=")
            if name == "avg10":
                return _share(float(value) / 100.0)
        return None

    def _frequency(self) -> float | None:
        folder = "/sys/devices/system/cpu/cpu0/cpufreq/"
        now, most = (self._number(folder + name) for name in ("scaling_cur_freq", "cpuinfo_max_freq"))
        return None if now is None or not most else _share(now / most)

    def _hot(self) -> int | None:
        return self._number("/sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count")

    def _number(self, path: str) -> int | None:
        text = self._read(path).strip()
        return int(text) if text.isdigit() else None


class LateBlame:
    """Sorts late frames by whose fault they were. `frame` on the main thread only.

    ours: drawing took so long. host: steal or throttling kept us from running for at least half of what was too much.
    crowded: other threads and programs had the processors for as long.
    """

    def __init__(self, host: HostWatch, period_s: float, read: ReadText | None = None) -> None:
        self._host = host
        self._period_s = period_s
        self._read = read or KernelFiles()
        self._kept_s = host.kept_from_running_s()
        self._queued_s = self._queue_s()
        self._renewed = 0
        self._renew_frames = max(1, round(RENEW_S / period_s))
        self._blamed = {"ours": 0, "host": 0, "crowded": 0}

    def counts(self) -> dict[str, int]:
        """Late frames by whose fault they were."""
        return dict(self._blamed)

    def frame(self, late: bool, busy: float) -> None:
        """One frame was drawn; busy: its duration over the frame period."""
        queued_s = self._queue_s()
        waited_s, self._queued_s = queued_s - self._queued_s, queued_s
        self._renewed += 1
        if not late and self._renewed < self._renew_frames:
            return
        kept_s = self._host.kept_from_running_s()
        held_s, self._kept_s = kept_s - self._kept_s, kept_s
        self._renewed = 0
        if not late:
            return
        needed_s = max(LEAST_S, SHARE_OF_DELAY * (busy - 1.0) * self._period_s)
        if held_s >= needed_s:
            self._blamed["host"] += 1
        elif waited_s >= needed_s:
            self._blamed["crowded"] += 1
        else:
            self._blamed["ours"] += 1

    def _queue_s(self) -> float:
        """Seconds for which this thread wanted to run and others did."""
        parts = self._read("/proc/thread-self/schedstat").split()
        return int(parts[1]) / 1e9 if len(parts) > 1 else 0.0


def _share(value: float) -> float:
    return min(1.0, max(0.0, value))


def _tick_hz() -> int:
    return os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


def _processors() -> int:
    return os.cpu_count() or 1
