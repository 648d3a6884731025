"""Frames a second of the renderer alone, as fast as it can, by size and by preset."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import numpy as np

from chromesthesia.bench.throughput import timed
from chromesthesia.core.paths import resource_dirs
from chromesthesia.core.records import UInt8
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import find_presets
from chromesthesia.params.tree import ParameterTree
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.renderer import Renderer
from chromesthesia.show.analysis import silent_heard

SIZES = ((320, 180), (640, 360), (1280, 720), (1920, 1080))
PICTURE = 256
EVERY = 12
"""Frames that one picture of the generator stays."""


def measure_frames(size: tuple[int, int], preset: str | None, seconds: float) -> dict[str, Any]:
    """Milliseconds a frame and frames a second. preset: a shipped one's name; None for the default one's values."""
    library = find_presets(resource_dirs("presets"), PARAMETERS)
    params = {} if preset is None else dict(next(one for one in library if one.name == preset).params)
    surface = HeadlessSurface(*size)
    renderer = Renderer(surface.ctx, *size)
    inputs = FrameInputs(
        0.0, 1 / 60, params, silent_heard(ParameterTree(PARAMETERS).snapshot()), mix=0.5, hud=None
    )
    pictures = [_picture(seed) for seed in range(4)]
    number = 0

    def draw() -> None:
        nonlocal number
        number += 1
        serial = number // EVERY
        renderer.render(
            replace(
                inputs,
                time_s=number / 60,
                previous=pictures[serial % 4],
                current=pictures[(serial + 1) % 4],
                previous_serial=serial,
                current_serial=serial + 1,
                mix=number % EVERY / EVERY,
            )
        )
        renderer.finish()

    try:
        found = timed(draw, seconds, time.perf_counter)
    finally:
        renderer.release()
        surface.close()
    return {"size": list(size), "preset": preset or "Plain", "software": renderer.software, **found}


def preset_names() -> tuple[str, ...]:
    """The shipped presets."""
    return find_presets(resource_dirs("presets"), PARAMETERS).names


def _picture(seed: int) -> UInt8:
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (PICTURE // 16, PICTURE // 16, 3), dtype=np.uint8)
    return np.kron(coarse, np.ones((16, 16, 1), np.uint8))
