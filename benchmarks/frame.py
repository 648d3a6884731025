"""A frame of light, drawn and read back, beside projectM 3.1 on the same OpenGL, and beside one copy of the screen.

    python -m benchmarks frame [--quick]

Ours: the look of the preset Gallery as a show has it, with a new picture every third frame, as `Renderer.render` and a
wait for the GPU; a time is the mean of the three frames of a picture.
projectM: presets of its stock (Debian: libprojectm-dev, projectm-data), drawn by `projectm_frames.cpp`, which is
compiled here, under a beating tone. Both without a window, both until glFinish; they take turns, some frames each.
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.render_frame import FRAMES_A_PICTURE, PRESETS, copy_program, frame_inputs
from benchmarks.rows import Absent, Row, Times, compared, times
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.params.presets import load_preset
from chromesthesia.render.renderer import Renderer

SOURCE = Path(__file__).with_name("projectm_frames.cpp")
STOCK = Path("/usr/share/projectM/presets/presets_stock")
PEER = "projectM 3.1"
FLOOR = "one copy of the screen (floor)"
SIZES = ((512, 512), (1280, 720))
REMEDY = "needs g++ libprojectm-dev projectm-data libegl-dev libgl-dev (Debian)"
TURN_FRAMES = 6


class ProjectM:
    """projectM drawing in a process of its own: asked for frames, it answers their milliseconds.

    Raises OSError when it cannot be started or ends.
    """

    def __init__(self, program: Path, size: tuple[int, int], presets: list[Path]) -> None:
        self._process = subprocess.Popen(
            [program, *map(str, size), *presets],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.presets = len(presets)
        self.renderer = self._line().removeprefix("ready ")

    def frames_s(self, preset: int, count: int) -> list[float]:
        """Draw `count` frames of a preset: seconds of each."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{preset} {count}\n")
        self._process.stdin.flush()
        return [float(word) / 1e3 for word in self._line().split()]

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline().strip()
        if not line:
            raise OSError(f"{PEER} ended with {self._process.wait()}")
        return line


@contextmanager
def projectm(size: tuple[int, int], presets: int) -> Iterator[ProjectM | Absent]:
    """The peer, compiled on the spot, with so many presets; or why it cannot be had."""
    stock = sorted(STOCK.glob("*.milk"))
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None or not stock:
        yield Absent(REMEDY)
        return
    with tempfile.TemporaryDirectory() as folder:
        program = Path(folder) / "projectm_frames"
        built = subprocess.run(
            [compiler, "-O2", "-o", program, SOURCE, "-lprojectM", "-lEGL", "-lGL"],
            capture_output=True,
            text=True,
        )
        if built.returncode:
            yield Absent(f"{REMEDY}: {built.stderr.strip().splitlines()[0]}")
            return
        player = ProjectM(program, size, stock[:: max(1, len(stock) // presets)][:presets])
        try:
            yield player
        finally:
            player.close()


def rows(quick: bool) -> list[Row]:
    """Milliseconds a frame at each size."""
    found: list[Row] = []
    for size in SIZES[: 1 if quick else None]:
        with projectm(size, 3 if quick else 12) as peer:
            found += _at(size, peer, 4 if quick else 24)
    return found


def _at(size: tuple[int, int], peer: ProjectM | Absent, turns: int) -> list[Row]:
    surface = HeadlessSurface(*size)
    renderer = Renderer(surface.ctx, *size)
    values = dict(load_preset(PRESETS / "gallery.toml").params)
    copy = copy_program(surface.ctx, *size)
    spent: dict[str, list[float]] = {"ours": [], FLOOR: [], PEER: []}
    number = 0
    for turn in range(-1, turns):
        for _ in range(TURN_FRAMES):
            inputs = frame_inputs(number, values)
            number += 1
            started_s = time.perf_counter()
            renderer.render(inputs)
            surface.ctx.finish()
            drawn_s = time.perf_counter()
            copy()
            surface.ctx.finish()
            copied_s = time.perf_counter()
            if turn >= 0:
                spent["ours"].append(drawn_s - started_s)
                spent[FLOOR].append(copied_s - drawn_s)
        if turn >= 0 and isinstance(peer, ProjectM):
            spent[PEER] += peer.frames_s(turn % peer.presets, TURN_FRAMES)
    renderer.release()
    name = f"frame of {size[0]}x{size[1]}, {surface.ctx.info['GL_RENDERER'].partition(' ')[0]}"
    surface.close()
    ours = spent["ours"]
    pictures = [
        statistics.mean(ours[begin : begin + FRAMES_A_PICTURE])
        for begin in range(0, len(ours), FRAMES_A_PICTURE)
    ]
    others: dict[str, Times | Absent] = {FLOOR: times(spent[FLOOR])}
    others[PEER] = times(spent[PEER]) if isinstance(peer, ProjectM) else peer
    return compared(name, times(pictures), others, "ms")
