"""What a person does at the window, turned into commands, stills and the end of the show."""

from __future__ import annotations

import logging
import threading
from datetime import datetime
from pathlib import Path
from typing import Protocol, runtime_checkable

from chromesthesia.control.actions import command_of
from chromesthesia.control.commands import Command, ToggleParameter
from chromesthesia.core.errors import RecordError
from chromesthesia.core.guard import Guard
from chromesthesia.core.safe_write import numbered
from chromesthesia.display.light import Light
from chromesthesia.display.window import WindowEvent
from chromesthesia.params.actions import (
    CUE_BACK,
    CUE_GO,
    LEARN_MOODS,
    LEARN_UNDO,
    PRESET_NEXT,
    PRESET_PREVIOUS,
    ROOM_RESET,
    SCENE_NEXT,
    TEMPO_TAP,
    UNDO,
)
from chromesthesia.params.sound import HUD_VISIBLE
from chromesthesia.recording.files import write_new
from chromesthesia.recording.stills import png_bytes

log = logging.getLogger(__name__)

SOURCE = "keyboard"
STILLS_FOLDER = Path("out")
COMMANDS: dict[WindowEvent, Command] = {
    WindowEvent.NEXT_PRESET: command_of(PRESET_NEXT, SOURCE),
    WindowEvent.PREVIOUS_PRESET: command_of(PRESET_PREVIOUS, SOURCE),
    WindowEvent.NEXT_SCENE: command_of(SCENE_NEXT, SOURCE),
    WindowEvent.RESET_ROOM: command_of(ROOM_RESET, SOURCE),
    WindowEvent.UNDO: command_of(UNDO, SOURCE),
    WindowEvent.CUE_GO: command_of(CUE_GO, SOURCE),
    WindowEvent.CUE_BACK: command_of(CUE_BACK, SOURCE),
    WindowEvent.TAP_TEMPO: command_of(TEMPO_TAP, SOURCE),
    **{
        event: command_of(action, SOURCE)
        for event, action in zip(
            (WindowEvent.MARK_ANGRY, WindowEvent.MARK_HAPPY, WindowEvent.MARK_SAD), LEARN_MOODS, strict=True
        )
    },
    WindowEvent.UNMARK: command_of(LEARN_UNDO, SOURCE),
    WindowEvent.TOGGLE_HUD: ToggleParameter(HUD_VISIBLE.path, SOURCE),
}


@runtime_checkable
class Window(Protocol):
    """A surface at which a person can ask for something."""

    @property
    def size(self) -> tuple[int, int]: ...

    def poll(self) -> list[WindowEvent]: ...


class Takes(Protocol):
    """Whoever does what is asked for at the window: the controller."""

    def post(self, *commands: Command) -> None: ...


def handle_window(
    light: Light,
    controller: Takes,
    stop: threading.Event,
    may_resize: bool,
    guard: Guard,
    stills_folder: Path = STILLS_FOLDER,
) -> None:
    """Do what was asked for at the window since the last frame; nothing while there is no window. Main thread.

    guard: keeps one thing that fails from taking the others with it. may_resize: draw at the window's new size (not
    while a film of a fixed size is made). A still shows the frame drawn last and lands in `stills_folder`, named by the
    time of day.
    """
    surface: object = light.surface
    if not isinstance(surface, Window):
        return
    for event in surface.poll():
        with guard.part("the window"):
            if event in COMMANDS:
                controller.post(COMMANDS[event])
            elif event is WindowEvent.QUIT:
                stop.set()
            elif event is WindowEvent.SCREENSHOT:
                _keep_still(light, stills_folder)
            elif event is WindowEvent.RESIZED and may_resize:
                light.resize(*surface.size)
            elif event is WindowEvent.DISPLAY_CAME:
                log.info("the display asked for is there: moving the window")
                light.reopen()


def _keep_still(light: Light, folder: Path) -> None:
    if light.renderer is None:
        return
    path = folder / f"still_{datetime.now():%Y-%m-%d_%H.%M.%S}.png"
    try:
        path = write_new(numbered(path), png_bytes(light.renderer.read_pixels()))
    except RecordError as error:
        log.warning("no still: %s", error)
    else:
        log.info("still: %s", path)
