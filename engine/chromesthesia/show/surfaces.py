"""What a show is shown on: opens the surface and the renderer that a configuration asks for, at first and again."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from chromesthesia.core.config import ShowConfig
from chromesthesia.core.errors import WindowError
from chromesthesia.core.guard import Guard
from chromesthesia.core.paths import resource_dirs
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.display.surface import Surface
from chromesthesia.isf.shader import IsfShader
from chromesthesia.render.gl import is_software
from chromesthesia.render.renderer import LEAST_SIDE, Renderer
from chromesthesia.render.shader_files import ShaderFiles

if TYPE_CHECKING:
    from chromesthesia.display.window import WindowSurface

log = logging.getLogger(__name__)

HEADLESS_SIZE, HEADLESS_FPS = (640, 360), 30.0
SOFTWARE_SIZE = HEADLESS_SIZE
WINDOW_SIZE, WINDOW_FPS = (1280, 720), 60.0
TITLE = "Chromesthesia"


class SurfaceOpener:
    """Opens the surface of a show; a window that is opened again has the size and the full screen it had last.

    goes_on: another engine's show goes on with this one. Such a show, and one that had its window, goes on unseen while
    no desktop answers, and takes its window when one does; one that begins has to have it.
    """

    def __init__(self, config: ShowConfig, goes_on: bool = False) -> None:
        self._config = config
        self._goes_on = goes_on
        self._window: WindowSurface | None = None

    def __call__(self) -> Surface:
        """Raises RenderError, for a window WindowError."""
        config = self._config
        width, height = HEADLESS_SIZE if config.headless else WINDOW_SIZE
        width, height = config.width or width, config.height or height
        if config.headless:
            return HeadlessSurface(width, height)
        # pygame is slow to import and not needed headless
        from chromesthesia.display.window import UnseenSurface, WindowSurface

        fullscreen, before = config.fullscreen, self._window
        if before is not None:
            fullscreen, (width, height) = before.fullscreen, before.window_size
        try:
            self._window = WindowSurface(width, height, fullscreen, config.display, TITLE)
        except WindowError as error:
            if before is None and not self._goes_on:
                raise
            log.warning("%s: the show goes on unseen until a desktop answers", error.message)
            return UnseenSurface(width, height, error.message)
        return self._window


class RendererMaker:
    """Makes the renderer for a surface; one that is made again draws from the shaders that were good."""

    def __init__(self, config: ShowConfig, guard: Guard) -> None:
        self._config = config
        self._guard = guard
        self._shaders = ShaderFiles(resource_dirs("shaders"))
        self._film_size: tuple[int, int] | None = None
        self._made = False
        self._good_isf: dict[str, IsfShader] = {}

    def __call__(self, surface: Surface) -> Renderer:
        """Raises RenderError."""
        wary, self._made = self._made, True
        width, height = SOFTWARE_SIZE if draws_small(self._config, surface) else surface.size
        if surface.screen is not None:  # a window may be made smaller than a picture can be
            width, height = max(width, LEAST_SIDE), max(height, LEAST_SIDE)
        if self._config.record is not None:
            # A film has one size; a window opened again, on another display maybe, shows it stretched.
            self._film_size = self._film_size or (width, height)
            width, height = self._film_size
        return Renderer(
            surface.ctx,
            width,
            height,
            shaders=self._shaders,
            guard=self._guard,
            flash_limiter=self._config.flash_limiter,
            wary=wary,
            good_isf=self._good_isf,
        )


def draws_small(config: ShowConfig, surface: Surface) -> bool:
    """True where the processor draws and nobody asked for a size: the picture is then stretched to the window."""
    shown = surface.screen is not None or hasattr(surface, "unseen")
    return config.width is None and shown and is_software(surface.ctx)
