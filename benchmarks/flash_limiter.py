"""What the flash limiter holds, what it costs, and that ordinary shows do not meet it.

Prints one JSON document with the parts asked for:
- `hostile`: minutes of settings, pictures and shaders that strobe (chromesthesia/testing/hostile.py), drawn with the
  limiter and, for a shorter time, without; the analyser's violations and most flashes in a second. Frame rate, size
  and context change in between.
- `presets`: every shipped preset plays the étude; how far the limiter changed the frames, in levels of 255, and what
  the analyser says of the frames before and after it.
- `cost`: milliseconds a frame with and without it, alternating in one process, medians of pairs; and the same while it
  holds the whole picture.

Usage: python -m benchmarks.flash_limiter [--quick] [--only hostile presets cost] [--size 640x360]

In the one table (`python -m benchmarks`): the limiter's cost beside the same frame without it, and the violations of
one hostile show with and without.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from unittest import mock

import numpy as np

from benchmarks.render_frame import PRESETS, frame_inputs
from benchmarks.rows import Row
from chromesthesia.audio.etude import DURATION_S, ETUDE
from chromesthesia.core.config import FilmConfig
from chromesthesia.core.paths import resource_dirs
from chromesthesia.core.records import UInt8
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.params.presets import load_preset
from chromesthesia.recording.flash_analyser import FlashAnalyser
from chromesthesia.render.flash_limiter import FlashLimiter
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.passes import Target
from chromesthesia.render.renderer import Renderer
from chromesthesia.show.offline import render_film
from chromesthesia.testing.hostile import SCENES, STROBE_SHADER, looks_in_turn, play

SMALL = (160, 90)
SIZES = ((128, 96), (176, 80), (160, 90))
RATES = (30.0, 60.0, 25.0, 50.0)
SCENE_S = 6.0
LOST_S = 0.3


def hostile_inputs(minutes: float) -> Iterator[tuple[str, FrameInputs]]:
    """Scenes without a pause between them, each with its name, until the time is over."""
    scenes = dict(SCENES)
    scenes["presets"] = looks_in_turn([load_preset(path).params for path in sorted(PRESETS.glob("*.toml"))])
    scenes["shader"] = scenes["brightness"]
    names, number, start_s = list(scenes), 0, 0.0
    while start_s < 60.0 * minutes:
        fps = RATES[number // len(names) % len(RATES)]
        for inputs in play(scenes[names[number % len(names)]], number, SCENE_S, fps, start_s):
            yield names[number % len(names)], inputs
        start_s += SCENE_S
        number += 1


def resampled(pixels: UInt8) -> UInt8:
    """The nearest pixels for a picture of SMALL, so that one analyser sees the whole show."""
    rows = np.arange(SMALL[1]) * pixels.shape[0] // SMALL[1]
    columns = np.arange(SMALL[0]) * pixels.shape[1] // SMALL[0]
    return np.asarray(pixels[rows][:, columns])


def hostile(minutes: float, limiter: bool) -> dict[str, object]:
    """Violations of one hostile show: its size changes with every third scene, its context is lost every minute and a
    half, a shader that strobes is saved and taken away again."""
    analyser = FlashAnalyser()
    scene, scenes, frames, contexts = "", 0, 0, 1
    with tempfile.TemporaryDirectory() as name:
        strobe = Path(name) / "finish.frag"
        folders = [Path(name), *resource_dirs("shaders")]
        surface = HeadlessSurface(*SMALL)
        renderer = Renderer(surface.ctx, *SMALL, folders, flash_limiter=limiter)
        for asked, inputs in hostile_inputs(minutes):
            if asked != scene:
                scene, scenes = asked, scenes + 1
                strobe.unlink(missing_ok=True)
                if asked == "shader":
                    strobe.write_text(STROBE_SHADER, encoding="utf-8")
                if scenes % 3 == 0:
                    renderer.resize(*SIZES[scenes // 3 % len(SIZES)])
                error = renderer.reload_changed_shaders()
                assert error is None, error
            # Making OpenGL again takes its time; nothing new is shown meanwhile.
            if contexts > 1 and inputs.time_s < 90.0 * (contexts - 1) + LOST_S:
                continue
            if inputs.time_s > 90.0 * contexts:
                contexts += 1
                renderer.release()
                surface.close()
                surface = HeadlessSurface(*SMALL)
                renderer = Renderer(surface.ctx, *SMALL, folders, flash_limiter=limiter, wary=True)
                continue
            renderer.render(inputs)
            analyser.frame(resampled(renderer.read_pixels()), inputs.time_s)
            frames += 1
        renderer.release()
        surface.close()
    return {
        "minutes": minutes,
        "frames": frames,
        "violations": len(analyser.violations),
        "at_s": [(one.kind, round(one.start_s, 2), round(one.end_s, 2)) for one in analyser.violations[:50]],
        "most_flashes_in_a_second": analyser.peak_flashes,
    }


class Changes:
    """Stands in for `FlashLimiter.limit` and looks at the frame before and after it."""

    def __init__(self) -> None:
        self.differences: list[float] = []
        self.before, self.after = FlashAnalyser(), FlashAnalyser()
        self._limit = FlashLimiter.limit

    def limit(self, limiter: FlashLimiter, frame: Target, last: Target, dt_s: float) -> None:
        """Limit, and keep by how many levels of 255 the frame changed on average."""
        asked = _pixels(frame)
        self._limit(limiter, frame, last, dt_s)
        shown = _pixels(frame)
        time_s = len(self.differences) * dt_s
        self.differences.append(float(np.abs(shown.astype(np.int16) - asked).mean()))
        self.before.frame(asked, time_s)
        self.after.frame(shown, time_s)


def _pixels(target: Target) -> UInt8:
    width, height = target.texture.size
    return np.frombuffer(target.frame.read(components=3, alignment=1), np.uint8).reshape(height, width, 3)


def ordinary(seconds: float, width: int, height: int) -> dict[str, object]:
    """What the limiter does to every shipped preset under the étude."""
    figures: dict[str, object] = {}
    for path in sorted(PRESETS.glob("*.toml")):
        changes = Changes()
        with mock.patch.object(FlashLimiter, "limit", lambda *given: changes.limit(*given)):  # noqa: B023
            render_film(
                FilmConfig(ETUDE, None, str(path), width=width, height=height, duration_s=seconds, fps=30.0)
            )
        figures[path.stem] = {
            "frames": len(changes.differences),
            "frames_changed": sum(difference > 0.0 for difference in changes.differences),
            "mean_change": round(statistics.mean(changes.differences), 4),
            "violations_before": len(changes.before.violations),
            "violations_after": len(changes.after.violations),
            "most_flashes_in_a_second": changes.before.peak_flashes,
        }
        print(f"{path.stem}: {figures[path.stem]}", file=sys.stderr, flush=True)
    return figures


def cost(width: int, height: int, frames: int, warm_up: int = 60) -> dict[str, dict[str, dict[str, float]]]:
    """Milliseconds a frame: medians, and the median difference of pairs drawn one after the other."""
    surface = HeadlessSurface(width, height)
    values = dict(load_preset(PRESETS / "gallery.toml").params)
    renderers = {on: Renderer(surface.ctx, width, height, flash_limiter=on) for on in (False, True)}
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for name, strobe in (("quiet", False), ("holding", True)):
        spent: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
        for number in range(frames + warm_up):
            inputs = frame_inputs(number, values)
            dark = strobe and number // 2 % 2 == 0
            asked = {**values, "/master/brightness": 0.0 if dark else 1.0}
            for on in (number % 2 == 0, number % 2 == 1):
                renderer = renderers[on]
                start = time.perf_counter(), time.process_time()
                renderer.render(replace(inputs, time_s=number / 30, values=asked))
                renderer.read_pixels()
                if number >= warm_up:
                    spent[on].append((time.perf_counter() - start[0], time.process_time() - start[1]))
        figures[name] = {
            f"{clock}_ms": {
                "without": round(1e3 * statistics.median(pair[column] for pair in spent[False]), 3),
                "with": round(1e3 * statistics.median(pair[column] for pair in spent[True]), 3),
                "difference": round(
                    1e3
                    * statistics.median(
                        one[column] - other[column]
                        for one, other in zip(spent[True], spent[False], strict=True)
                    ),
                    3,
                ),
            }
            for column, clock in enumerate(("wall", "cpu"))
        }
    for renderer in renderers.values():
        renderer.release()
    surface.close()
    return figures


def rows(quick: bool) -> list[Row]:
    """Cost of a frame of 640 x 360, quiet and holding; violations of a hostile show."""
    found = []
    without = "the same frame without it (floor)"
    for name, clocks in cost(640, 360, 8 if quick else 400, warm_up=8 if quick else 60).items():
        spent = clocks["wall_ms"]
        found.append(
            Row(f"frame with the flash limiter, {name}", spent["with"], without, spent["without"], "ms")
        )
    minutes = 0.1 if quick else 2.0
    on, off = (float(hostile(minutes, limiter)["violations"]) for limiter in (True, False))  # type: ignore[arg-type]
    name = f"flash violations in {60 * minutes:g} s of hostile settings"
    found.append(Row(name, on, "without the limiter (floor)", off, "count"))
    return found


def main() -> None:
    """Read the options, print the document."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parts = ("hostile", "presets", "cost")
    parser.add_argument(
        "--quick", action="store_true", help="two minutes of hostile settings, four seconds a preset"
    )
    parser.add_argument("--only", nargs="+", choices=parts, default=parts)
    parser.add_argument("--size", default="640x360", help="for presets and cost")
    options = parser.parse_args()
    width, height = (int(side) for side in options.size.split("x"))
    document: dict[str, object] = {"benchmark": "flash_limiter"}
    if "hostile" in options.only:
        document["hostile"] = {
            "on": hostile(2.0 if options.quick else 10.0, True),
            "off": hostile(0.5 if options.quick else 2.0, False),
        }
    if "presets" in options.only:
        document["presets"] = ordinary(4.0 if options.quick else DURATION_S, width, height)
    if "cost" in options.only:
        document["cost"] = cost(width, height, 100 if options.quick else 400)
    print(json.dumps(document, indent=1))


if __name__ == "__main__":
    main()
