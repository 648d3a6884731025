"""What a process takes of its machine: memory, file handles, threads, video memory."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from chromesthesia.supervise.watch import Ceilings

MIB = 1024.0 * 1024.0
MEMORY_SHARE = 0.8
"""Of the machine's memory: beyond it the system starts to kill."""
MOST_RSS_MIB = 4096.0
HANDLES_SHARE = 0.8
MOST_HANDLES = 4096
MOST_THREADS = 256


def rss_mib() -> float | None:
    """Resident memory of this process; on macOS the most it ever was; None where the system does not tell."""
    try:
        pages = int(Path("/proc/self/statm").read_bytes().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / MIB
    except (OSError, ValueError, IndexError):
        pass
    if sys.platform == "darwin":
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB
    return None


def handles() -> int | None:
    """Open file descriptors of this process; None where the system does not tell."""
    for folder in ("/proc/self/fd", "/dev/fd"):
        try:
            return len(os.listdir(folder)) - 1
        except OSError:
            continue
    return None


def threads() -> int:
    """Threads of this process, those of libraries included where the system tells."""
    try:
        return len(os.listdir("/proc/self/task"))
    except OSError:
        return threading.active_count()


class VideoMemory:
    """Memory of NVIDIA GPUs that this process has, by NVML, where its library `pynvml` is installed."""

    def __init__(self, library: Callable[[], Any] | None = None) -> None:
        self._nvml: Any = None
        try:
            self._nvml = (library or _pynvml)()
            self._nvml.nvmlInit()
        except Exception:  # no library, no driver, no card: its own errors share no base with ours
            self._nvml = None

    def mib(self) -> float | None:
        """MiB now; None without such a card, or where the driver does not tell."""
        if self._nvml is None:
            return None
        own, total, told = os.getpid(), 0, False
        try:
            for index in range(self._nvml.nvmlDeviceGetCount()):
                card = self._nvml.nvmlDeviceGetHandleByIndex(index)
                seen = {
                    process.pid: process.usedGpuMemory
                    for list_of in (
                        self._nvml.nvmlDeviceGetComputeRunningProcesses,
                        self._nvml.nvmlDeviceGetGraphicsRunningProcesses,
                    )
                    for process in list_of(card)
                }
                if seen.get(own) is not None:
                    total, told = total + seen[own], True
        except Exception:  # a driver that was restarted: not told this time
            return None
        return total / MIB if told else None


def usual_ceilings() -> Ceilings:
    """Far above what a show takes, below what harms the machine."""
    memory_mib = MOST_RSS_MIB
    try:
        machine_mib = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / MIB
        memory_mib = min(memory_mib, MEMORY_SHARE * machine_mib)
    except (ValueError, OSError, AttributeError):
        pass
    most_handles = MOST_HANDLES
    try:
        import resource

        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        most_handles = min(most_handles, int(HANDLES_SHARE * soft)) if soft > 0 else most_handles
    except ImportError:
        pass
    return Ceilings(rss_mib=memory_mib, handles=most_handles, threads=MOST_THREADS)


def _pynvml() -> Any:
    import pynvml

    return pynvml
