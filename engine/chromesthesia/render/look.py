"""The look: from the generator's painting, through the graph of passes, to the finished picture of a frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import moderngl

from chromesthesia.core.errors import RenderError
from chromesthesia.isf.shader import IsfShader
from chromesthesia.params.declaration import Value
from chromesthesia.params.live import Values
from chromesthesia.params.look import PAINTING_BRUSH
from chromesthesia.params.sound import MASTER_MORPH_S
from chromesthesia.render.brushwork import brushwork
from chromesthesia.render.grade import GRADIENT_SIZE, grade
from chromesthesia.render.graph import SCREEN, Graph, Part, Size
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.isf_stage import IsfStage
from chromesthesia.render.look_graph import GRADIENT, PAINTING, TILES, Frame, glows, look_graph
from chromesthesia.render.motion import Motion
from chromesthesia.render.painting import Painting, painting_size
from chromesthesia.render.passes import Drawer, Target
from chromesthesia.render.running_graph import RunningGraph
from chromesthesia.render.scenes.fields import grows

LONGEST_FADE_S = 10.0
"""An ISF shader takes the place of another within at most this."""
BRUSH_LINES = 480
"""A picture that is drawn with fewer lines shows no strokes of the brush: they are as fine as its pixels, and cost as
much as all else together where a processor draws."""


class Look:
    """Draws the finished picture of every frame. What lies between that and the eye is no part of it.

    Use from the thread that owns the drawer's context. size: of the picture in pixels; detail: scene pixels per picture
    pixel, each way; software: a processor draws; finish: waits until what was ordered is drawn; good_isf: the ISF
    shaders of a look whose context was lost.
    Raises RenderError when a shader does not compile.
    """

    def __init__(
        self,
        drawer: Drawer,
        size: Size,
        detail: float,
        software: bool,
        finish: Callable[[], object],
        good_isf: dict[str, IsfShader] | None = None,
    ) -> None:
        ctx = drawer.ctx
        self._drawer = drawer
        self._size = size
        self._software = software
        self._finish = finish
        self._motion = Motion()
        self._gradient = ctx.texture((GRADIENT_SIZE, 1), 4)
        self._gradient.filter = (moderngl.NEAREST, moderngl.NEAREST)
        tiles = brushwork()
        self._tiles = ctx.texture((tiles.shape[1], tiles.shape[0]), 4, tiles)
        self._tiles.repeat_y = False
        self._more: Mapping[str, moderngl.Texture] = {}
        self._painting = self._new_painting()
        self._graph = look_graph(detail)
        self._isf = IsfStage(drawer, good_isf)
        self._running = RunningGraph(drawer, self._graph, self._outside())

    @property
    def size(self) -> Size:
        """Width and height of the picture in pixels."""
        return self._size

    @property
    def graph(self) -> Graph[Frame]:
        """What is drawn from the painting to the finished picture, without the ISF shaders that are shown."""
        return self._graph

    @property
    def result(self) -> Target:
        """The finished picture as it was drawn last."""
        return self._running.target(self._running.graph.result)

    @property
    def result_before(self) -> Target:
        """What it was in the frame before."""
        return self._running.last(self._running.graph.result)

    @property
    def floats(self) -> list[moderngl.Texture]:
        """Textures of floats behind the picture."""
        return self._running.floats

    @property
    def isf_error(self) -> str | None:
        """What is wrong with an ISF shader; None when all are drawn as they are."""
        return self._isf.error

    def change_graph(self, graph: Graph[Frame], textures: Mapping[str, moderngl.Texture]) -> None:
        """Draw another graph from the next frame on; what both keep goes on. textures: for the imports that are not
        the look's own.

        Raises RenderError for a shader that does not compile, a size that is not usable, an import without a texture,
        or a result that cannot be shown; the old graph stays then.
        """
        missing = set(graph.imports) - {PAINTING, GRADIENT, TILES, *textures}
        if missing:
            raise RenderError(
                f"a graph imports {', '.join(sorted(missing))}", "give a texture for each import"
            )
        result = graph.buffer(graph.result)
        if result is None or not result.keeps or result.dtype != "f1" or result.size != Part():
            raise RenderError(
                f"the result of a graph is {graph.result}",
                "let it be a buffer of 8 bits that keeps, as large as the screen",
            )
        self._running.change(self._isf.graph(graph), self._outside({**textures, **self._isf.textures}))
        self._graph, self._more = graph, textures

    def lay_out(self, size: Size) -> None:
        """Draw at this size from the next frame on, also where it is the same. Raises RenderError for one that is not
        usable, and then nothing has changed."""
        before, self._size = self._size, size
        try:
            # The finished frame is stretched with the buffers that keep: the limiter goes on from what was shown.
            self._running.lay_out(self._outside(self._textures))
        except RenderError:
            self._size = before
            raise
        self._painting.release()
        self._painting = self._new_painting()

    def restart(self) -> None:
        """Forget motion, trails and pictures."""
        self._motion = Motion()
        self._painting.forget()
        self._running.forget()
        self._isf.restart()

    def motion_state(self) -> dict[str, Any]:
        """What moves, as a few numbers; nothing is read back."""
        return self._motion.state()

    def restore_motion(self, state: Mapping[str, Any]) -> None:
        """Go on with the motion of another look. Raises ValueError for another state."""
        self._motion.restore(state)

    def buffers(self) -> dict[str, Any]:
        """What the buffers that keep hold: see `RunningGraph.state`."""
        return self._running.state()

    def restore_buffers(self, state: Mapping[str, Any]) -> None:
        """Go on from `buffers` of a look of this graph and size. Raises ValueError for another."""
        self._running.restore(state)

    def move(self, inputs: FrameInputs) -> None:
        """What moves goes on as if this frame had been drawn."""
        self._motion.step(inputs.time_s, inputs.dt_s, Values.of(inputs.values), inputs.heard)

    def draw(
        self,
        inputs: FrameInputs,
        first: bool,
        fade: Callable[[float], None],
        late: Callable[[], FrameInputs] | None = None,
    ) -> None:
        """Draw the picture of one frame into `result`. first: nothing was drawn before; fade: lets the frame shown last
        go within so many seconds.

        late: asked for these inputs with their `later` when all is drawn but the passes that follow that.
        """
        values = self._drawn_with(inputs.values)
        self._take_isf(inputs, values, fade)
        moved = self._motion.step(inputs.time_s, inputs.dt_s, values, inputs.heard)
        painting = self._painting.update(inputs, values)
        colors = grade(values, inputs.heard)
        self._gradient.write(colors.gradient)
        frame = Frame(
            inputs,
            values,
            moved,
            colors,
            self._size,
            first=first,
            glows=glows(values),
            grows=grows(values),
        )
        self._running.run(
            frame,
            {**self._textures, PAINTING: painting, GRADIENT: self._gradient, TILES: self._tiles},
            # Where nothing is said later, nothing is waited for.
            late=None if late is None and inputs.later is None else lambda: self._later(frame, late),
        )
        self._drawer.settle()

    def prepare(self, inputs: FrameInputs) -> None:
        """Work over the pictures of `inputs` that are new, as `draw` would."""
        self._painting.prepare(inputs, self._drawn_with(inputs.values))
        self._drawer.settle()

    def release(self) -> None:
        """Free everything on the GPU but the programs, which are the library's."""
        self._isf.release()
        self._running.release()
        self._painting.release()
        self._gradient.release()
        self._tiles.release()

    def _later(self, frame: Frame, late: Callable[[], FrameInputs] | None) -> Frame:
        """What the last passes of `frame` are made from."""
        inputs = frame.inputs
        if late is not None:
            # What was ordered so far is drawn before the newest sound is asked for, not behind it.
            self._finish()
            inputs = late()
        later = inputs.later
        if later is None:
            return frame
        values = self._drawn_with(later.values)
        colors = grade(values, later.heard)
        self._gradient.write(colors.gradient)
        inputs = replace(inputs, values=values, heard=later.heard)
        return replace(frame, inputs=inputs, values=values, colors=colors)

    def _drawn_with(self, values: Mapping[str, Value]) -> Values:
        """`values`, without a brush where its strokes would be finer than pixels: on a slow machine's rungs, too."""
        look = Values.of(values)
        if self._size[1] >= BRUSH_LINES or not look[PAINTING_BRUSH]:
            return look
        return Values({**values, PAINTING_BRUSH.path: 0.0})

    @property
    def _textures(self) -> Mapping[str, moderngl.Texture]:
        return {**self._more, **self._isf.textures}

    def _take_isf(self, inputs: FrameInputs, values: Values, fade: Callable[[float], None]) -> None:
        """Draw the ISF shaders of `inputs`; the picture before goes within as long as a look becomes another."""
        isf = self._isf
        if inputs.isf is not isf.plan:
            if not inputs.isf.draws_as(isf.plan):
                fade(min(values[MASTER_MORPH_S], LONGEST_FADE_S))
            isf.take(inputs.isf)
            isf.step(inputs, values)
            try:
                self._running.change(isf.graph(self._graph), self._outside(self._textures))
            except RenderError as error:  # a size that no texture can have
                isf.give_up(error)
                self._running.change(self._graph, self._outside(self._more))
            isf.drop()
        elif isf.step(inputs, values):
            self._running.lay_out(self._outside(self._textures))

    def _new_painting(self) -> Painting:
        return Painting(self._drawer, painting_size(self._size[1], self._software))

    def _outside(self, more: Mapping[str, moderngl.Texture] | None = None) -> dict[str, Size]:
        side = painting_size(self._size[1], self._software)
        sizes = {} if more is None else {name: texture.size for name, texture in more.items()}
        return {
            **sizes,
            SCREEN: self._size,
            PAINTING: (side, side),
            GRADIENT: self._gradient.size,
            TILES: self._tiles.size,
        }
