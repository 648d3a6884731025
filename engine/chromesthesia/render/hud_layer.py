"""The on-screen display laid over a copy of the finished frame."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import moderngl

from chromesthesia.core.guard import Guard
from chromesthesia.render.fixed import copy_pass
from chromesthesia.render.gl import mark
from chromesthesia.render.hud import HudPainter, HudPicture
from chromesthesia.render.inputs import FrameInputs, HudInfo
from chromesthesia.render.passes import Target


class HudLayer:
    """Use from the thread that owns `ctx`. guard: counts displays that could not be painted, which are left out."""

    def __init__(self, ctx: moderngl.Context, size: tuple[int, int], guard: Guard) -> None:
        self._ctx = ctx
        self._guard = guard
        self._copy = copy_pass(ctx)
        self._laid = Target.create(ctx, size, linear=True)
        self._painter = HudPainter()
        self._texture: moderngl.Texture | None = None
        self._serial = -1

    def resize(self, size: tuple[int, int]) -> None:
        """Go on with frames of another size."""
        self._laid.release()
        self._laid = Target.create(self._ctx, size, linear=True)

    def restart(self) -> None:
        """Forget the way of the emotion so far."""
        self._painter = HudPainter()
        self._serial = -1

    def state(self) -> dict[str, Any]:
        """The painter's, as plain values; `restore` takes it."""
        return self._painter.state()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from `state`. Raises ValueError for what is no display."""
        self.restart()
        self._painter.restore(state)

    def draw(self, frame: Target, inputs: FrameInputs, info: HudInfo) -> Target:
        """`frame` with the display over it, in a target of the layer's own; `frame` itself where it cannot be painted.

        `frame` stays as it is: a frozen one must not collect one display over the other.
        """
        picture: HudPicture | None = None
        with self._guard.part("the display of figures"):
            picture = self._painter.paint(self._laid.texture.size, inputs.time_s, inputs.heard, info)
        if picture is None:
            return frame
        texture = self._upload(picture)
        self._ctx.copy_framebuffer(self._laid.frame, frame.frame)
        mark(self._ctx)
        self._laid.frame.viewport = (picture.left, picture.top, *picture.size)
        self._ctx.enable(moderngl.BLEND)
        self._ctx.blend_func = (moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA)
        self._copy.draw(self._laid.frame, (texture,))
        self._ctx.disable(moderngl.BLEND)
        return self._laid

    def release(self) -> None:
        """Free everything on the GPU."""
        self._laid.release()
        self._copy.release()
        if self._texture is not None:
            self._texture.release()
            self._texture = None

    def _upload(self, picture: HudPicture) -> moderngl.Texture:
        if self._texture is None or self._texture.size != picture.size:
            if self._texture is not None:
                self._texture.release()
            self._texture = self._ctx.texture(picture.size, 4)
            self._texture.repeat_x = self._texture.repeat_y = False
            self._texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
            self._serial = -1
        if picture.serial != self._serial:
            self._texture.write(picture.pixels)
            self._serial = picture.serial
        return self._texture
