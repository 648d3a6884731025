"""Steal and throttling out of the kernel's counts, and whose fault a late frame was."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chromesthesia.core.clock import ManualClock
from chromesthesia.health import host
from chromesthesia.health.host import HostLoad, HostWatch, LateBlame

PERIOD_S = 0.02


class Kernel:
    """Files of a kernel's, whose counts a test moves on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(host, "_tick_hz", lambda: 100)
        monkeypatch.setattr(host, "_processors", lambda: 2)
        self.user = self.idle = self.steal = 0
        self.throttled_us = 0
        self.queued_s = 0.0
        self.more: dict[str, str] = {}
        self.reads = 0

    def read(self, path: str) -> str:
        self.reads += 1
        match path:
            case "/proc/stat":
                return f"cpu  {self.user} 0 0 {self.idle} 0 0 0 {self.steal} 0 0\ncpu0 1 2 3\n"
            case "/sys/fs/cgroup/cpu.stat":
                return f"usage_usec 5\nnr_throttled 1\nthrottled_usec {self.throttled_us}\n"
            case "/proc/thread-self/schedstat":
                return f"1000 {round(self.queued_s * 1e9)} 7"
        return self.more.get(path, "")


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    return Kernel(monkeypatch)


def test_the_load_is_what_was_counted_since_the_last_look(kernel: Kernel) -> None:
    clock = ManualClock(5.0)
    watch = HostWatch(clock, kernel.read)
    assert watch.now() == HostLoad()
    kernel.user, kernel.idle, kernel.steal, kernel.throttled_us = 100, 60, 40, 250_000
    kernel.more = {
        "/proc/pressure/cpu": "some avg10=12.50 avg60=1.00 avg300=0.10 total=1\nfull avg10=0 total=0\n",
        "/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "1200000\n",
        "/sys/devices/system/cpu/cpu0/cpufreq/cpuinfo_max_freq": "2400000\n",
        "/sys/devices/system/cpu/cpu0/thermal_throttle/package_throttle_count": "3\n",
    }
    clock.advance(1.0)
    load = watch.now()
    assert (load.steal, load.busy, load.throttled) == (0.2, pytest.approx(0.7), 0.25)
    assert (load.waiting, load.clock, load.hot) == (0.125, 0.5, 3)


def test_the_kernel_is_asked_at_most_once_a_second(kernel: Kernel) -> None:
    clock = ManualClock(5.0)
    watch = HostWatch(clock, kernel.read)
    watch.now()
    before = kernel.reads
    for _ in range(50):
        clock.advance(0.01)
        watch.now()
    assert kernel.reads == before


def test_where_nothing_is_told_nothing_is_known(kernel: Kernel) -> None:
    clock = ManualClock(5.0)
    watch = HostWatch(clock, lambda path: "")
    watch.now()
    clock.advance(2.0)
    assert watch.now() == HostLoad()
    blame = LateBlame(watch, PERIOD_S, lambda path: "")
    blame.frame(True, 2.0)
    assert blame.counts() == {"ours": 1, "host": 0, "crowded": 0}


def test_a_late_frame_is_blamed_on_who_had_the_processor(kernel: Kernel) -> None:
    blame = LateBlame(HostWatch(ManualClock(), kernel.read), PERIOD_S, kernel.read)
    blame.frame(False, 0.5)
    blame.frame(True, 2.0)
    kernel.steal += 4  # 20 ms on each of two processors
    blame.frame(True, 2.0)
    kernel.throttled_us += 30_000
    blame.frame(True, 2.0)
    kernel.queued_s += 0.015
    blame.frame(True, 2.0)
    assert blame.counts() == {"ours": 1, "host": 2, "crowded": 1}


def test_what_the_machine_lost_long_before_is_not_the_frames(kernel: Kernel) -> None:
    blame = LateBlame(HostWatch(ManualClock(), kernel.read), PERIOD_S, kernel.read)
    kernel.steal += 400
    for _ in range(20):
        blame.frame(False, 0.5)
    blame.frame(True, 2.0)
    assert blame.counts()["ours"] == 1


def test_this_machine_can_be_read_or_says_nothing() -> None:
    clock = ManualClock()
    watch = HostWatch(clock)
    watch.now()
    clock.advance(1.5)
    load = watch.now()
    assert all(share is None or 0.0 <= share <= 1.0 for share in (load.steal, load.throttled, load.busy))
    assert host.KernelFiles()("/proc/of/no/such/file") == ""


@pytest.mark.skipif(not hasattr(os, "pread"), reason="no pread")
def test_a_file_that_stays_open_is_read_as_it_is_now(tmp_path: Path) -> None:
    path, read = tmp_path / "stat", host.KernelFiles()
    path.write_text("one")
    assert read(str(path)) == "one"
    path.write_text("another")
    assert read(str(path)) == "another"
