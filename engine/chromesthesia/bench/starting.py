"""From the start of a process to its first picture: `chromesthesia run` as a person types it, without a window."""

from __future__ import annotations

import os
import subprocess
import sys
import time

LIMIT_S = 60.0
MARK = "first picture at"
ARGUMENTS = (
    "run",
    "--headless",
    "--source",
    "demo",
    "--duration",
    "0.1",
    "--osc-in-port",
    "0",
    "--query-port",
    "0",
)

_CHILD = (
    "from chromesthesia.bench.starting import watch; watch(); from chromesthesia.__main__ import main; main()"
)


def measure_start(rounds: int) -> list[float]:
    """Seconds to the first frame that was drawn, of each of `rounds` processes, after one that is not counted."""
    return [_once() for _ in range(rounds + 1)][1:]


def _once() -> float:
    # Modules that were compiled once are the warm files of an installation.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    began_s = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", _CHILD],
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        env=environment,
        check=False,
    )
    for line in done.stdout.splitlines():
        if line.startswith(MARK):
            return float(line.removeprefix(MARK)) - began_s
    raise RuntimeError(f"the show left with {done.returncode} before its first picture: {done.stderr[-500:]}")


def watch() -> None:
    """Tell when the first frame is presented by the command that this process is about to run."""
    from chromesthesia.display.headless import HeadlessSurface

    presented = HeadlessSurface.present
    told = False

    def present(self: HeadlessSurface) -> None:
        nonlocal told
        presented(self)
        if not told:
            told = True
            print(MARK, time.monotonic(), flush=True)

    HeadlessSurface.present = present  # type: ignore[method-assign]
    sys.argv = ["chromesthesia", *ARGUMENTS]
