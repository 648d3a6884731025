"""What a frame of light costs, pass by pass, and for how long other Python threads stand still meanwhile.

Prints one JSON document. `passes`: processor milliseconds and wall milliseconds (median of the frames that have the
pass: every third has a new picture, as in a show; `rest` is the flash limiter and Python), and their ratio to `copy`,
one full-screen texture copy in the same run (on a real GPU only the wall figures mean something). `stall`: the
longest time in which a second Python thread could not run during a frame, median over frames, for three ways to wait
for the picture.

Usage: python -m benchmarks.render_frame [--size 640x360] [--frames 60] [--preset presets/gallery.toml]

In the one table (`python -m benchmarks`): the whole frame beside its copy, and the longest stall beside a plain read.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Mapping
from itertools import pairwise
from pathlib import Path

import moderngl
import numpy as np

from benchmarks.rows import Row
from chromesthesia.core.records import UInt8
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.params.presets import load_preset
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.renderer import Renderer
from chromesthesia.testing.render import heard, picture

PRESETS = Path(__file__).resolve().parent.parent / "presets"
WARM_UP = 6
FRAMES_A_PICTURE, ROUND = 3, 24


def _walk() -> list[UInt8]:
    """Pictures as a show paints them: each near the one before, round from one to another and back."""
    ends = [picture(seed).astype(np.float32) for seed in (0, 1)]
    shares = [0.5 - 0.5 * math.cos(2.0 * math.pi * step / ROUND) for step in range(ROUND)]
    return [np.asarray(ends[0] + share * (ends[1] - ends[0]), np.uint8) for share in shares]


PICTURES = _walk()


def frame_inputs(number: int, values: Mapping[str, object]) -> FrameInputs:
    """A show at thirty frames a second: ten pictures that walk, cross-faded; a beat every eighth frame."""
    step, between = divmod(number, FRAMES_A_PICTURE)
    before, after = PICTURES[step % ROUND], PICTURES[(step + 1) % ROUND]
    return FrameInputs(
        time_s=number / 30,
        dt_s=1 / 30,
        values=values,  # type: ignore[arg-type]
        heard=heard(0.4, 0.3, 0.5, number // 8, 1.0),
        previous=before,
        current=after,
        mix=(between + 0.5) / FRAMES_A_PICTURE,
        previous_serial=step,
        current_serial=step + 1,
    )


def time_passes(renderer: Renderer, values: Mapping[str, object], frames: int) -> dict[str, dict[str, float]]:
    """Medians per pass of processor and wall milliseconds in a frame; `read` is the way back to memory."""
    spent: dict[str, list[tuple[float, float]]] = defaultdict(list)
    mark = [0.0, 0.0]

    def note(name: str) -> None:
        now = (time.process_time(), time.perf_counter())
        this_frame[name] = (
            this_frame.get(name, (0.0, 0.0))[0] + now[0] - mark[0],
            this_frame.get(name, (0.0, 0.0))[1] + now[1] - mark[1],
        )
        mark[:] = now

    renderer.drawer.on_pass = note
    for number in range(frames + WARM_UP):
        this_frame: dict[str, tuple[float, float]] = {}
        start = (time.process_time(), time.perf_counter())
        mark[:] = start
        renderer.render(frame_inputs(number, values))
        note("rest")
        renderer.read_pixels()
        note("read")
        this_frame["whole frame"] = (time.process_time() - start[0], time.perf_counter() - start[1])
        if number >= WARM_UP:
            for name, cost in this_frame.items():
                spent[name].append(cost)
    renderer.drawer.on_pass = None
    return {
        name: {
            "cpu_ms": round(1e3 * statistics.median(cpu for cpu, _ in costs), 3),
            "wall_ms": round(1e3 * statistics.median(wall for _, wall in costs), 3),
        }
        for name, costs in spent.items()
    }


def copy_program(ctx: moderngl.Context, width: int, height: int) -> Callable[[], None]:
    """The least a pass can cost: one bilinear texture copy of the whole picture, each time it is called."""
    program = ctx.program(
        vertex_shader="""#version 330 core
            out vec2 uv;
            void main() {
                uv = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
                gl_Position = vec4(uv * 2.0 - 1.0, 0.0, 1.0);
            }""",
        fragment_shader="""#version 330 core
            in vec2 uv; out vec4 color; uniform sampler2D source;
            void main() { color = texture(source, uv * 0.98 + 0.01); }""",
    )
    array = ctx.vertex_array(program, [])
    source = ctx.texture((width, height), 4, np.random.default_rng(0).bytes(width * height * 4))
    target = ctx.framebuffer([ctx.texture((width, height), 4)])

    def copy() -> None:
        source.use(0)
        target.use()
        array.render(vertices=3)

    return copy


def time_copy(ctx: moderngl.Context, width: int, height: int, frames: int) -> dict[str, float]:
    """Medians of `copy_program`."""
    copy = copy_program(ctx, width, height)
    costs = []
    for _ in range(frames + WARM_UP):
        start = (time.process_time(), time.perf_counter())
        copy()
        ctx.finish()
        costs.append((time.process_time() - start[0], time.perf_counter() - start[1]))
    return {
        "cpu_ms": round(1e3 * statistics.median(cpu for cpu, _ in costs[WARM_UP:]), 3),
        "wall_ms": round(1e3 * statistics.median(wall for _, wall in costs[WARM_UP:]), 3),
    }


def longest_stall_ms(
    renderer: Renderer, values: Mapping[str, object], frames: int, wait: Callable[[], object]
) -> float:
    """Median over frames of the longest gap of a second thread that wants to run every 0.2 ms."""
    stamps: list[float] = []
    stop = threading.Event()

    def tick() -> None:
        while not stop.wait(0.0002):
            stamps.append(time.perf_counter())

    thread = threading.Thread(target=tick)
    thread.start()
    longest = []
    for number in range(frames):
        stamps.clear()
        start = time.perf_counter()
        renderer.render(frame_inputs(number, values))
        wait()
        end = time.perf_counter()
        marks = [start, *[stamp for stamp in list(stamps) if start < stamp < end], end]
        longest.append(max(later - earlier for earlier, later in pairwise(marks)))
    stop.set()
    thread.join()
    return round(1e3 * statistics.median(longest[WARM_UP:]), 3)


def rows(quick: bool) -> list[Row]:
    """The longest time for which other threads stand still in a frame of 640 x 360."""
    width, height, frames = 640, 360, WARM_UP + (8 if quick else 120)
    surface = HeadlessSurface(width, height)
    renderer = Renderer(surface.ctx, width, height)
    values = dict(load_preset(PRESETS / "gallery.toml").params)
    ours = longest_stall_ms(renderer, values, frames, renderer.read_pixels)
    renderer.drawer.after_pass = None
    shown, buffer = renderer.framebuffer, bytearray(width * height * 3)
    plain = longest_stall_ms(
        renderer, values, frames, lambda: shown.read_into(buffer, components=3, alignment=1)
    )
    surface.close()
    return [Row("longest stall of other threads in a frame", ours, "a plain read-back (floor)", plain, "ms")]


def measure(width: int, height: int, frames: int, preset: Path) -> dict[str, object]:
    """The whole document."""
    surface = HeadlessSurface(width, height)
    renderer = Renderer(surface.ctx, width, height)
    values = dict(load_preset(preset).params)
    copy = time_copy(surface.ctx, width, height, frames)
    passes = time_passes(renderer, values, frames)
    for cost in passes.values():
        cost["cpu_ratio_to_copy"] = round(cost["cpu_ms"] / copy["cpu_ms"], 3)
        cost["wall_ratio_to_copy"] = round(cost["wall_ms"] / copy["wall_ms"], 3)
    unlocked = renderer.drawer.after_pass
    stalls = {
        "unlocked finish after each pass": longest_stall_ms(renderer, values, frames, renderer.read_pixels)
    }
    renderer.drawer.after_pass = None
    stalls["unlocked finish before reading"] = longest_stall_ms(
        renderer, values, frames, renderer.read_pixels
    )
    buffer = bytearray(width * height * 3)
    shown = renderer.framebuffer
    stalls["plain read"] = longest_stall_ms(
        renderer, values, frames, lambda: shown.read_into(buffer, components=3, alignment=1)
    )
    pixel_buffer = surface.ctx.buffer(reserve=width * height * 3)
    stalls["pixel buffer"] = longest_stall_ms(
        renderer, values, frames, lambda: shown.read_into(pixel_buffer, components=3, alignment=1)
    )
    renderer.drawer.after_pass = unlocked
    return {
        "benchmark": "render_frame",
        "renderer": surface.ctx.info["GL_RENDERER"],
        "size": [width, height],
        "frames": frames,
        "preset": preset.stem,
        "copy": copy,
        "passes": passes,
        "stall_ms": stalls,
    }


def main() -> None:
    """Read the options, print the document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", default="640x360")
    parser.add_argument("--frames", type=int, default=60)
    parser.add_argument("--preset", type=Path, default=PRESETS / "gallery.toml")
    options = parser.parse_args()
    width, height = (int(side) for side in options.size.split("x"))
    print(json.dumps(measure(width, height, options.frames, options.preset), indent=2))


if __name__ == "__main__":
    main()
