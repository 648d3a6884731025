"""The surface and the renderer on it, made again when OpenGL fails: the output never goes dark for good."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Protocol

import moderngl

from chromesthesia.errors import RenderError
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.renderer import Renderer
from chromesthesia.seams import Clock, Surface, UInt8

log = logging.getLogger(__name__)

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 5.0
SHADER_POLL_S = 0.5


class GlSurface(Surface, Protocol):
    """A surface with its OpenGL context; `screen` is None where there is nothing to show a frame on."""

    @property
    def ctx(self) -> moderngl.Context: ...

    @property
    def screen(self) -> moderngl.Framebuffer | None: ...


class Light:
    """Draws frames; after a failing OpenGL call the surface and the renderer are made again, every 0.1 to 5 s.

    Main thread only. `recoveries` counts how often it was made again, `message` is what a person should read about it
    or about a shader that does not compile.
    """

    def __init__(
        self,
        open_surface: Callable[[], GlSurface],
        make_renderer: Callable[[GlSurface], Renderer],
        clock: Clock,
    ) -> None:
        self._open_surface = open_surface
        self._make_renderer = make_renderer
        self._clock = clock
        self.surface = open_surface()
        self.renderer: Renderer | None = make_renderer(self.surface)
        self.recoveries = 0
        self.message = ""
        self._pause_s = FIRST_PAUSE_S
        self._retry_s = 0.0
        self._poll_s = 0.0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the pictures; the surface may show them larger."""
        return self.surface.size if self.renderer is None else self.renderer.size

    def draw(self, inputs: FrameInputs, want_pixels: bool) -> UInt8 | None:
        """Draw and show one frame; its pixels uint8 [H, W, 3] when wanted (always without a screen).

        The array is valid until the next call. None also when OpenGL failed in this frame.
        """
        if self.renderer is None and not self._recover():
            return None
        assert self.renderer is not None
        try:
            screen = self.surface.screen
            self.renderer.render(inputs, screen)
            pixels = self.renderer.read_pixels() if want_pixels or screen is None else None
            self.surface.present()
        except (moderngl.Error, RenderError) as error:
            self._lose(error)
            return None
        self._pause_s = FIRST_PAUSE_S
        return pixels

    def restart(self) -> None:
        """Forget what was drawn: trails and motion begin anew."""
        if self.renderer is not None:
            self.renderer.restart()

    def poll_shaders(self) -> None:
        """Take over edited shaders twice a second; the last good ones stay while one does not compile."""
        now_s = self._clock.now_s()
        if self.renderer is None or now_s < self._poll_s:
            return
        self._poll_s = now_s + SHADER_POLL_S
        self.message = self.renderer.reload_changed_shaders() or ""

    def close(self) -> None:
        """Give everything back."""
        if self.renderer is not None:
            self.renderer.release()
        self.surface.close()

    def _lose(self, error: Exception) -> None:
        log.error("OpenGL failed, making it again: %s", error)
        self.message = f"OpenGL failed: {error}"
        self.renderer = None
        self._retry_s = self._clock.now_s() + self._pause_s
        self._pause_s = min(LONGEST_PAUSE_S, self._pause_s * 2)

    def _recover(self) -> bool:
        if self._clock.now_s() < self._retry_s:
            return False
        try:
            self.surface.close()
        except (moderngl.Error, RenderError) as error:
            log.warning("the failed surface could not be closed: %s", error)
        try:
            self.surface = self._open_surface()
            self.renderer = self._make_renderer(self.surface)
        except (moderngl.Error, RenderError) as error:
            self._lose(error)
            return False
        self.recoveries += 1
        self.message = ""
        log.info("OpenGL is back")
        return True
