"""A show that goes on where no desktop answers yet; prints when it draws unseen, and when it has its window.

Run by test_display_window.py in a process of its own, which begins before its X server does.
"""

from __future__ import annotations

import json

import numpy as np

from chromesthesia.core.clock import ManualClock
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.guard import Guard
from chromesthesia.display.light import Light
from chromesthesia.display.window import UnseenSurface, WindowEvent, WindowSurface
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.show.surfaces import RendererMaker, SurfaceOpener
from chromesthesia.testing.render import picture


def main() -> None:
    clock, config = ManualClock(), ShowConfig(width=320, height=180)
    guard = Guard(clock)
    light = Light(SurfaceOpener(config, goes_on=True), RendererMaker(config, guard), clock, guard)
    one = picture(1)
    inputs = FrameInputs(0.0, 1 / 60, {}, current=one, previous=one, current_serial=1)

    def draw() -> float:
        pixels = light.draw(inputs, want_pixels=True)
        return 0.0 if pixels is None else float(pixels.std())

    print(json.dumps({"unseen": light.message, "std": draw()}), flush=True)
    while isinstance(light.surface, UnseenSurface):
        if WindowEvent.DISPLAY_CAME in light.surface.poll():
            light.reopen()
            draw()
    assert isinstance(light.surface, WindowSurface)
    draw()
    raw = light.surface.screen.read((0, 0, 320, 180), components=3, alignment=1)
    shown = float(np.frombuffer(raw, np.uint8).std())
    print(json.dumps({"message": light.message, "std": shown, "failures": guard.failures}), flush=True)
    light.close()


if __name__ == "__main__":
    main()
