"""Build the wheel, install it into an empty environment and play it: `tools/wheel_check.py [--out dist]`, any system.

The wheel must hold every data file of the checkout. In the environment nothing but the wheel with its extra `cpu` is
installed, in the versions of constraints.txt, and no file of the checkout is in reach: the bundled étude must play
headless for three seconds, and `import chromesthesia` must cost less than 50 ms over a Python that does nothing. Leaves
with 1 and a line that says which of these failed.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
IMPORT_LIMIT_MS = 50.0
PLAYED_S = 3.0
NO_GL = "OpenGL"


class CheckError(Exception):
    """A check that did not hold."""


def data_files(root: Path = ROOT) -> set[str]:
    """Where in a wheel every data file of the checkout must lie."""
    wanted = {
        f"chromesthesia/_data/{file.relative_to(root).as_posix()}"
        for folder in ("presets", "shaders", "exports/default")
        for file in (root / folder).rglob("*")
        if file.is_file()
    }
    for package in ("engine/chromesthesia", "training/chromesthesia_training"):
        parent = (root / package).parent
        wanted |= {
            file.relative_to(parent).as_posix()
            for file in (root / package).rglob("*")
            if file.is_file() and "__pycache__" not in file.parts
        }
    return wanted


def missing_files(wheel: Path, root: Path = ROOT) -> list[str]:
    """Files of the checkout that the wheel should hold and does not."""
    with zipfile.ZipFile(wheel) as archive:
        return sorted(data_files(root) - set(archive.namelist()))


def build(out: Path) -> Path:
    """The wheel, built in isolation."""
    out.mkdir(parents=True, exist_ok=True)
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(out),
        str(ROOT),
    ]
    subprocess.run(command, check=True)
    return max(out.glob("chromesthesia-*.whl"), key=lambda path: path.stat().st_mtime)


def run(python: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the environment's Python, far from the checkout and its variables."""
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "CHROMESTHESIA"))
    }
    return subprocess.run(
        [str(python), *arguments],
        cwd=cwd,
        env=kept,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=600,
    )


def import_ms(python: Path, cwd: Path, rounds: int = 15) -> float:
    """Median milliseconds that the import adds to a whole process, both in turns."""
    spent: dict[str, list[float]] = {"pass": [], "import chromesthesia": []}
    for number in range(rounds + 2):
        for line, values in spent.items():
            started_s = time.perf_counter()
            run(python, "-c", line, cwd=cwd).check_returncode()
            if number >= 2:
                values.append(1e3 * (time.perf_counter() - started_s))
    return statistics.median(spent["import chromesthesia"]) - statistics.median(spent["pass"])


def play(python: Path, cwd: Path, without_gl_too: bool) -> str:
    """Play the étude headless; a line about it."""
    report = cwd / "report.json"
    length = ["--duration", str(PLAYED_S), "--report", str(report)]
    done = run(
        python,
        "-m",
        "chromesthesia",
        "run",
        "--headless",
        "--source",
        "demo",
        "--osc-in-port",
        "0",
        *length,
        cwd=cwd,
    )
    if done.returncode and without_gl_too and NO_GL in done.stderr:
        return f"not played, this machine has no OpenGL: {done.stderr.strip().splitlines()[-1]}"
    if done.returncode:
        raise CheckError(f"playing left with {done.returncode}: {done.stderr.strip()[-2000:]}")
    frames = json.loads(report.read_text(encoding="utf-8"))["frames"]
    if not frames:
        raise CheckError("no frame was drawn")
    return f"played {PLAYED_S:g} s: {frames} frames"


def check(out: Path, without_gl_too: bool) -> None:
    """All of it, a line each."""
    wheel = build(out)
    if absent := missing_files(wheel):
        raise CheckError(f"{wheel.name} lacks {len(absent)} files: {', '.join(absent[:5])}")
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB, all data files", flush=True)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        venv.create(folder / "venv", with_pip=True)
        python = folder / "venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        installed = run(
            python, "-m", "pip", "install", "--quiet", "-c", str(ROOT / "constraints.txt"), f"{wheel}[cpu]",
            cwd=folder,
        )  # fmt: skip
        if installed.returncode:
            raise CheckError(f"it cannot be installed: {installed.stderr.strip()[-2000:]}")
        where = run(python, "-c", "import chromesthesia; print(chromesthesia.__file__)", cwd=folder).stdout
        if not Path(where.strip()).is_relative_to(folder.resolve()):
            raise CheckError(f"the environment imports {where.strip()}")
        cost = import_ms(python, folder)
        print(f"import chromesthesia: {cost:.1f} ms over a bare Python", flush=True)
        print(play(python, folder, without_gl_too), flush=True)
        if cost > IMPORT_LIMIT_MS:
            raise CheckError(f"the import costs {cost:.0f} ms, allowed are {IMPORT_LIMIT_MS:g}")


def main() -> int:
    """Read the options, check, say what failed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, help="keep the wheel in this folder")
    parser.add_argument(
        "--without-gl-too", action="store_true", help="a machine without OpenGL is no failure"
    )
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        try:
            check(options.out or Path(name), options.without_gl_too)
        except (CheckError, subprocess.CalledProcessError) as error:
            print(f"wheel check failed: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
