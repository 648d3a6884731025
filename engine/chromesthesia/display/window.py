"""A window with an OpenGL 3.3 core context, through pygame-ce: display choice, full screen, keys."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum, auto

import moderngl
import pygame

from chromesthesia.core.errors import RenderError, WindowError
from chromesthesia.core.user_files import one_line
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.render.gl import GL_REMEDY

log = logging.getLogger(__name__)


class WindowEvent(Enum):
    """What a person asked for at the window."""

    QUIT = auto()
    NEXT_PRESET = auto()
    PREVIOUS_PRESET = auto()
    TOGGLE_HUD = auto()
    TOGGLE_FULLSCREEN = auto()
    NEXT_SCENE = auto()
    SCREENSHOT = auto()
    RESET_ROOM = auto()
    TAP_TEMPO = auto()
    UNDO = auto()
    CUE_GO = auto()
    CUE_BACK = auto()
    MARK_ANGRY = auto()
    MARK_HAPPY = auto()
    MARK_SAD = auto()
    UNMARK = auto()
    RESIZED = auto()
    DISPLAY_CAME = auto()


KEYS = {
    pygame.K_RIGHT: WindowEvent.NEXT_PRESET,
    pygame.K_n: WindowEvent.NEXT_PRESET,
    pygame.K_LEFT: WindowEvent.PREVIOUS_PRESET,
    pygame.K_p: WindowEvent.PREVIOUS_PRESET,
    pygame.K_f: WindowEvent.TOGGLE_FULLSCREEN,
    pygame.K_h: WindowEvent.TOGGLE_HUD,
    pygame.K_s: WindowEvent.SCREENSHOT,
    pygame.K_r: WindowEvent.RESET_ROOM,
    pygame.K_HOME: WindowEvent.RESET_ROOM,
    pygame.K_RETURN: WindowEvent.CUE_GO,
    pygame.K_BACKSPACE: WindowEvent.CUE_BACK,
    pygame.K_u: WindowEvent.UNDO,
    pygame.K_t: WindowEvent.TAP_TEMPO,
    pygame.K_1: WindowEvent.MARK_ANGRY,
    pygame.K_2: WindowEvent.MARK_HAPPY,
    pygame.K_3: WindowEvent.MARK_SAD,
    pygame.K_0: WindowEvent.UNMARK,
    pygame.K_SPACE: WindowEvent.NEXT_SCENE,
    pygame.K_q: WindowEvent.QUIT,
    pygame.K_ESCAPE: WindowEvent.QUIT,
}


UNSEEN_DRIVERS = ("offscreen", "dummy", "evdev")
"""What SDL falls back to where no desktop answers: a window would open that nobody can see."""


def start_video() -> int:
    """Start SDL's video; the number of displays. Raises WindowError where no desktop answers.

    An unseen driver is taken only when SDL_VIDEODRIVER names it.
    """
    try:
        pygame.display.init()
    except pygame.error as error:
        raise _no_window(str(error)) from error
    driver = pygame.display.get_driver()
    if driver in UNSEEN_DRIVERS and driver not in os.environ.get("SDL_VIDEODRIVER", "").split(","):
        pygame.display.quit()
        asked = ", ".join(
            f"{name}={one_line(os.environ[name])}"
            for name in ("DISPLAY", "WAYLAND_DISPLAY")
            if name in os.environ
        )
        raise _no_window(f"no desktop answers at {asked or 'this machine'}", "log in on a desktop")
    return int(pygame.display.get_num_displays())


def count_displays() -> int:
    """Displays that a window could open on. Raises WindowError as `start_video` does; not while a window is open."""
    count = start_video()
    pygame.display.quit()
    return count


def display_count() -> int:
    """Displays there are now, while a window is open."""
    with _window_errors("be asked for displays"):
        return int(pygame.display.get_num_displays())


def _no_window(why: str, remedy: str = GL_REMEDY) -> WindowError:
    return WindowError(f"no window with OpenGL: {one_line(why)}", f"use --headless, or {remedy}")


@contextmanager
def _window_errors(what: str) -> Iterator[None]:
    try:
        yield
    except pygame.error as error:
        raise RenderError(f"the window cannot {what}: {one_line(error)}") from error


class WindowSurface:
    """One window. Use from the main thread only: macOS and SDL ask for it.

    width, height: of the window; in full screen the display's own size. display: index of the screen; while there is no
    such display, display 0 is used. Raises WindowError when there is no desktop or no OpenGL 3.3, and later RenderError
    for what a window refuses.
    """

    def __init__(
        self,
        width: int,
        height: int,
        fullscreen: bool = False,
        display: int = 0,
        title: str = "Chromesthesia",
    ) -> None:
        self.window_size = (width, height)
        """Width and height that it has, or had last, outside full screen."""
        self.fullscreen = fullscreen
        self.size = (width, height)
        """Width and height of the drawable area in pixels, as of the last `poll`."""
        self.vsync = False
        """True where `present` waits for the display."""
        self._asked_display = display
        self._title = title
        count = start_video()
        self._display = display if 0 <= display < count else 0
        if self._display != display:
            log.warning(
                "no display %d, there are 0 to %d: using display 0 until it comes", display, count - 1
            )
        try:
            self._ask_for_core_profile()
            self._set_mode()
            self.ctx: moderngl.Context = moderngl.create_context(require=330)
            self.screen: moderngl.Framebuffer = self.ctx.detect_framebuffer()
            self._fit_viewport()
        except Exception as error:  # pygame.error, moderngl.Error; the binding raises bare Exception too
            pygame.display.quit()
            raise _no_window(str(error)) from error
        log.info("window: %s, %s", self.size, self.ctx.info["GL_RENDERER"])

    def poll(self) -> list[WindowEvent]:
        """What happened since the last call; toggling full screen is already done when it is reported."""
        with _window_errors("be asked"):
            return self._poll()

    def _poll(self) -> list[WindowEvent]:
        events = [WindowEvent.DISPLAY_CAME] if self._display_came() else []
        for event in pygame.event.get():
            if event.type == pygame.QUIT:
                events.append(WindowEvent.QUIT)
            elif event.type in (pygame.VIDEORESIZE, pygame.WINDOWSIZECHANGED):
                self._fit_viewport()
                if WindowEvent.RESIZED not in events:
                    events.append(WindowEvent.RESIZED)
            elif event.type == pygame.KEYDOWN and event.key in KEYS:
                asked = KEYS[event.key]
                if asked is WindowEvent.TOGGLE_FULLSCREEN:
                    self.toggle_fullscreen()
                events.append(asked)
        return events

    def toggle_fullscreen(self) -> None:
        """Between the window and the whole display; the context and all textures live on."""
        with _window_errors("change to or from full screen"):
            pygame.display.toggle_fullscreen()
            self.fullscreen = not self.fullscreen
            pygame.mouse.set_visible(not self.fullscreen)
            self._fit_viewport()

    def present(self) -> None:
        """Show what was drawn on `screen`; waits for the display where vertical sync is on."""
        with _window_errors("be shown"):
            pygame.display.flip()

    def close(self) -> None:
        """Close the window and its context."""
        try:
            self.ctx.release()
        finally:
            pygame.display.quit()

    def _ask_for_core_profile(self) -> None:
        gl = pygame.display.gl_set_attribute
        gl(pygame.GL_CONTEXT_MAJOR_VERSION, 3)
        gl(pygame.GL_CONTEXT_MINOR_VERSION, 3)
        gl(pygame.GL_CONTEXT_PROFILE_MASK, pygame.GL_CONTEXT_PROFILE_CORE)
        gl(pygame.GL_CONTEXT_FORWARD_COMPATIBLE_FLAG, 1)

    def _set_mode(self) -> None:
        flags = pygame.OPENGL | pygame.DOUBLEBUF | pygame.RESIZABLE
        size = self.window_size
        if self.fullscreen:
            flags |= pygame.FULLSCREEN
            size = pygame.display.get_desktop_sizes()[self._display]
        try:
            pygame.display.set_mode(size, flags, display=self._display, vsync=1)
            self.vsync = True
        except pygame.error:
            log.info("no vertical sync here")
            self.vsync = False
            pygame.display.set_mode(size, flags, display=self._display)
        # Not before: the window without vertical sync is a second one, and the title goes with the first.
        pygame.display.set_caption(self._title)
        pygame.mouse.set_visible(not self.fullscreen)

    def _display_came(self) -> bool:
        """True while the window is elsewhere and the display asked for is there."""
        count = pygame.display.get_num_displays()
        if self._asked_display >= count:
            self._display = 0  # also when it went in mid-show: the desktop has moved the window
        return self._display != self._asked_display < count

    def _fit_viewport(self) -> None:
        width, height = pygame.display.get_window_size()
        self.size = (width, height)
        if not self.fullscreen:
            self.window_size = self.size
        self.screen.viewport = (0, 0, width, height)


LOOK_EVERY_POLLS = 30
"""A second of a show that draws in software."""


class UnseenSurface(HeadlessSurface):
    """In place of a window while no desktop answers: film, panel and other outputs go on. Main thread only.

    unseen: why there is no window. Raises RenderError where not even this can be drawn on.
    """

    def __init__(self, width: int, height: int, unseen: str) -> None:
        super().__init__(width, height)
        self.unseen = unseen
        self._polls = 0

    def poll(self) -> list[WindowEvent]:
        """DISPLAY_CAME once a desktop answers; looked for about once a second."""
        self._polls += 1
        if self._polls % LOOK_EVERY_POLLS:
            return []
        try:
            count_displays()
        except WindowError:
            return []
        return [WindowEvent.DISPLAY_CAME]
