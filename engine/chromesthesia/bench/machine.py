"""What a measurement was made on: processors, memory, system, versions, OpenGL, and how busy it was meanwhile."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from chromesthesia import __version__
from chromesthesia.bench.power import load_nvml
from chromesthesia.core.errors import ChromesthesiaError
from chromesthesia.core.user_files import one_line

LIBRARIES = ("numpy", "onnxruntime", "onnxruntime-gpu", "moderngl", "sounddevice", "soxr", "av", "pygame-ce")


def describe() -> dict[str, Any]:
    """Plain values; a figure that cannot be had is None, or a line that says why."""
    return {
        "chromesthesia": __version__,
        "system": platform.platform(),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": _memory_gib(),
        "python": platform.python_version(),
        "libraries": {name: version for name in LIBRARIES if (version := _version(name)) is not None},
        "opengl": _opengl(),
        "providers": _providers(),
        "gpu": _gpu(),
        "load_average": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def stolen_s() -> float | None:
    """Processor seconds that the host of a virtual machine has kept since it started; None where nobody tells."""
    try:
        fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()
        return int(fields[8]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return one_line(line.partition(":")[2].strip())
    except OSError:
        pass
    if sys.platform == "darwin":
        asked = ["sysctl", "-n", "machdep.cpu.brand_string"]
        found = subprocess.run(asked, capture_output=True, text=True, check=False)
        if found.returncode == 0:
            return one_line(found.stdout.strip())
    return platform.processor() or platform.machine()


def _memory_gib() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    except (ValueError, OSError, AttributeError):
        return None


def _version(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _opengl() -> str:
    from chromesthesia.display.headless import HeadlessSurface

    try:
        surface = HeadlessSurface(16, 16)
    except ChromesthesiaError as error:
        return f"none: {error.message}"
    try:
        info = surface.ctx.info
        return one_line(f"{info['GL_RENDERER']}, {info['GL_VERSION']}")
    finally:
        surface.close()


def _providers() -> list[str]:
    from chromesthesia.inference.sessions import available_providers

    try:
        return available_providers()
    except ChromesthesiaError:
        return []


def _gpu() -> str:
    nvml = load_nvml()
    if isinstance(nvml, str):
        return nvml
    handle = nvml.nvmlDeviceGetHandleByIndex(0)
    name, driver = nvml.nvmlDeviceGetName(handle), nvml.nvmlSystemGetDriverVersion()
    return one_line(f"{name}, driver {driver}")
