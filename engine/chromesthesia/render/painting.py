"""From the generator's small pictures to one large painting, stroke by stroke.

A picture is worked over once, when it arrives; between arrivals only the blend of the last two runs, and the last pass
over both when their sharpness or relief changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import moderngl
import numpy as np

from chromesthesia.core.records import UInt8
from chromesthesia.params.live import Values
from chromesthesia.params.look import PAINTING_BRUSH, PAINTING_RELIEF, PAINTING_SHARPNESS, PAINTING_STROKE
from chromesthesia.render.graph import SCREEN, Buffer, Graph, Part, Pass, Size
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.passes import Drawer, Target
from chromesthesia.render.running_graph import RunningGraph
from chromesthesia.render.shaders import UniformValue

_STYLED = (PAINTING_STROKE, PAINTING_SHARPNESS, PAINTING_RELIEF)
_STYLE_STEP = 1 / 32  # a finer change of the style does not show
_BRUSHED = 0.4  # from here on the strokes of the screen hide those of the painting
_STAND_IN_SIZE = 64
_STAND_IN, _NEVER = -2, -3  # serials that no generator gives


SOURCE, STROKED, WORKED = "picture", "stroked", "worked"
BEFORE, AFTER, BLENDED = "before", "after", "blended"


@dataclass(frozen=True, slots=True)
class _Work:
    """How one picture is worked over. source, size: sides in pixels of the picture and of the painting. bare: without
    strokes, which are drawn on the screen then. anew: from the picture on; else only what lies over its strokes."""

    anew: bool
    bare: bool
    stroke: float
    sharpness: float
    relief: float
    source: Size
    size: int

    @property
    def texel(self) -> float:
        """Pixels of the painting per pixel of the picture."""
        return self.size / max(self.source)


def _widened(sizes: Mapping[str, Size]) -> Size:
    return sizes[SCREEN][0], sizes[SOURCE][1]


def _is_anew(work: _Work) -> bool:
    return work.anew


def _is_bare(work: _Work) -> bool:
    return work.anew and work.bare


def _is_stroked(work: _Work) -> bool:
    return work.anew and not work.bare


def _heightened(work: _Work, size: Size) -> Mapping[str, UniformValue]:
    return {"u_axis": (0, 1), "u_share": work.source[1] / size[1]}


def _relief(work: _Work, size: Size) -> Mapping[str, UniformValue]:
    return {
        "u_sharpness": work.sharpness,
        "u_relief": 0.0 if work.bare else work.relief,
        "u_texel": work.texel,
    }


# Its screen is the painting.
WORK: Graph[_Work] = Graph(
    imports=(SOURCE,),
    exports=(STROKED, WORKED),
    buffers=(
        Buffer("tensor", Part(SOURCE), "f2"),
        Buffer("tangent", Part(SOURCE), "f2"),
        Buffer("widened", _widened),
        Buffer("enlarged"),
    ),
    passes=(
        Pass("tensor", "tensor.frag", "tensor", {"u_picture": SOURCE}, when=_is_stroked),
        Pass("tangent", "tangent.frag", "tangent", {"u_tensor": "tensor"}, when=_is_stroked),
        Pass(
            "widen",
            "enlarge.frag",
            "widened",
            {"u_picture": SOURCE},
            uniforms=lambda work, size: {"u_axis": (1, 0), "u_share": work.source[0] / size[0]},
            when=_is_anew,
        ),
        Pass(
            "enlarge",
            "enlarge.frag",
            "enlarged",
            {"u_picture": "widened"},
            uniforms=_heightened,
            when=_is_stroked,
        ),
        Pass(
            "enlarge only",
            "enlarge.frag",
            STROKED,
            {"u_picture": "widened"},
            uniforms=_heightened,
            when=_is_bare,
        ),
        Pass(
            "stroke",
            "stroke.frag",
            STROKED,
            {"u_enlarged": "enlarged", "u_tangent": "tangent"},
            uniforms=lambda work, size: {"u_length": 0.95 * work.stroke * work.texel},
            when=_is_stroked,
        ),
        Pass("relief", "relief.frag", WORKED, {"u_stroke": STROKED}, uniforms=_relief),
    ),
    result=WORKED,
)
BLEND: Graph[float] = Graph(
    imports=(BEFORE, AFTER),
    buffers=(Buffer(BLENDED, linear=True),),
    passes=(
        Pass(
            "blend",
            "blend.frag",
            BLENDED,
            {"u_before": BEFORE, "u_after": AFTER},
            uniforms=lambda mix, size: {"u_mix": mix},
        ),
    ),
    result=BLENDED,
)


@dataclass(frozen=True, slots=True)
class _Style:
    """What a picture is worked over with, in steps that show; see `params.look`."""

    stroke: float
    sharpness: float
    relief: float
    bare: bool

    def strokes_as(self, other: _Style | None) -> bool:
        """True where only what lies over the strokes differs."""
        return other is not None and (self.stroke, self.bare) == (other.stroke, other.bare)


@dataclass(slots=True)
class _Canvas:
    """One worked-over picture. serial: of the generator; style: with which it was worked over. stroked: what lies under
    its relief."""

    source: moderngl.Texture
    stroked: Target
    worked: Target
    serial: int
    style: _Style | None = None

    @property
    def targets(self) -> Mapping[str, Target]:
        """What is drawn into, by its name in `WORK`."""
        return {STROKED: self.stroked, WORKED: self.worked}

    def release(self) -> None:
        """Free its textures."""
        for one in (self.source, self.stroked, self.worked):
            one.release()


class Painting:
    """Holds the last two pictures, worked over, at `size` x `size` pixels."""

    def __init__(self, drawer: Drawer, size: int) -> None:
        self._drawer = drawer
        self._size = size
        screen = (size, size)
        self._work = RunningGraph(drawer, WORK, {SCREEN: screen, SOURCE: (8, 8)})
        self._blend = RunningGraph(drawer, BLEND, {SCREEN: screen, BEFORE: screen, AFTER: screen})
        self._source_size: Size | None = None
        self._canvases: list[_Canvas] = []
        self._stand_in = stand_in_picture()

    def update(self, inputs: FrameInputs, values: Values) -> moderngl.Texture:
        """The painting for this frame: RGBA, alpha the strength of its contours."""
        style = _style(values)
        if inputs.current is None:
            return self._worked(self._stand_in, _STAND_IN, _STAND_IN, style).worked.texture
        after = self._worked(inputs.current, inputs.current_serial, inputs.previous_serial, style)
        if inputs.previous is None or inputs.mix >= 0.999 or inputs.previous_serial == inputs.current_serial:
            return after.worked.texture
        before = self._worked(inputs.previous, inputs.previous_serial, inputs.current_serial, style)
        if inputs.mix <= 0.001:
            return before.worked.texture
        self._blend.run(float(inputs.mix), {BEFORE: before.worked.texture, AFTER: after.worked.texture})
        return self._blend.target(BLENDED).texture

    def prepare(self, inputs: FrameInputs, values: Values) -> None:
        """Work over what `update` would find new."""
        if inputs.current is None:
            return
        style = _style(values)
        self._worked(inputs.current, inputs.current_serial, inputs.previous_serial, style)
        if inputs.previous is not None and inputs.previous_serial != inputs.current_serial:
            self._worked(inputs.previous, inputs.previous_serial, inputs.current_serial, style)

    def forget(self) -> None:
        """Take every picture as new from now on, whatever its serial."""
        for canvas in self._canvases:
            canvas.serial = _NEVER

    def release(self) -> None:
        """Free every texture."""
        self._work.release()
        self._blend.release()
        for canvas in self._canvases:
            canvas.release()
        self._canvases.clear()

    def _worked(self, pixels: UInt8, serial: int, keep_serial: int, style: _Style) -> _Canvas:
        """The canvas of picture `serial`; the one of `keep_serial` is not overwritten for it."""
        for canvas in self._canvases:
            if canvas.serial == serial:
                if canvas.style != style:
                    self._work_over(canvas, style)
                return canvas
        canvas = self._free_canvas(pixels.shape[1], pixels.shape[0], keep_serial)
        canvas.source.write(np.ascontiguousarray(pixels))
        canvas.serial, canvas.style = serial, None
        self._work_over(canvas, style)
        return canvas

    def _free_canvas(self, width: int, height: int, keep_serial: int) -> _Canvas:
        ctx = self._drawer.ctx
        if len(self._canvases) < 2:
            screen = self._size, self._size
            canvas = _Canvas(
                _source_texture(ctx, width, height),
                Target.create(ctx, screen),
                Target.create(ctx, screen, linear=True),
                serial=_NEVER,
            )
            self._canvases.append(canvas)
            return canvas
        canvas = next(canvas for canvas in self._canvases if canvas.serial != keep_serial)
        if canvas.source.size != (width, height):
            canvas.source.release()
            canvas.source = _source_texture(ctx, width, height)
        return canvas

    def _work_over(self, canvas: _Canvas, style: _Style) -> None:
        anew = not style.strokes_as(canvas.style)
        canvas.style = style
        source = canvas.source
        if source.size != self._source_size:
            self._source_size = source.size
            self._work.lay_out({SOURCE: source.size})
        work = _Work(anew, style.bare, style.stroke, style.sharpness, style.relief, source.size, self._size)
        self._work.run(work, {SOURCE: source}, canvas.targets)


def _style(values: Values) -> _Style:
    stroke, sharpness, relief = (round(values[param] / _STYLE_STEP) * _STYLE_STEP for param in _STYLED)
    return _Style(stroke, sharpness, relief, values[PAINTING_BRUSH] > _BRUSHED)


def painting_size(height: int, software: bool) -> int:
    """Side of the worked-over painting in pixels for a picture `height` pixels high."""
    share, least, most = (0.62, 192, 512) if software else (1.0, 256, 1024)
    return int(min(max(32 * round(share * height / 32), least), most))


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
