"""A show that plays with a pack on this machine, in a process of its own, told by its own report."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
from pathlib import Path

logger = logging.getLogger(__name__)

SHOW_S, QUICK_SHOW_S = 20.0, 1.0
SIZE, FPS = "640x360", 30
NOTE = (
    f"show: {SHOW_S:g} s of the étude at {SIZE} and {FPS} frames a second, without a window; what it drew and painted, "
    "and on which rung it ended"
)


def played(pack: Path, quick: bool = False) -> dict[str, float | str]:
    """Frames, frames that were late, frames a second, pictures a second and rung of a show with `pack`.

    Nothing where a show cannot be played here, as without OpenGL; the log says why.
    """
    with tempfile.TemporaryDirectory(prefix="chromesthesia-live-") as folder:
        report = Path(folder) / "report.json"
        done = subprocess.run(
            [
                *(sys.executable, "-m", "chromesthesia", "run", "--headless", "--source", "demo"),
                *("--pack", str(pack.resolve()), "--size", SIZE, "--fps", str(FPS)),
                *("--duration", str(QUICK_SHOW_S if quick else SHOW_S), "--report", str(report)),
                *("--osc-in-port", "0", "--query-port", "0", "--no-announce"),
            ],
            env=os.environ | {"CHROMESTHESIA_HOME": folder, "XDG_STATE_HOME": folder},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            logger.warning("no show with %s: %s", pack, done.stderr[-2_000:].strip())
            return {}
        told = json.loads(report.read_text(encoding="utf-8"))
    pictures = told["latency_ms"]["generator"]["count"]
    return {
        "show_frames": told["frames"],
        "show_late_frames": told["late_frames"],
        "show_fps": told["fps"],
        "show_pictures_per_s": round(pictures / told["duration_s"], 2),
        "show_rung": told["rung"],
    }
