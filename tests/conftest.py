"""What the whole suite shares: the markers' requirements, and where the shared data lie.

A test that needs something this machine may lack carries a marker and is skipped with the reason. Names listed in the
environment variable CHROMESTHESIA_REQUIRE (e.g. `pulse,osc_tools,gl,xvfb`) turn such a skip into a failure: CI sets it.
"""

from __future__ import annotations

import functools
import importlib.util
import logging
import os
import shutil
import subprocess
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

# What whoever runs the tests made for their own shows is none of a test's business.
os.environ["CHROMESTHESIA_HOME"] = os.devnull
REPOSITORY = Path(__file__).resolve().parent.parent
REQUIRED = frozenset(filter(None, os.environ.get("CHROMESTHESIA_REQUIRE", "").split(",")))


def shared_root() -> Path | None:
    """The folder of shared data: CHROMESTHESIA_SHARED, else `shared` beside the checkout; None when absent."""
    configured = os.environ.get("CHROMESTHESIA_SHARED")
    root = Path(configured) if configured else REPOSITORY.parent / "shared"
    return root if (root / "data").is_dir() else None


def _missing_programs(*names: str) -> str | None:
    absent = [name for name in names if shutil.which(name) is None]
    return f"not installed: {', '.join(absent)}" if absent else None


def _missing_npm(package: str) -> str | None:
    node = shutil.which("node")
    if node is None:
        return "not installed: node"
    found = subprocess.run([node, "-e", f"require.resolve('{package}')"], capture_output=True, check=False)
    return f"not found by node: npm's {package}" if found.returncode else None


def _missing_gl() -> str | None:
    import moderngl

    egl: dict[str, Any] = {"backend": "egl"}
    try:
        context = moderngl.create_standalone_context(require=330, **egl)
    except Exception as error:  # the binding raises bare Exception
        return f"no OpenGL 3.3 through EGL: {error}"
    context.release()
    return None


def _missing_cuda() -> str | None:
    try:
        import torch
    except ImportError:
        return "torch is not installed"
    return None if torch.cuda.is_available() else f"torch {torch.__version__} sees no NVIDIA GPU"


def _missing_chromium() -> str | None:
    from chromesthesia.testing.chromium import PROGRAMS

    found = any(shutil.which(name) for name in PROGRAMS)
    return None if found else f"not installed: any of {', '.join(PROGRAMS)}"


@functools.cache
def missing(marker: str) -> str | None:
    """Why tests with this marker cannot run here; None when they can."""
    match marker:
        case "shared_data":
            return None if shared_root() else "no ../shared/data (set CHROMESTHESIA_SHARED)"
        case "pulse":
            return _missing_programs("pulseaudio", "pactl")
        case "osc_tools":
            return _missing_programs("oscsend", "oscdump")
        case "pure_data":
            return _missing_programs("pd")
        case "liblo":
            return None if importlib.util.find_spec("pyliblo3") else "pyliblo3 is not installed"
        case "zenoh":
            absent = [name for name in ("zenoh", "cryptography") if not importlib.util.find_spec(name)]
            return f"not installed: {', '.join(absent)}" if absent else None
        case "chromium":
            return _missing_chromium()
        case "xvfb":
            return _missing_programs("Xvfb", "xdotool")
        case "gl":
            return _missing_gl()
        case "node":
            return _missing_programs("node")
        case "supercollider":
            return _missing_programs("sclang")
        case "npm_oscquery":
            return _missing_npm("oscquery")
        case "cuda":
            return _missing_cuda()
        case _:
            return None


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers():
        if reason := missing(marker.name):
            pytest.skip(f"{marker.name}: {reason}")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn the skip of a required test into a failure."""
    report = yield
    needed = REQUIRED & {marker.name for marker in item.iter_markers()}
    if report.skipped and needed and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = (
            f"skipped, but CHROMESTHESIA_REQUIRE names {', '.join(sorted(needed))}: {report.longrepr}"
        )
    return report


@pytest.fixture(scope="session")
def repository() -> Path:
    """Root of the checkout."""
    return REPOSITORY


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The shared data (see `shared_root`); skips the test when absent."""
    root = shared_root()
    if root is None:
        pytest.skip("shared_data: no ../shared/data (set CHROMESTHESIA_SHARED)")
    return root


@pytest.fixture(autouse=True)
def log_as_before() -> Iterator[None]:
    """A command sets the log up for its process; each test gives it back as it was."""
    root, ours = logging.getLogger(), logging.getLogger("chromesthesia")
    before = root.handlers[:], root.level, ours.level
    yield
    root.handlers[:] = before[0]
    root.setLevel(before[1])
    ours.setLevel(before[2])
