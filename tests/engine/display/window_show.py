"""Opens a window, draws into it, and prints what happens, one JSON value a line; ends on a quit event.

Run by test_render_window.py in a process of its own, because a window and an off-screen context do not share one well.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import numpy as np
import pygame

from chromesthesia.core.errors import RenderError
from chromesthesia.display.window import WindowEvent, WindowSurface
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.renderer import Renderer
from chromesthesia.testing.render import picture


def say(value: object) -> None:
    print(json.dumps(value), flush=True)


def main(display: int, how: str = "") -> None:
    if how == "no-vsync":
        really = pygame.display.set_mode

        def refuse_sync(*given: Any, **named: Any) -> pygame.Surface:
            if named.pop("vsync", 0):
                really(*given, **named)  # SDL opens a window before it refuses
                pygame.display.quit()
                pygame.display.init()
                raise pygame.error("regular vsync for OpenGL not available")
            return really(*given, **named)

        pygame.display.set_mode = refuse_sync
    try:
        surface = WindowSurface(320, 180, fullscreen=False, display=display, title="Chromesthesia test")
    except RenderError as error:
        say({"error": str(error)})
        return
    if how == "comes":
        pygame.display.get_num_displays = lambda: 2
    renderer = Renderer(surface.ctx, *surface.size)
    one = picture(1)

    def draw() -> None:
        renderer.render(
            FrameInputs(0.0, 1 / 60, {}, current=one, previous=one, current_serial=1), surface.screen
        )

    draw()
    x, y, width, height = surface.screen.viewport
    raw = surface.screen.read((x, y, width, height), components=3, alignment=1)
    shown = np.frombuffer(raw, np.uint8).reshape(height, width, 3)[::-1]
    drawn = renderer.read_pixels()
    surface.present()
    say({"window": pygame.display.get_wm_info()["window"], "size": surface.size,
         "title": pygame.display.get_caption()[0], "std": float(shown.std()),
         "off": float(np.abs(shown.astype(int) - drawn).mean())})  # fmt: skip
    clock = pygame.time.Clock()
    while True:
        for event in surface.poll():
            say({"event": event.name, "size": surface.size})
            if event is WindowEvent.QUIT:
                renderer.release()
                surface.close()
                return
        draw()
        surface.present()
        clock.tick(60)


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])
