"""An OpenGL context without a window: EGL, on the GPU or in software."""

from __future__ import annotations

import logging
import sys
from typing import Any

import moderngl

from chromesthesia.core.errors import RenderError
from chromesthesia.render.gl import GL_REMEDY

log = logging.getLogger(__name__)


class HeadlessSurface:
    """A stand-alone context and an off-screen frame buffer. Use and close it on one thread.

    Raises RenderError where no OpenGL 3.3 context can be made.
    """

    def __init__(self, width: int, height: int) -> None:
        try:
            backend: dict[str, Any] = {"backend": "egl"} if sys.platform == "linux" else {}
            self.ctx: moderngl.Context = moderngl.create_context(standalone=True, require=330, **backend)
        except (
            Exception
        ) as error:  # moderngl and glcontext raise plain Exception, ImportError and OSError here
            raise RenderError(f"no OpenGL context without a window: {error}", GL_REMEDY) from error
        self.size = (width, height)
        self.screen: moderngl.Framebuffer | None = None
        log.info("headless OpenGL: %s, %s", self.ctx.info["GL_RENDERER"], self.ctx.info["GL_VERSION"])

    def make_current(self) -> None:
        """Draw here from now on, after another context was current on this thread."""
        context: Any = self.ctx
        context.__enter__()

    def present(self) -> None:
        """Nothing to show."""

    def close(self) -> None:
        """Give the context back, and leave none of its own current: a window on this thread could not have one."""
        context: Any = self.ctx
        with context:
            pass
        self.ctx.release()
