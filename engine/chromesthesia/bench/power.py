"""Power while something runs, where a driver tells it: the processor's energy counters and NVIDIA's library."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

RAPL = Path("/sys/class/powercap/intel-rapl:0")
EVERY_S = 0.5


class PowerMeter:
    """Context manager; afterwards `figures` tells mean watts, or why there are none."""

    def __init__(self, rapl: Path = RAPL, nvml: Any | None = None) -> None:
        """rapl: folder of the package's counter. nvml: NVIDIA's library; None looks for it."""
        self._rapl = rapl
        self._nvml: Any = load_nvml() if nvml is None else nvml
        self._figures: dict[str, object] = {}
        self._stop = threading.Event()
        self._watts: list[float] = []
        self._memory_mib: list[float] = []
        self._thread = threading.Thread(target=self._sample, name="power", daemon=True)

    def figures(self) -> dict[str, object]:
        """cpu_watts, gpu_watts, gpu_memory_mib: figures, or a line that says why not."""
        return dict(self._figures)

    def __enter__(self) -> Self:
        self._began_s, self._began = time.perf_counter(), self._energy()
        if not isinstance(self._nvml, str):
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join()
        spent_s, now = time.perf_counter() - self._began_s, self._energy()
        if isinstance(now, str) or isinstance(self._began, str):
            self._figures["cpu_watts"] = now if isinstance(now, str) else self._began
        elif now < self._began:
            self._figures["cpu_watts"] = "the counter began anew meanwhile"
        else:
            self._figures["cpu_watts"] = round((now - self._began) / 1e6 / max(spent_s, 1e-9), 2)
        if isinstance(self._nvml, str):
            self._figures["gpu_watts"] = self._nvml
        elif self._watts:
            self._figures["gpu_watts"] = round(sum(self._watts) / len(self._watts), 1)
            self._figures["gpu_memory_mib"] = round(max(self._memory_mib), 1)

    def _energy(self) -> int | str:
        try:
            return int((self._rapl / "energy_uj").read_text(encoding="ascii"))
        except (OSError, ValueError) as error:
            return f"no energy counter of the processor can be read: {type(error).__name__}"

    def _sample(self) -> None:
        nvml = self._nvml
        handle = nvml.nvmlDeviceGetHandleByIndex(0)
        while True:
            try:
                self._watts.append(nvml.nvmlDeviceGetPowerUsage(handle) / 1e3)
                self._memory_mib.append(nvml.nvmlDeviceGetMemoryInfo(handle).used / 2**20)
            except nvml.NVMLError as error:
                self._figures["gpu_watts"] = f"the driver does not tell: {error}"
                return
            if self._stop.wait(EVERY_S):
                return


def load_nvml() -> Any | str:
    """NVIDIA's library with a device, or why there is none."""
    try:
        import pynvml
    except ImportError:
        return "no NVIDIA library: pip install nvidia-ml-py where there is an NVIDIA GPU"
    try:
        pynvml.nvmlInit()
        if pynvml.nvmlDeviceGetCount() == 0:
            return "no NVIDIA GPU"
    except pynvml.NVMLError as error:
        return f"no NVIDIA GPU answers: {error}"
    return pynvml
