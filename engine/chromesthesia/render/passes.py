"""The small tools that every pass uses: render targets and full-screen draws."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import moderngl

from chromesthesia.render.shaders import ShaderLibrary, UniformValue, set_uniforms


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
        frame.clear()
        if mips:
            texture.build_mipmaps()
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
    """Draws passes. `after_pass` runs behind each one (on software GL: wait for it with Python's lock released);
    `on_pass` is told its name, for measuring."""

    ctx: moderngl.Context
    library: ShaderLibrary
    after_pass: Callable[[], object] | None = None
    on_pass: Callable[[str], object] | None = None
    _arrays: dict[moderngl.Program, moderngl.VertexArray] = field(default_factory=dict)
    _generation: int = -1

    def full_screen(
        self,
        fragment: str,
        target: moderngl.Framebuffer,
        textures: Mapping[str, moderngl.Texture],
        uniforms: Mapping[str, UniformValue],
        vertex: str = "screen.vert",
        **defines: int,
    ) -> None:
        """Run one fragment shader over the whole of `target`."""
        values: dict[str, UniformValue] = {**uniforms}
        for unit, (sampler, texture) in enumerate(textures.items()):
            texture.use(unit)
            values[sampler] = unit
        program = self.library.program(fragment, vertex, values, **defines)
        if program not in self._fresh_arrays():
            self._arrays[program] = self.ctx.vertex_array(program, [])
        set_uniforms(program, values, fragment)
        target.use()
        self._arrays[program].render(vertices=3)
        if self.after_pass is not None:
            self.after_pass()
        if self.on_pass is not None:
            self.on_pass(fragment)

    def _fresh_arrays(self) -> dict[moderngl.Program, moderngl.VertexArray]:
        """Vertex arrays by program; none that belongs to a program replaced by a reload."""
        if self._generation != self.library.generation:
            for array in self._arrays.values():
                array.release()
            self._arrays.clear()
            self._generation = self.library.generation
        return self._arrays
