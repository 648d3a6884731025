"""What can be drawn on: the protocol that windows and off-screen surfaces share."""

from __future__ import annotations

from typing import Protocol

import moderngl


class Surface(Protocol):
    """Something with an OpenGL context to draw into. Everything is used on one thread, the one that opened it.

    A window that a person can ask things of has `poll` beside this (`show.keys.Window`); one whose `present` waits for
    the display has `vsync`, True.
    """

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        ...

    @property
    def ctx(self) -> moderngl.Context:
        """The context, of OpenGL 3.3 or newer, current on the thread."""
        ...

    @property
    def screen(self) -> moderngl.Framebuffer | None:
        """The frame buffer that is shown; None where there is nothing to show a frame on."""
        ...

    def present(self) -> None:
        """Show the frame just drawn."""
        ...

    def close(self) -> None: ...
