"""From the generator's small pictures to one large painting, stroke by stroke.

A picture is worked over once, when it arrives; between arrivals only the blend of the last two runs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import moderngl
import numpy as np

from chromesthesia.core.records import UInt8
from chromesthesia.params.declaration import Value
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.passes import Drawer, Target
from chromesthesia.render.shaders import UniformValue
from chromesthesia.render.values import number

_STYLE = ("stroke", "sharpness", "relief")
_STYLE_STEP = 1 / 32  # a finer change of the style does not show
_STAND_IN_SIZE = 64
_STAND_IN, _NEVER = -2, -3  # serials that no generator gives


@dataclass(slots=True)
class _Canvas:
    """One worked-over picture. serial: of the generator; style: with which it was worked over."""

    source: moderngl.Texture
    worked: Target
    serial: int
    style: tuple[float, ...] | None


class Painting:
    """Holds the last two pictures, worked over, at `size` x `size` pixels."""

    def __init__(self, drawer: Drawer, size: int) -> None:
        self._drawer = drawer
        self._size = size
        ctx = drawer.ctx
        self._widened = Target.create(ctx, (8, 8))
        self._enlarged = Target.create(ctx, (size, size))
        self._stroked = Target.create(ctx, (size, size), linear=True)
        self._blended = Target.create(ctx, (size, size), linear=True)
        self._tensor = Target.create(ctx, (8, 8), "f2")
        self._tangent = Target.create(ctx, (8, 8), "f2")
        self._canvases: list[_Canvas] = []
        self._stand_in = stand_in_picture()

    def update(self, inputs: FrameInputs, values: Mapping[str, Value]) -> moderngl.Texture:
        """The painting for this frame: RGBA, alpha the strength of its contours."""
        style = tuple(
            round(number(values, f"/look/painting/{name}") / _STYLE_STEP) * _STYLE_STEP for name in _STYLE
        )
        if inputs.current is None:
            return self._worked(self._stand_in, _STAND_IN, _STAND_IN, style).worked.texture
        after = self._worked(inputs.current, inputs.current_serial, inputs.previous_serial, style)
        if inputs.previous is None or inputs.mix >= 0.999 or inputs.previous_serial == inputs.current_serial:
            return after.worked.texture
        before = self._worked(inputs.previous, inputs.previous_serial, inputs.current_serial, style)
        if inputs.mix <= 0.001:
            return before.worked.texture
        self._drawer.full_screen(
            "blend.frag",
            self._blended.frame,
            {"u_before": before.worked.texture, "u_after": after.worked.texture},
            {"u_mix": float(inputs.mix)},
        )
        return self._blended.texture

    def forget(self) -> None:
        """Take every picture as new from now on, whatever its serial."""
        for canvas in self._canvases:
            canvas.serial = _NEVER

    def release(self) -> None:
        """Free every texture."""
        for target in (
            self._widened,
            self._enlarged,
            self._stroked,
            self._blended,
            self._tensor,
            self._tangent,
        ):
            target.release()
        for canvas in self._canvases:
            canvas.worked.release()
            canvas.source.release()
        self._canvases.clear()

    def _worked(self, pixels: UInt8, serial: int, keep_serial: int, style: tuple[float, ...]) -> _Canvas:
        """The canvas of picture `serial`; the one of `keep_serial` is not overwritten for it."""
        for canvas in self._canvases:
            if canvas.serial == serial:
                if canvas.style != style:
                    self._work(canvas, style)
                return canvas
        canvas = self._free_canvas(pixels.shape[1], pixels.shape[0], keep_serial)
        canvas.source.write(np.ascontiguousarray(pixels))
        canvas.serial = serial
        self._work(canvas, style)
        return canvas

    def _free_canvas(self, width: int, height: int, keep_serial: int) -> _Canvas:
        ctx = self._drawer.ctx
        if len(self._canvases) < 2:
            canvas = _Canvas(
                _source_texture(ctx, width, height),
                Target.create(ctx, (self._size, self._size), linear=True),
                serial=_NEVER,
                style=None,
            )
            self._canvases.append(canvas)
            return canvas
        canvas = next(canvas for canvas in self._canvases if canvas.serial != keep_serial)
        if canvas.source.size != (width, height):
            canvas.source.release()
            canvas.source = _source_texture(ctx, width, height)
        return canvas

    def _work(self, canvas: _Canvas, style: tuple[float, ...]) -> None:
        canvas.style = style
        stroke, sharpness, relief = style
        source = canvas.source
        if self._tensor.texture.size != source.size:
            for target in (self._tensor, self._tangent, self._widened):
                target.release()
            self._tensor = Target.create(self._drawer.ctx, source.size, "f2")
            self._tangent = Target.create(self._drawer.ctx, source.size, "f2")
            self._widened = Target.create(self._drawer.ctx, (self._size, source.size[1]))
        draw = self._drawer.full_screen
        size = float(self._size)
        texel = size / max(source.size)
        draw("tensor.frag", self._tensor.frame, {"u_picture": source}, {})
        draw("tangent.frag", self._tangent.frame, {"u_tensor": self._tensor.texture}, {})
        wide: dict[str, UniformValue] = {"u_axis": (1, 0), "u_share": source.size[0] / size}
        tall: dict[str, UniformValue] = {"u_axis": (0, 1), "u_share": source.size[1] / size}
        draw("enlarge.frag", self._widened.frame, {"u_picture": source}, wide)
        draw("enlarge.frag", self._enlarged.frame, {"u_picture": self._widened.texture}, tall)
        draw(
            "stroke.frag",
            self._stroked.frame,
            {"u_enlarged": self._enlarged.texture, "u_tangent": self._tangent.texture},
            {"u_length": 0.95 * stroke * texel},
        )
        draw(
            "relief.frag",
            canvas.worked.frame,
            {"u_stroke": self._stroked.texture},
            {"u_sharpness": sharpness, "u_relief": relief, "u_texel": texel},
        )


def stand_in_picture() -> UInt8:
    """A quiet abstract picture for as long as the generator has painted none: uint8 [64, 64, 3]."""
    y, x = np.mgrid[0:_STAND_IN_SIZE, 0:_STAND_IN_SIZE] / _STAND_IN_SIZE
    waves = [
        np.sin(6.0 * x + 3.0 * np.sin(4.0 * y + shift) + shift)
        * np.cos(5.0 * y - 2.0 * np.sin(3.0 * x) - shift)
        for shift in (0.0, 0.8, 1.7)
    ]
    base = np.array([0.46, 0.42, 0.40])
    picture = base + 0.26 * np.stack(waves, axis=-1)
    return np.asarray(np.clip(picture, 0.0, 1.0) * 255.0, dtype=np.uint8)


def _source_texture(ctx: moderngl.Context, width: int, height: int) -> moderngl.Texture:
    texture = ctx.texture((width, height), 3, alignment=1)
    texture.filter = (moderngl.NEAREST, moderngl.NEAREST)
    texture.repeat_x = texture.repeat_y = False
    return texture
