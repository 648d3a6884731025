"""Where a frame is shown beside the surface it is drawn on: every output with its own part, shape and size."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import moderngl

from chromesthesia.core.records import UInt8
from chromesthesia.display.surface import Surface
from chromesthesia.render.output import PLAIN, OutputShape
from chromesthesia.render.passes import Target


class Output(Protocol):
    """One more place for the frame, in the context of the surface. Used on the thread of the surface."""

    @property
    def name(self) -> str:
        """What to call it in the log."""
        ...

    @property
    def target(self) -> moderngl.Framebuffer:
        """What the frame is shown on."""
        ...

    @property
    def shape(self) -> OutputShape:
        """Which part of the frame and how; may change between frames."""
        ...

    @property
    def upright(self) -> bool:
        """Whether row 0 of `target` is at the top; a window's is at the bottom."""
        ...

    def present(self) -> None:
        """The frame was drawn on `target`."""
        ...

    def close(self) -> None: ...


OpenOutputs = Callable[[Surface], Sequence[Output]]
"""Opens the outputs in the context of a surface, at first and whenever that was lost. May raise RenderError."""


def no_outputs(surface: Surface) -> Sequence[Output]:
    """The surface is all there is."""
    return ()


class OffscreenOutput:
    """An Output in memory, for what hands pictures on: a stream, another program, a test.

    shape may be set between frames.
    """

    upright = True

    def __init__(
        self, ctx: moderngl.Context, name: str, width: int, height: int, shape: OutputShape = PLAIN
    ) -> None:
        self.name = name
        self.shape = shape
        self._target = Target.create(ctx, (width, height), linear=True)
        self._size = width, height

    @property
    def target(self) -> moderngl.Framebuffer:
        """Holds the frame shown last, row 0 at the top."""
        return self._target.frame

    @property
    def texture(self) -> moderngl.Texture:
        """The same as a texture."""
        return self._target.texture

    def present(self) -> None:
        """Nothing to do."""

    def read_pixels(self, out: UInt8) -> UInt8:
        """The frame shown last into `out`, uint8 [H, W, 3], row 0 at the top."""
        self._target.frame.read_into(out, components=3, alignment=1)
        return out

    def close(self) -> None:
        """Free it."""
        self._target.release()
