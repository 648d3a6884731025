"""What a person does at the window, turned into commands, stills and the end of the show."""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from pathlib import Path

from chromesthesia.control.commands import (
    Command,
    NextPreset,
    NextScene,
    PreviousPreset,
    ResetRoom,
    ToggleParameter,
)
from chromesthesia.control.controller import Controller
from chromesthesia.errors import RecordError
from chromesthesia.out.stills import write_png
from chromesthesia.render.window import WindowEvent, WindowSurface
from chromesthesia.runtime.light import Light

log = logging.getLogger(__name__)

SOURCE = "keyboard"
STILLS_FOLDER = Path("out")
COMMANDS: dict[WindowEvent, Command] = {
    WindowEvent.NEXT_PRESET: NextPreset(SOURCE),
    WindowEvent.PREVIOUS_PRESET: PreviousPreset(SOURCE),
    WindowEvent.NEXT_SCENE: NextScene(SOURCE),
    WindowEvent.RESET_ROOM: ResetRoom(SOURCE),
    WindowEvent.TOGGLE_HUD: ToggleParameter("/hud/visible", SOURCE),
}


def handle_window(
    light: Light,
    controller: Controller,
    stop: threading.Event,
    may_resize: bool,
    stills_folder: Path = STILLS_FOLDER,
) -> None:
    """Do what was asked for at the window since the last frame; nothing where there is no window. Main thread.

    may_resize: draw at the window's new size (not while a film of a fixed size is made). A still shows the frame drawn
    last and lands in `stills_folder`, named by the time of day.
    """
    surface = light.surface
    if not isinstance(surface, WindowSurface):
        return
    for event in surface.poll():
        if event in COMMANDS:
            controller.post(COMMANDS[event])
        elif event is WindowEvent.QUIT:
            stop.set()
        elif event is WindowEvent.SCREENSHOT:
            _keep_still(light, stills_folder)
        elif event is WindowEvent.RESIZED and may_resize and light.renderer is not None:
            light.renderer.resize(*surface.size)


def _keep_still(light: Light, folder: Path) -> None:
    if light.renderer is None:
        return
    path = folder / f"still_{datetime.now():%Y-%m-%d_%H.%M.%S}.png"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_png(path, light.renderer.read_pixels())
    except (RecordError, OSError) as error:
        log.warning("no still: %s", error)
    else:
        log.info("still: %s", path)
