"""Passes that no user's file replaces: what lies between the finished picture and the eye.

Their text is in this package and not in `shaders/`, so that a shader of a user's cannot go round the flash limiter.
"""

from __future__ import annotations

from collections.abc import Sequence

import moderngl

from chromesthesia.core.errors import RenderError
from chromesthesia.render.gl import GL_REMEDY, mark

_WHOLE = """#version 330 core
noperspective out vec2 v_uv;
void main() {
    v_uv = vec2((gl_VertexID << 1) & 2, gl_VertexID & 2);
    gl_Position = vec4(v_uv * 2.0 - 1.0, 0.0, 1.0);
}
"""
# A window's row 0 is at the bottom.
_PRESENT = """#version 330 core
noperspective in vec2 v_uv;
uniform sampler2D u_frame;
out vec4 o_color;
void main() {
    o_color = vec4(texture(u_frame, vec2(v_uv.x, 1.0 - v_uv.y)).rgb, 1.0);
}
"""
_COPY = """#version 330 core
noperspective in vec2 v_uv;
uniform sampler2D u_picture;
out vec4 o_color;
void main() {
    o_color = texture(u_picture, v_uv);
}
"""


class FixedPass:
    """One program and the textures it reads; with a geometry shader it draws points.

    Use from the thread that owns `ctx`. Raises RenderError where it does not compile, which only a driver can be the
    reason of.
    """

    def __init__(
        self,
        ctx: moderngl.Context,
        fragment: str,
        samplers: Sequence[str],
        vertex: str = _WHOLE,
        geometry: str | None = None,
    ) -> None:
        self._ctx = ctx
        try:
            self._program = ctx.program(
                vertex_shader=vertex, geometry_shader=geometry, fragment_shader=fragment
            )
        except moderngl.Error as error:
            raise RenderError(f"a pass of the engine's own does not compile: {error}", GL_REMEDY) from error
        self._array = ctx.vertex_array(self._program, [])
        self._mode = moderngl.TRIANGLES if geometry is None else moderngl.POINTS
        self._members = {
            name: member
            for name in self._program
            if isinstance(member := self._program[name], moderngl.Uniform)
        }
        for unit, sampler in enumerate(samplers):
            self.set(sampler, unit)

    def set(self, name: str, value: float | int | tuple[float, ...]) -> None:
        """Set one uniform; a compiler may have left it out."""
        member = self._members.get(name)
        if member is not None:
            member.value = value

    def array_of(
        self, content: list[tuple[moderngl.Buffer, str, str, str]], index: moderngl.Buffer
    ) -> moderngl.VertexArray:
        """Triangles for `draw`: buffers with their format and two attributes, and which three make one."""
        return self._ctx.vertex_array(self._program, content, index_buffer=index, index_element_size=4)

    def draw(
        self,
        target: moderngl.Framebuffer,
        textures: Sequence[moderngl.Texture],
        vertices: int = 3,
        array: moderngl.VertexArray | None = None,
        region: tuple[int, int, int, int] | None = None,
        goes_on: bool = False,
    ) -> None:
        """Draw onto `target`, only where `array` has triangles; textures in the order of the samplers.

        region: left, bottom, width and height of what is drawn onto, in pixels; None for where `target` drew last, at
        first all of it. goes_on: more is drawn onto the same target next; where the processor draws, that is then
        begun together.
        """
        for unit, texture in enumerate(textures):
            texture.use(unit)
        if region is not None:
            target.viewport = region
        target.use()
        if array is not None:
            array.render(moderngl.TRIANGLES)
        else:
            self._array.render(self._mode, vertices)
        if not goes_on:
            mark(self._ctx)

    def release(self) -> None:
        """Free it."""
        self._array.release()
        self._program.release()


def present_pass(ctx: moderngl.Context) -> FixedPass:
    """A frame on a window, turned the right way up."""
    return FixedPass(ctx, _PRESENT, ("u_frame",))


def copy_pass(ctx: moderngl.Context) -> FixedPass:
    """A picture stretched over the target, alpha included."""
    return FixedPass(ctx, _COPY, ("u_picture",))
