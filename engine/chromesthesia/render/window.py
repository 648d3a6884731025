"""A window with an OpenGL 3.3 core context, through pygame-ce: display choice, full screen, keys."""

from __future__ import annotations

import logging
from enum import Enum, auto

import moderngl
import pygame

from chromesthesia.errors import RenderError
from chromesthesia.render.context import GL_REMEDY

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
    RESIZED = auto()


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
    pygame.K_SPACE: WindowEvent.NEXT_SCENE,
    pygame.K_q: WindowEvent.QUIT,
    pygame.K_ESCAPE: WindowEvent.QUIT,
}


class WindowSurface:
    """One window. Use from the main thread only: macOS and SDL ask for it.

    width, height: of the window; in full screen the display's own size. display: index of the screen. Raises
    RenderError when there is no such display, no desktop, or no OpenGL 3.3.
    """

    def __init__(
        self,
        width: int,
        height: int,
        fullscreen: bool = False,
        display: int = 0,
        title: str = "Chromesthesia",
    ) -> None:
        self._window_size = (width, height)
        self._display = display
        self._fullscreen = fullscreen
        try:
            pygame.display.init()
            count = pygame.display.get_num_displays()
            if not 0 <= display < count:
                raise RenderError(f"no display {display}", f"choose 0 to {count - 1}")
            pygame.display.set_caption(title)
            self._ask_for_core_profile()
            self._set_mode()
            self.ctx: moderngl.Context = moderngl.create_context(require=330)
        except RenderError:
            pygame.display.quit()
            raise
        except (pygame.error, moderngl.Error, ValueError) as error:
            pygame.display.quit()
            raise RenderError(f"no window with OpenGL: {error}", f"use --headless, or {GL_REMEDY}") from error
        self.screen: moderngl.Framebuffer = self.ctx.detect_framebuffer()
        self._fit_viewport()
        log.info("window: %s, %s", self.size, self.ctx.info["GL_RENDERER"])

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the drawable area in pixels."""
        width, height = pygame.display.get_window_size()
        return width, height

    def poll(self) -> list[WindowEvent]:
        """What happened since the last call; toggling full screen is already done when it is reported."""
        events: list[WindowEvent] = []
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
        pygame.display.toggle_fullscreen()
        self._fullscreen = not self._fullscreen
        pygame.mouse.set_visible(not self._fullscreen)
        self._fit_viewport()

    def present(self) -> None:
        """Show what was drawn on `screen`; waits for the display where vertical sync is on."""
        pygame.display.flip()

    def close(self) -> None:
        """Close the window and its context."""
        self.ctx.release()
        pygame.display.quit()

    def _ask_for_core_profile(self) -> None:
        gl = pygame.display.gl_set_attribute
        gl(pygame.GL_CONTEXT_MAJOR_VERSION, 3)
        gl(pygame.GL_CONTEXT_MINOR_VERSION, 3)
        gl(pygame.GL_CONTEXT_PROFILE_MASK, pygame.GL_CONTEXT_PROFILE_CORE)
        gl(pygame.GL_CONTEXT_FORWARD_COMPATIBLE_FLAG, 1)

    def _set_mode(self) -> None:
        flags = pygame.OPENGL | pygame.DOUBLEBUF | pygame.RESIZABLE
        size = self._window_size
        if self._fullscreen:
            flags |= pygame.FULLSCREEN
            size = pygame.display.get_desktop_sizes()[self._display]
        try:
            pygame.display.set_mode(size, flags, display=self._display, vsync=1)
        except pygame.error:
            log.info("no vertical sync here")
            pygame.display.set_mode(size, flags, display=self._display)
        pygame.mouse.set_visible(not self._fullscreen)

    def _fit_viewport(self) -> None:
        self.screen.viewport = (0, 0, *self.size)
