"""Run every fuzz test with many inputs: `tools/fuzz.py 100000 [pytest arguments]`, or `make fuzz EXAMPLES=100000`.

A fuzz test lies in a file `test_*fuzz*.py` below `tests/engine`. Each run tries other inputs; a failure prints the
smallest one. Leaves with the exit code of pytest.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VARIABLE = "CHROMESTHESIA_FUZZ_EXAMPLES"  # read by tests/fuzzing.py


def main(arguments: list[str]) -> int:
    """Run pytest on the fuzz tests; the first argument is how many inputs each tries."""
    if not arguments or not arguments[0].isdigit() or int(arguments[0]) < 1:
        print(__doc__, file=sys.stderr)
        return 2
    files = sorted(map(str, (ROOT / "tests" / "engine").rglob("test_*fuzz*.py")))
    command = [sys.executable, "-m", "pytest", "-q", "--durations=0", "-k", "fuzz", *files, *arguments[1:]]
    return subprocess.run(
        command, cwd=ROOT, env={**os.environ, VARIABLE: arguments[0]}, check=False
    ).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
