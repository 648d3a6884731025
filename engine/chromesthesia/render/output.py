"""How a finished frame is shown at one place: which part, bent over which mesh and corners, faded at its edges."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import moderngl
import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.errors import RenderError
from chromesthesia.render.fixed import FixedPass, copy_pass, present_pass
from chromesthesia.render.mesh import Mesh, Point, net

Corners = tuple[Point, Point, Point, Point]

WHOLE = (0.0, 0.0, 1.0, 1.0)
STRAIGHT: Corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
LEAST_GAMMA, MOST_GAMMA = 0.2, 5.0
LEAST_CROP = 1e-3
_LEAST_TURN = 1e-4
"""Twice the area that three corners span must be more than this: corners on one line show nothing."""
_FARTHEST = 8.0
"""Corners lie at most so far from the upper left corner, in widths and heights of the output."""

_LIT = """
uniform sampler2D u_frame;
uniform vec4 u_crop;        // left, top, width, height
uniform vec4 u_fade;        // left, top, right, bottom: shares of the shown part
uniform float u_light;      // the display's own gamma: fades are even in light
uniform vec3 u_gamma;
out vec4 o_color;

vec2 faded(vec2 from_edge, vec2 share) {
    vec2 t = clamp(from_edge / max(share, vec2(1e-6)), 0.0, 1.0);
    return mix(vec2(1.0), t * t * (3.0 - 2.0 * t), step(vec2(1e-6), share));
}

