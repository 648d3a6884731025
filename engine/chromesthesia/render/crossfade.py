"""From the frame shown last to the coming ones, when what draws them was changed."""

from __future__ import annotations

import moderngl

from chromesthesia.core.easing import smooth_step
from chromesthesia.render.fixed import FixedPass, copy_pass
from chromesthesia.render.passes import Target

_MIX = """#version 330 core
noperspective in vec2 v_uv;
uniform sampler2D u_still;
uniform sampler2D u_frame;
uniform float u_mix;
out vec4 o_color;
void main() {
    o_color = mix(texture(u_still, v_uv), texture(u_frame, v_uv), u_mix);
}
"""


class CrossFade:
    """Keeps one frame and lets it go slowly. Use from the thread that owns `ctx`."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self._copy = copy_pass(ctx)
        self._mix = FixedPass(ctx, _MIX, ("u_still", "u_frame"))
        self._still: Target | None = None
        self._mixed: Target | None = None
        self._length_s = 0.0
        self._gone_s = 0.0

    @property
    def running(self) -> bool:
        """Whether the old frame is still seen."""
        return self._gone_s < self._length_s

    def begin(self, shown: moderngl.Texture, size: tuple[int, int], length_s: float) -> None:
        """Keep what `shown` holds, and let it go within `length_s` of frames; size: of those, in pixels."""
        if self._still is None or self._still.texture.size != size:
            self._free()
            self._still = Target.create(self._ctx, size, linear=True)
            self._mixed = Target.create(self._ctx, size, linear=True)
        self._copy.draw(self._still.frame, (shown,))
        self._length_s, self._gone_s = length_s, 0.0

    def draw(self, frame: Target, dt_s: float) -> Target:
        """`frame`, `dt_s` after the last, with what is left of the old one over it; itself when nothing is."""
        if not self.running or self._still is None or self._mixed is None:
            return frame
        self._gone_s += max(0.0, dt_s)
        share = self._gone_s / self._length_s
        if share >= 1.0:
            self._free()
            return frame
        self._mix.set("u_mix", smooth_step(share))
        self._mix.draw(self._mixed.frame, (self._still.texture, frame.texture))
        return self._mixed

    def stop(self) -> None:
        """Show the coming frames at once."""
        self._length_s = 0.0

    def release(self) -> None:
        """Free everything on the GPU."""
        self._free()
        self._copy.release()
        self._mix.release()

    def _free(self) -> None:
        for target in (self._still, self._mixed):
            if target is not None:
                target.release()
        self._still = self._mixed = None
