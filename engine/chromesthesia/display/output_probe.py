"""A small copy of what is shown, twice a second, read a moment later so that no frame waits for it."""

from __future__ import annotations

from collections.abc import Callable

import moderngl
import numpy as np

from chromesthesia.core.records import UInt8
from chromesthesia.display.light import Light
from chromesthesia.render.fixed import FixedPass
from chromesthesia.render.passes import Target
from chromesthesia.render.renderer import Renderer

WIDTH = 160
"""Of the copy; it is as high as the picture's shape has it."""
PERIOD_S = 0.5
_MASK = (16, 9)
_MOST_FLOATS = 4
"""Buffers of floats that are looked at; their marks lie side by side."""
assert _MOST_FLOATS * _MASK[0] <= WIDTH
_NUMBERS = f"""#version 330 core
uniform sampler2D u_floats;
uniform ivec2 u_corner;
out vec4 o_color;
void main() {{
    // Each pixel stands for a tile: four by four points of it.
    ivec2 size = textureSize(u_floats, 0);
    ivec2 tile = ivec2(gl_FragCoord.xy) - u_corner;
    float odd = 0.0;
    for (int y = 0; y < 4; y++)
        for (int x = 0; x < 4; x++) {{
            ivec2 at = ivec2((vec2(tile) + (vec2(x, y) + 0.5) / 4.0) / vec2({_MASK[0]}, {_MASK[1]}) * vec2(size));
            vec4 value = texelFetch(u_floats, min(at, size - 1), 0);
            odd = any(isnan(value)) || any(isinf(value)) ? 1.0 : odd;
        }}
    o_color = vec4(odd, 0.0, 0.0, 1.0);
}}
"""

Take = Callable[[UInt8, bool, float], None]
"""Called with a copy uint8 [h, w, 3], valid until it returns, whether all floats were numbers, and when it was so."""


class OutputProbe:
    """Main thread. Call `shown` after every frame: twice a second it copies one, and hands on the one before."""

    def __init__(self, light: Light, take: Take, period_s: float = PERIOD_S) -> None:
        self._light = light
        self._take = take
        self._period_s = period_s
        self._due_s = float("-inf")
        self._copier: _Copier | None = None
        self._renderer: Renderer | None = None

    def shown(self, now_s: float) -> None:
        """A frame was shown at `now_s`."""
        if now_s < self._due_s:
            return
        self._due_s = now_s + self._period_s
        renderer = self._light.renderer
        if not isinstance(renderer, Renderer):
            return
        height = max(1, round(WIDTH * renderer.size[1] / renderer.size[0]))
        copier = self._copier
        if copier is None or renderer is not self._renderer or copier.height != height:
            # What belongs to a lost context went with it.
            if copier is not None and renderer is self._renderer:
                copier.release()
            copier = self._copier = _Copier(renderer.ctx, height)
            self._renderer = renderer
        elif (found := copier.collect()) is not None:
            self._take(*found)
        copier.copy(renderer, now_s)


class _Copier:
    """The textures and buffers of one context.

    The picture and the marks of the floats lie in one texture, the marks behind the last row: a software rasteriser
    stands still for every texture that is read back, and there is one.
    """

    def __init__(self, ctx: moderngl.Context, height: int) -> None:
        self.height = height
        self._rows = height + _MASK[1]
        self._target = Target.create(ctx, (WIDTH, self._rows))
        self._pixels = ctx.buffer(reserve=WIDTH * self._rows * 3, dynamic=True)
        self._check = FixedPass(ctx, _NUMBERS, ("u_floats",))
        self._shown_s: float | None = None

    def copy(self, renderer: Renderer, now_s: float) -> None:
        """Let the card copy; nothing is waited for."""
        frame = self._target.frame
        for number, texture in enumerate(renderer.floats[:_MOST_FLOATS]):
            corner = number * _MASK[0], self.height
            frame.viewport = (*corner, *_MASK)
            self._check.set("u_corner", corner)
            self._check.draw(frame, (texture,))
        frame.viewport = (0, 0, WIDTH, self.height)
        renderer.show(frame, upright=True)
        frame.read_into(self._pixels, (0, 0, WIDTH, self._rows), components=3, alignment=1)
        self._shown_s = now_s

    def collect(self) -> tuple[UInt8, bool, float] | None:
        """What was copied last."""
        if self._shown_s is None:
            return None
        pixels = np.frombuffer(self._pixels.read(), np.uint8).reshape(self._rows, WIDTH, 3)
        odd = bool(pixels[self.height :, : _MOST_FLOATS * _MASK[0], 0].any())
        return pixels[: self.height], not odd, self._shown_s

    def release(self) -> None:
        self._target.release()
        self._pixels.release()
        self._check.release()
