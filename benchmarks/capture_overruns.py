"""Sound lost at 256-frame blocks on a real PulseAudio device while the renderer takes all that its core has.

    python -m benchmarks.capture_overruns [--seconds 600] [--json FILE]

A sawtooth whose every sample says its own number is played into a PulseAudio null sink and captured by the engine's own
capture (`chromesthesia.audio.capture`) with blocks of 256 frames, on a thread as in a show. The main thread draws the
default look one after another without a pause. `overruns`: flags that PortAudio raised. `lost_ms`: gaps in the
sawtooth. In the one table: ten minutes, or ten seconds with --quick. Needs pulseaudio and OpenGL.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.capture_under_load import lost_frames, on_stage
from benchmarks.render_frame import frame_inputs
from benchmarks.rows import Row
from chromesthesia.audio import capture
from chromesthesia.core.clock import SystemClock
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.render.renderer import Renderer
from chromesthesia.testing.pulse import RATE_HZ

BLOCK_FRAMES = 256
WARM_UP_S = 2.0
READ_S = 0.5
WHOLE_S, QUICK_S = 600.0, 10.0
CHECKED_FRAMES = 10 * RATE_HZ


class Ear(threading.Thread):
    """Captures until told to stop, and counts what is missing; what was checked is let go of."""

    def __init__(self) -> None:
        super().__init__(name="capture", daemon=True)
        self.stop = threading.Event()
        self.blocks = self.overruns = self.lost = self.silent = self.frames = 0
        self.error: Exception | None = None
        self._pieces: list[NDArray[np.float32]] = []
        self._waiting = 0

    def run(self) -> None:
        """The thread."""
        try:
            stream = capture.PortAudioBackend(SystemClock()).open("pulse", "ALSA")
        except Exception as error:  # told by the main thread
            self.error = error
            return
        began_s = time.perf_counter()
        while not self.stop.is_set():
            got = stream.read(READ_S)
            if got is None or time.perf_counter() - began_s < WARM_UP_S:
                continue
            self.blocks += 1
            self.overruns += got.overflowed
            self._keep(got.frames[:, 0].copy())
        stream.close()
        self._check()

    def _keep(self, samples: NDArray[np.float32]) -> None:
        self.frames += len(samples)
        self._pieces.append(samples)
        self._waiting += len(samples)
        if self._waiting >= CHECKED_FRAMES:
            self._check()

    def _check(self) -> None:
        if not self._pieces:
            return
        samples = np.concatenate(self._pieces)
        lost, silent = lost_frames(samples)
        self.lost += lost
        self.silent += silent
        # The last sample again: a gap between two checks is a gap.
        self._pieces, self._waiting = [samples[-1:]], 1


def measure(seconds: float) -> dict[str, Any]:
    """What was lost in so many seconds of drawing."""
    capture.BLOCK_S = BLOCK_FRAMES / RATE_HZ
    with on_stage(seconds + WARM_UP_S + 10.0):
        ear = Ear()
        ear.start()
        surface = HeadlessSurface(640, 360)
        renderer = Renderer(surface.ctx, 640, 360)
        frames, spent_s, before_s = 0, 0.0, time.process_time()
        end_s = time.perf_counter() + seconds + WARM_UP_S
        while time.perf_counter() < end_s and ear.is_alive():
            began_s = time.perf_counter()
            renderer.render(replace(frame_inputs(frames // 2, {}), time_s=frames / 60))
            renderer.read_pixels()
            spent_s += time.perf_counter() - began_s
            frames += 1
        ear.stop.set()
        ear.join(10.0)
        if ear.error is not None:
            raise ear.error
    return {
        "seconds": round(ear.frames / RATE_HZ, 2),
        "block_frames": BLOCK_FRAMES,
        "blocks": ear.blocks,
        "overruns": ear.overruns,
        "lost_ms": round(1e3 * ear.lost / RATE_HZ, 2),
        "player_silence_ms": round(1e3 * ear.silent / RATE_HZ, 2),
        "frames_a_second": round(frames / max(spent_s, 1e-9), 1),
        "share_of_time_drawing": round(spent_s / (seconds + WARM_UP_S), 3),
        "processor_s": round(time.process_time() - before_s, 1),
    }


def rows(quick: bool) -> list[Row]:
    """Overruns and lost sound beside none, which is what there is to be."""
    name = f"overruns at {BLOCK_FRAMES}-frame blocks while drawing takes a whole core"
    missing = [program for program in ("pulseaudio", "pactl", "pacat") if shutil.which(program) is None]
    if missing:
        return [Row(name, None, "none", 0.0, "", note=f"not installed: {', '.join(missing)}")]
    found = measure(QUICK_S if quick else WHOLE_S)
    note = f"{found['seconds']:g} s, {found['blocks']} blocks, {found['frames_a_second']:g} frames a second"
    return [
        Row(name, float(found["overruns"]), "none", 0.0, "", note=note),
        Row("sound lost meanwhile", float(found["lost_ms"]), "none", 0.0, "ms"),
    ]


def main() -> None:
    """Measure and print JSON."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=WHOLE_S)
    parser.add_argument("--json", type=Path, help="also write the result to this file")
    options = parser.parse_args()
    machine = {
        "cores": os.cpu_count(),
        "load_average": os.getloadavg()[0],
        "python": platform.python_version(),
    }
    text = json.dumps({"machine": machine, **measure(options.seconds)}, indent=1)
    print(text)
    if options.json is not None:
        options.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
