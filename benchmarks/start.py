"""What starting costs: `import chromesthesia`, `chromesthesia --version` and a show up to its first picture, beside a
Python that does nothing.

python -m benchmarks start [--quick]
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

from benchmarks.rows import Row, compared, in_turns, times
from chromesthesia.bench.starting import measure_start

FLOOR = "bare python (floor)"


def rows(quick: bool) -> list[Row]:
    """Milliseconds of whole processes, in turns."""
    spent = in_turns(
        {
            "import": _python("-c", "import chromesthesia"),
            "version": _python("-m", "chromesthesia", "--version"),
            FLOOR: _python("-c", "pass"),
        },
        5 if quick else 40,
        warm_up=1,
    )
    floor = {FLOOR: spent[FLOOR]}
    shown = times(measure_start(2 if quick else 10))
    return [
        *compared("import chromesthesia, whole process", spent["import"], floor, "ms"),
        *compared("chromesthesia --version, whole process", spent["version"], floor, "ms"),
        *compared("chromesthesia run, to the first picture", shown, floor, "ms"),
    ]


def _python(*arguments: str) -> Callable[[], object]:
    command = [sys.executable, *arguments]
    return lambda: subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
