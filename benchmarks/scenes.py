"""What each scene and filter adds to a frame: the default preset with one of them on, beside it with none.

Usage: python -m benchmarks scenes [--quick], or python -m benchmarks.scenes [--size 1280x720] [--frames 30]
"""

from __future__ import annotations

import argparse
import statistics
import time

from benchmarks.render_frame import PRESETS, WARM_UP, frame_inputs
from benchmarks.rows import Row, table
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.params.declaration import Value
from chromesthesia.params.presets import load_preset
from chromesthesia.params.scenes import SCENES
from chromesthesia.render.renderer import Renderer

SMALL, WALL = (512, 512), (1280, 720)
NAMES = tuple(dict.fromkeys(param.path.split("/")[2] for param in SCENES))


def frame_ms(renderer: Renderer, values: dict[str, Value], frames: int) -> tuple[float, float]:
    """p50 and p99 of a frame with its read-back, in milliseconds."""
    renderer.restart()
    costs = []
    for number in range(frames + WARM_UP):
        start = time.perf_counter()
        renderer.render(frame_inputs(number, values))
        renderer.read_pixels()
        costs.append(1e3 * (time.perf_counter() - start))
    costs = sorted(costs[WARM_UP:])
    return statistics.median(costs), costs[int(0.99 * (len(costs) - 1))]


def measure(width: int, height: int, frames: int) -> list[Row]:
    """A row for each scene; the plain look is measured again for each, so that a slow minute falls on both."""
    surface = HeadlessSurface(width, height)
    renderer = Renderer(surface.ctx, width, height)
    plain = dict(load_preset(PRESETS / "gallery.toml").params)
    rows = []
    for name in NAMES:
        ours, ours_p99 = frame_ms(renderer, {**plain, f"/look/{name}/amount": 0.9}, frames)
        theirs, theirs_p99 = frame_ms(renderer, plain, frames)
        rows.append(
            Row(
                f"frame with {name}, {width} x {height}",
                ours,
                "the same without",
                theirs,
                "ms",
                ours_p99,
                theirs_p99,
            )
        )
    renderer.release()
    surface.close()
    return rows


def rows(quick: bool) -> list[Row]:
    """Every scene at 512 x 512 and at 1280 x 720."""
    sizes = (SMALL,) if quick else (SMALL, WALL)
    return [row for size in sizes for row in measure(*size, 6 if quick else 60)]


def main() -> None:
    """Read the options, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", default="1280x720")
    parser.add_argument("--frames", type=int, default=30)
    options = parser.parse_args()
    width, height = (int(side) for side in options.size.split("x"))
    print(table(measure(width, height, options.frames)))


if __name__ == "__main__":
    main()
