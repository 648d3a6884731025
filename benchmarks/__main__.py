"""Every benchmark in one table: `python -m benchmarks [NAME ...] [--quick]`, or `make bench ARGS=--quick`.

Each runs in a process of its own, so that none weighs on another and one that fails does not hide the rest; those that
need torch run in the training environment. Leaves with 1 when one failed or, with --require-peers, when a peer was
absent. Figures of --quick are rough: they show that everything still runs.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.rows import Row, table

ROOT = Path(__file__).resolve().parent.parent
BENCHMARKS = (
    "start", "capture_under_load", "capture_overruns", "growth", "features", "music_ear", "beat_flash", "models",
    "torch_models", "mapper", "osc_codec", "osc_dispatch", "osc_flood", "frame", "render_frame", "scenes",
    "flash_limiter", "film_killed", "many",
)  # fmt: skip
"""Modules of this folder with a function `rows(quick)`."""
NEEDS_TORCH = frozenset({"torch_models"})
LIMIT_S = 1200.0


def main() -> int:
    """Read the options, run, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"which: {', '.join(BENCHMARKS)}")
    parser.add_argument("--quick", action="store_true", help="a second or two each")
    parser.add_argument("--json", type=Path, help="also write the rows and the machine to this file")
    parser.add_argument("--require-peers", action="store_true", help="an absent peer is a failure")
    parser.add_argument(
        "--torch-python", type=Path, default=_training_python(), help="the Python that has torch"
    )
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if unknown := set(options.names) - set(BENCHMARKS):
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))} (there are {', '.join(BENCHMARKS)})")
    if options.here:
        found = importlib.import_module(f"benchmarks.{options.names[0]}").rows(options.quick)
        options.json.write_text(json.dumps([row.to_dict() for row in found]), encoding="utf-8")
        return 0
    rows: list[Row] = []
    failed: list[str] = []
    for name in options.names or BENCHMARKS:
        print(f"{name} ...", file=sys.stderr, flush=True)
        measured = _run(name, options.quick, options.torch_python)
        if isinstance(measured, str):
            failed.append(name)
            print(measured, file=sys.stderr)
        else:
            rows += measured
    print(table(rows))
    absent = [row for row in rows if row.theirs is None]
    if options.json is not None:
        machine = {
            "system": platform.platform(),
            "cores": os.cpu_count(),
            "python": platform.python_version(),
        }
        document = {"machine": machine, "quick": options.quick, "rows": [row.to_dict() for row in rows]}
        options.json.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    if failed:
        print(f"FAILED: {', '.join(failed)}", file=sys.stderr)
    if absent and options.require_peers:
        print(f"ABSENT: {', '.join(sorted({row.beside for row in absent}))}", file=sys.stderr)
    return int(bool(failed or (absent and options.require_peers)))


def _run(name: str, quick: bool, torch_python: Path | None) -> list[Row] | str:
    """The rows of one benchmark run in its own process, or what it said when it failed."""
    python = sys.executable
    if name in NEEDS_TORCH:
        if torch_python is None:
            return [Row(name, None, "torch", None, "ms", note="no .venv-train with torch: make bench")]
        python = str(torch_python)
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "rows.json"
        command = [python, "-m", "benchmarks", name, "--here", "--json", str(out)]
        try:
            done = subprocess.run(
                [*command, *(["--quick"] if quick else [])],
                cwd=ROOT,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=LIMIT_S,
            )
        except subprocess.TimeoutExpired:
            return f"{name} took longer than {LIMIT_S:g} s"
        if done.returncode:
            return f"{name} left with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
        return [Row.of_dict(row) for row in json.loads(out.read_text(encoding="utf-8"))]


def _training_python() -> Path | None:
    """The Python of the training environment, where there is one."""
    for place in ("bin/python", "Scripts/python.exe"):
        python = ROOT / ".venv-train" / place
        if python.exists():
            return python
    return None


if __name__ == "__main__":
    sys.exit(main())