void show(vec2 p, bool there) {
    // Half a pixel of the output on both sides of an edge: a slanted edge is no staircase.
    vec2 inside = clamp(min(p, 1.0 - p) / max(fwidth(p), vec2(1e-7)) + 0.5, 0.0, 1.0);
    float shown = there ? inside.x * inside.y : 0.0;
    p = clamp(p, 0.0, 1.0);
    vec2 light = faded(p, u_fade.xy) * faded(1.0 - p, u_fade.zw);
    vec3 c = texture(u_frame, u_crop.xy + p * u_crop.zw).rgb;
    c = (u_gamma == vec3(1.0) ? c : pow(c, u_gamma)) * pow(light.x * light.y, u_light);
    o_color = vec4(c * shown, 1.0);
}
"""
_PLACE = f"""#version 330 core
noperspective in vec2 v_uv;
uniform mat3 u_to_picture;  // from a place on the output to one on the shown part, both 0..1 from the upper left
uniform float u_upright;    // 1 where row 0 is at the top, as in a picture; 0 in a window
{_LIT}
void main() {{
    vec3 at = u_to_picture * vec3(v_uv.x, mix(1.0 - v_uv.y, v_uv.y, u_upright), 1.0);
    show(at.xy / (at.z > 0.0 ? at.z : 1e-6), at.z > 0.0);
}}
"""
_NET_VERTEX = """#version 330 core
in vec2 a_at;
in vec2 a_shows;
uniform mat3 u_to_output;
uniform float u_upright;
out vec2 v_shows;
void main() {
    vec3 at = u_to_output * vec3(a_at, 1.0);
    float down = 2.0 * at.y - at.z;
    gl_Position = vec4(2.0 * at.x - at.z, mix(-down, down, u_upright), 0.0, at.z);
    v_shows = a_shows;
}
"""
_NET = f"""#version 330 core
in vec2 v_shows;
{_LIT}
void main() {{
    show(v_shows, true);
}}
"""
_KEPT_NETS = 4


@dataclass(frozen=True, slots=True)
class OutputShape:
    """What one output shows of the frame, and how. Checked when it is made: raises RenderError.

    crop: left, top, width and height of the part shown, in shares of the frame. corners: where the part's upper left,
    upper right, lower right and lower left corner lie on the output, 0..1 from its upper left; beyond 0..1 is cut off,
    what is not covered is black. fade: how far from its left, top, right and bottom edge the part rises from no light
    to all of it, in shares of the part; two outputs that overlap by their fades show even light together. light: the
    gamma of the display, by which a fade becomes light. gamma: exponent 1 / gamma on red, green and blue. mesh: bends
    the part before its corners are pinned, None for not.
    """

    crop: tuple[float, float, float, float] = WHOLE
    corners: Corners = STRAIGHT
    fade: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    light: float = 2.2
    gamma: tuple[float, float, float] = (1.0, 1.0, 1.0)
    mesh: Mesh | None = None

    def __post_init__(self) -> None:
        """Check it."""
        numbers = [
            *self.crop,
            *self.fade,
            self.light,
            *self.gamma,
            *(x for point in self.corners for x in point),
        ]
        if not all(math.isfinite(number) for number in numbers):
            raise RenderError("an output has a value that is no number", "give finite numbers")
        left, top, width, height = self.crop
        if (
            min(left, top) < 0.0
            or min(width, height) < LEAST_CROP
            or max(left + width, top + height) > 1.0 + 1e-9
        ):
            raise RenderError(
                f"an output shows the part {_told(self.crop)} of the frame",
                "give left, top, width and height within 0 to 1",
            )
        if min(self.fade) < 0.0 or max(self.fade) > 1.0:
            raise RenderError(f"an output fades over {_told(self.fade)}", "give shares of 0 to 1")
        if not all(LEAST_GAMMA <= gamma <= MOST_GAMMA for gamma in (self.light, *self.gamma)):
            raise RenderError(
                f"an output has the gammas {_told((self.light, *self.gamma))}",
                f"give {LEAST_GAMMA:g} to {MOST_GAMMA:g}",
            )
        if max(abs(x) for point in self.corners for x in point) > _FARTHEST or not _is_convex(self.corners):
            raise RenderError(
                f"an output has the corners {', '.join(_told(point) for point in self.corners)}",
                "give upper left, upper right, lower right, lower left of a figure with four corners that point "
                f"outwards, at most {_FARTHEST:g} away",
            )

    @property
    def is_plain(self) -> bool:
        """Whether it shows the whole frame as it is."""
        return (
            self.crop == WHOLE
            and self.corners == STRAIGHT
            and not any(self.fade)
            and self.gamma == (1.0, 1.0, 1.0)
            and self.mesh is None
        )


def _is_convex(corners: Corners) -> bool:
    turns = [
        (b[0] - a[0]) * (c[1] - b[1]) - (b[1] - a[1]) * (c[0] - b[0])
        for a, b, c in ((corners[i - 2], corners[i - 1], corners[i]) for i in range(4))
    ]
    return min(turns) > _LEAST_TURN or max(turns) < -_LEAST_TURN


def _told(numbers: tuple[float, ...]) -> str:
    return f"({', '.join(f'{number:g}' for number in numbers)})"


PLAIN = OutputShape()


class OutputPass:
    """Shows a frame on any number of targets. Use from the thread that owns `ctx`."""

    def __init__(self, ctx: moderngl.Context) -> None:
        self._ctx = ctx
        self._plain, self._copy = present_pass(ctx), copy_pass(ctx)
        self._shaped = FixedPass(ctx, _PLACE, ("u_frame",))
        self._bent: FixedPass | None = None
        self._nets: dict[Mesh, _Net] = {}

    def draw(
        self,
        frame: moderngl.Texture,
        target: moderngl.Framebuffer,
        shape: OutputShape = PLAIN,
        upright: bool = False,
    ) -> None:
        """Show `frame`, row 0 at the top, on `target`, stretched to its size.

        upright: `target` has row 0 at the top too, as a picture that is read back; a window has it at the bottom.
        """
        if shape.is_plain:
            (self._copy if upright else self._plain).draw(target, (frame,))
        elif shape.mesh is None:
            self._shaped.set("u_to_picture", _columns(_to_picture(shape.corners)))
            _set_look(self._shaped, shape, upright)
            self._shaped.draw(target, (frame,))
        else:
            self._draw_bent(frame, target, shape, shape.mesh, upright)

    def release(self) -> None:
        """Free it."""
        self._plain.release()
        self._copy.release()
        self._shaped.release()
        for one in self._nets.values():
            one.release()
        self._nets.clear()
        if self._bent is not None:
            self._bent.release()

    def _draw_bent(
        self,
        frame: moderngl.Texture,
        target: moderngl.Framebuffer,
        shape: OutputShape,
        mesh: Mesh,
        upright: bool,
    ) -> None:
        if self._bent is None:
            self._bent = FixedPass(self._ctx, _NET, ("u_frame",), _NET_VERTEX)
        bent = self._bent
        bent.set("u_to_output", _columns(_to_output(shape.corners)))
        _set_look(bent, shape, upright)
        target.clear(0.0, 0.0, 0.0, 1.0)
        bent.draw(target, (frame,), array=self._net(bent, mesh).array)

    def _net(self, bent: FixedPass, mesh: Mesh) -> _Net:
        found = self._nets.pop(mesh, None) or _Net(self._ctx, bent, mesh)
        self._nets[mesh] = found
        if len(self._nets) > _KEPT_NETS:
            self._nets.pop(next(iter(self._nets))).release()
        return found


class _Net:
    """The triangles of one mesh."""

    def __init__(self, ctx: moderngl.Context, bent: FixedPass, mesh: Mesh) -> None:
        knots, triangles = net(mesh)
        self._knots = ctx.buffer(knots.astype("f4").tobytes())
        self._triangles = ctx.buffer(triangles.tobytes())
        self.array = bent.array_of([(self._knots, "2f 2f", "a_at", "a_shows")], self._triangles)

    def release(self) -> None:
        self.array.release()
        self._knots.release()
        self._triangles.release()


def _set_look(shown: FixedPass, shape: OutputShape, upright: bool) -> None:
    shown.set("u_crop", shape.crop)
    shown.set("u_fade", shape.fade)
    shown.set("u_light", 1.0 / shape.light)
    shown.set("u_gamma", tuple(1.0 / gamma for gamma in shape.gamma))
    shown.set("u_upright", float(upright))


@lru_cache(maxsize=8)
def _to_output(corners: Corners) -> NDArray[np.float64]:
    """The 3 x 3 matrix that takes the corners of the unit square to `corners`; its third row is positive inside."""
    onto: NDArray[np.float64] = np.zeros((8, 8))
    for row, ((u, v), (x, y)) in enumerate(zip(STRAIGHT, corners, strict=True)):
        onto[2 * row] = (u, v, 1.0, 0.0, 0.0, 0.0, -u * x, -v * x)
        onto[2 * row + 1] = (0.0, 0.0, 0.0, u, v, 1.0, -u * y, -v * y)
    found = np.linalg.solve(onto, np.array([x for corner in corners for x in corner]))
    return np.append(found, 1.0).reshape(3, 3)


@lru_cache(maxsize=8)
def _to_picture(corners: Corners) -> NDArray[np.float64]:
    """The 3 x 3 matrix that takes the corners to those of the unit square."""
    back: NDArray[np.float64] = np.linalg.inv(_to_output(corners))
    # The third row is to be positive inside the figure.
    middle = np.append(np.mean(corners, axis=0), 1.0)
    back /= back[2] @ middle
    return back


def _columns(matrix: NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(float(x) for x in matrix.T.ravel())
