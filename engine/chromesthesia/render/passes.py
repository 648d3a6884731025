"""The small tools that every pass uses: render targets and full-screen draws."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import moderngl

from chromesthesia.render.gl import build_mipmaps, clear, mark
from chromesthesia.render.shaders import ShaderLibrary, UniformCache, UniformValue

_ADDS = (moderngl.ONE, moderngl.ONE)
_LIES_OVER = (moderngl.SRC_ALPHA, moderngl.ONE_MINUS_SRC_ALPHA)
_AHEAD = 2
"""So many passes are drawn or wait to be drawn: more would be waited for with Python's lock held."""
TRIANGLE = 3
"""Vertices of the one triangle that covers a target."""


@dataclass(slots=True)
class Target:
    """A texture of four channels that can be drawn into."""

    texture: moderngl.Texture
    frame: moderngl.Framebuffer

    @classmethod
    def create(
        cls,
        ctx: moderngl.Context,
        size: tuple[int, int],
        dtype: str = "f1",
        linear: bool = False,
        repeat: bool = False,
        mips: bool = False,
    ) -> Target:
        """A cleared target of `size` (width, height).

        dtype: `f1` 8 bits, `f2` half float, `f4` float, or another of moderngl's. linear: read between pixels. repeat:
        goes on beyond its edges. mips: has smaller copies, which `texture.build_mipmaps` fills.
        """
        texture = ctx.texture(size, 4, dtype=dtype)
        mode = moderngl.LINEAR if linear else moderngl.NEAREST
        texture.repeat_x = texture.repeat_y = repeat
        frame = ctx.framebuffer(color_attachments=[texture])
        clear(frame)
        if mips:
            build_mipmaps(texture)
            between = moderngl.LINEAR_MIPMAP_LINEAR if linear else moderngl.NEAREST_MIPMAP_NEAREST
            texture.filter = (between, mode)
        else:
            texture.filter = (mode, mode)
        return cls(texture, frame)

    def release(self) -> None:
        """Free both."""
        self.frame.release()
        self.texture.release()


@dataclass(slots=True)
class Drawer:
    """Draws passes. after_pass: waits for one (on software GL, with Python's lock released), but not before the next is
    ready to be drawn: Python prepares one pass while the processor draws the last. start: has it drawn meanwhile.
    fence: marks what was ordered and gives what waits for the mark; where there is one, the next pass is ordered while
    one is drawn, so that no processor waits for Python. on_pass: is told its name when it is drawn, for measuring."""

    ctx: moderngl.Context
    library: ShaderLibrary
    after_pass: Callable[[], object] | None = None
    on_pass: Callable[[str], object] | None = None
    start: Callable[[], object] | None = None
    fence: Callable[[], Callable[[], object]] | None = None
    _ordered: deque[Callable[[], object]] = field(default_factory=deque)
    _under_way: bool = False
    _uniforms: dict[moderngl.Program, UniformCache] = field(default_factory=dict)
    _arrays: dict[moderngl.Program, moderngl.VertexArray] = field(default_factory=dict)
    _generation: int = -1

    def full_screen(
        self,
        fragment: str,
        target: moderngl.Framebuffer,
        textures: Mapping[str, moderngl.Texture],
        uniforms: Mapping[str, UniformValue],
        vertex: str = "screen.vert",
        vertices: int = TRIANGLE,
        marks: int | None = None,
        adds: bool = False,
        **defines: int,
    ) -> None:
        """Run one fragment shader over the whole of `target`; what other vertices than a triangle's leave is black. Or
        lay so many marks of two triangles over what is in it, by their alpha, or add them to it."""
        values: dict[str, UniformValue] = {**uniforms}
        for unit, sampler in enumerate(textures):
            values[sampler] = unit
        program = self.library.program(fragment, vertex, values, **defines)
        if program not in self._fresh_arrays():
            self._arrays[program] = self.ctx.vertex_array(program, [])
            self._uniforms[program] = UniformCache(program)
        self._uniforms[program].set(values, fragment)
        if self.fence is None or self.library.reads_in_vertices(vertex):
            # What is read for vertices is read when the pass is ordered.
            self.settle()
        while len(self._ordered) >= _AHEAD:
            self._ordered.popleft()()
        for unit, texture in enumerate(textures.values()):
            texture.use(unit)
        target.use()
        if marks is None:
            if vertices != TRIANGLE:
                target.clear()
            self._arrays[program].render(vertices=vertices)
        elif marks > 0:
            self.ctx.enable(moderngl.BLEND)
            self.ctx.blend_func = _ADDS if adds else _LIES_OVER
            self._arrays[program].render(moderngl.TRIANGLES, vertices=6 * marks)
            self.ctx.disable(moderngl.BLEND)
        if self.after_pass is not None:
            self._under_way = True
            if self.fence is not None:
                self._ordered.append(self.fence())
            elif self.start is not None:
                self.start()
        if self.after_pass is None or self.fence is None:
            mark(self.ctx)
        if self.on_pass is not None:
            self.settle()
            self.on_pass(fragment)

    def settle(self) -> None:
        """Wait for all that was ordered."""
        if self._under_way and self.after_pass is not None:
            self.after_pass()
        while self._ordered:
            self._ordered.popleft()()
        self._under_way = False

    def _fresh_arrays(self) -> dict[moderngl.Program, moderngl.VertexArray]:
        """Vertex arrays by program; none that belongs to a program replaced by a reload."""
        if self._generation != self.library.generation:
            for array in self._arrays.values():
                array.release()
            self._arrays.clear()
            self._uniforms.clear()
            self._generation = self.library.generation
        return self._arrays
