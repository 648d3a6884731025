"""Reports of engines that died: a folder for each, bounded in number and size. Never any sound."""

from __future__ import annotations

import json
import logging
import os
import platform
import re
import shutil
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from chromesthesia.core.safe_write import reason, write_all
from chromesthesia.core.user_files import one_line
from chromesthesia.core.version import __version__

log = logging.getLogger(__name__)

FOLDER = "crashes"
MOST_REPORTS = 20
"""Newest kept."""
LOG_S = 30.0
"""So much of the log is kept."""
LARGEST_BYTES = 256 * 1024
"""Of each file of a report."""
LIBRARIES = ("numpy", "moderngl", "onnxruntime", "onnxruntime-gpu", "pygame-ce", "sounddevice", "av")
_NAME = re.compile(r"\d{8}-\d{6}-\d+-.*")


@dataclass(frozen=True, slots=True)
class Crash:
    """How an engine ended. exit_code: negative for a signal; stack: of all threads, where it could be had; state: the
    file of the live state as it was then; log: newest last."""

    reason: str
    exit_code: int | None
    pid: int
    at: datetime
    facts: Mapping[str, object] = field(default_factory=dict)
    stack: bytes = b""
    state: bytes = b""
    log: Sequence[str] = ()


class CrashReports:
    """Writes reports below `folder` on a thread of their own: a slow disk keeps no show waiting."""

    def __init__(self, folder: Path, most: int = MOST_REPORTS) -> None:
        self._folder = folder / FOLDER
        self._most = most
        self._writing: threading.Thread | None = None
        self.left_out = 0

    def write(self, crash: Crash) -> None:
        """Begin to write one; left out and counted while the one before is not written yet."""
        if self._writing is not None and self._writing.is_alive():
            self.left_out += 1
            return
        self._writing = threading.Thread(target=self._write, args=(crash,), name="crash report", daemon=True)
        self._writing.start()

    def wait(self, timeout_s: float = 2.0) -> None:
        """Until the last one is written."""
        if self._writing is not None:
            self._writing.join(timeout_s)

    def _write(self, crash: Crash) -> None:
        name = f"{crash.at:%Y%m%d-%H%M%S}-{crash.pid}-{_word(crash)}"
        try:
            partial = self._folder / f".{name}"
            partial.mkdir(parents=True)
            report = {
                "reason": crash.reason,
                "exit_code": crash.exit_code,
                "signal": signal_name(crash.exit_code),
                "pid": crash.pid,
                "at": crash.at.isoformat(timespec="milliseconds"),
                **crash.facts,
                "versions": versions(),
            }
            files = {
                "report.json": json.dumps(report, indent=2, default=str).encode(),
                "stack.txt": crash.stack[:LARGEST_BYTES],
                "state.json": crash.state[:LARGEST_BYTES],
                "log.txt": "".join(f"{line}\n" for line in crash.log).encode()[-LARGEST_BYTES:],
            }
            for file, content in files.items():
                if content:
                    with (partial / file).open("xb") as opened:
                        write_all(opened, content)
            os.replace(partial, self._folder / name)
            log.info("crash report: %s", one_line(self._folder / name))
            self._forget_old()
        except OSError as error:
            log.warning("no crash report in %s: %s", one_line(self._folder), reason(error))

    def _forget_old(self) -> None:
        """What a power cut left half-written is the first to go."""
        names = sorted(
            entry.name for entry in self._folder.iterdir() if _NAME.fullmatch(entry.name.removeprefix("."))
        )
        whole = [name for name in names if not name.startswith(".")]
        for name in (*(set(names) - set(whole)), *whole[: max(0, len(whole) - self._most)]):
            shutil.rmtree(self._folder / name, ignore_errors=True)


def signal_name(exit_code: int | None) -> str | None:
    """`SIGKILL` for -9; None for an exit that was no signal."""
    if exit_code is None or exit_code >= 0:
        return None
    import signal

    try:
        return signal.Signals(-exit_code).name
    except ValueError:
        return f"signal {-exit_code}"


def versions() -> Mapping[str, str]:
    """Which engine and libraries on which system; nothing is imported for it."""
    from importlib.metadata import PackageNotFoundError, version

    found = {"chromesthesia": __version__, "python": sys.version.split()[0], "system": platform.platform()}
    for library in LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found


def _word(crash: Crash) -> str:
    said = signal_name(crash.exit_code) or crash.reason
    return re.sub(r"[^a-z0-9]+", "-", said.casefold()).strip("-")[:40] or "unknown"
