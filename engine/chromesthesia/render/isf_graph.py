"""ISF shaders as passes of the picture's graph: before the look, in its place, over it, or behind it.

An ISF file counts rows from the bottom, the engine from the top. So its buffers lie the other way up, and one pass
turns the picture on its way in and one on its way out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from chromesthesia.isf.expression import Expression
from chromesthesia.isf.glsl import VERTICES, glsl_name
from chromesthesia.isf.header import AUDIO, FFT, IMAGE, IsfPass
from chromesthesia.params.sound import MASTER_BRIGHTNESS
from chromesthesia.render.graph import SCREEN, Buffer, Graph, Part, Pass, Size
from chromesthesia.render.isf_playing import Playing
from chromesthesia.render.look_graph import PAINTING, Frame, Uniforms
from chromesthesia.render.passes import TRIANGLE

TURN, LAY, OUT = "isf/turn", "isf/lay", "isf/out"
BLACK = "isf/black"
"""An import of one black pixel, where nothing else is to be read."""
LARGEST_SIDE = 4096
"""Widest and highest a pass may ask for where the picture is not larger."""
_RESULT = "isf/picture"
_FINISH = "finish.frag"

# Texts of the engine's own: brightness has the last word whatever a user's shader did.
FRAGMENTS: Mapping[str, str] = {
    TURN: """noperspective in vec2 v_uv;
uniform sampler2D u_picture;
uniform float u_opaque;
out vec4 o_color;
void main() {
    o_color = texture(u_picture, vec2(v_uv.x, 1.0 - v_uv.y));
    o_color.a = mix(o_color.a, 1.0, u_opaque);
}
""",
    LAY: """noperspective in vec2 v_uv;
uniform sampler2D u_below, u_above;
out vec4 o_color;
void main() {
    vec4 below = texture(u_below, v_uv), above = texture(u_above, v_uv);
    o_color = vec4(mix(below.rgb, above.rgb, clamp(above.a, 0.0, 1.0)), 1.0);
}
""",
    OUT: """noperspective in vec2 v_uv;
uniform sampler2D u_picture;
uniform float u_brightness;
out vec4 o_color;
float number(float x) {
    return isnan(x) ? 0.0 : clamp(x, 0.0, 1.0);
}
void main() {
    vec4 color = texture(u_picture, vec2(v_uv.x, 1.0 - v_uv.y));
    vec3 lit = vec3(number(color.r), number(color.g), number(color.b)) * number(color.a);
    o_color = vec4(lit * u_brightness, 1.0);
}
""",
}


@dataclass(frozen=True, slots=True)
class IsfSize:
    """The size of a pass: that of the buffer or import `of`, or sums of it and of the inputs.

    numbers: the inputs as they are now, by name; whoever changes them lays the graph out again.
    """

    of: str
    width: Expression | None
    height: Expression | None
    numbers: Mapping[str, float] = field(compare=False)

    def __call__(self, sizes: Mapping[str, Size]) -> Size:
        """1 to `LARGEST_SIDE` pixels, or up to the picture's size where that is more; the whole for no number."""
        whole = sizes[self.of]
        screen = sizes[SCREEN]
        known: dict[str, float] = {"WIDTH": whole[0], "HEIGHT": whole[1], **self.numbers}
        for name in (*_names(self.width), *_names(self.height)):
            # The size of a picture that is read: all of them are as large as the screen.
            if name not in known:
                known[name] = screen[0] if name.startswith("WIDTH") else screen[1]
        return (
            _side(self.width, known, whole[0], screen[0]),
            _side(self.height, known, whole[1], screen[1]),
        )


def _names(sum_: Expression | None) -> frozenset[str]:
    return frozenset() if sum_ is None else sum_.names


def _side(sum_: Expression | None, known: Mapping[str, float], whole: int, screen: int) -> int:
    asked = None if sum_ is None else sum_.value(known)
    if asked is None:
        return whole
    return int(min(max(1, math.floor(asked + 1e-6)), max(LARGEST_SIDE, screen)))


@dataclass(slots=True)
class _Added:
    """What is being added to a graph. picture: the buffer that holds it so far, other way up; None: the look's."""

    passes: list[Pass[Frame]] = field(default_factory=list)
    buffers: list[Buffer] = field(default_factory=list)
    picture: str | None = None

    def turned(self, source: str, name: str, of: str, opaque: bool = True) -> str:
        """`source` the other way up, once."""
        if all(buffer.name != name for buffer in self.buffers):
            self.buffers.append(Buffer(name, Part(of), linear=True))
            share = {"u_opaque": 1.0 if opaque else 0.0}
            self.passes.append(
                Pass(name, TURN, name, {"u_picture": source}, uniforms=lambda frame, size: share)
            )
        return name

    def laid(self, below: str, above: str) -> str:
        """One over the other."""
        name = f"isf/laid {len(self.buffers)}"
        self.buffers.append(Buffer(name, linear=True))
        self.passes.append(Pass(name, LAY, name, {"u_below": below, "u_above": above}))
        return name


def with_isf(
    look: Graph[Frame], scene: Playing | None, place: str, filters: Sequence[Playing]
) -> Graph[Frame]:
    """The graph of `look` with a scene at its place (see `ISF_PLACES`) and filters behind it, in their order.

    A filter without a picture to work on is laid over it by its alpha; a scene with one is the first filter.
    """
    if scene is None and not filters:
        return look
    if scene is not None and scene.shader.header.is_filter:
        filters = (scene, *filters)
        scene = None
    imports = [name for each in (*(() if scene is None else (scene,)), *filters) for name in each.imports]
    before, behind = _Added(), _Added()
    if scene is not None and place == "painting":
        made = _draw(before, scene, PAINTING, None)
        look = _painted_by(look, before, made)
        scene = None
    if scene is not None:
        made = _draw(behind, scene, SCREEN, None)
        behind.picture = made if place == "picture" else behind.laid(_look_turned(behind, look), made)
    alone = behind.picture is not None and place == "picture"
    for each in filters:
        below = behind.picture or _look_turned(behind, look)
        made = _draw(behind, each, SCREEN, below)
        behind.picture = made if each.shader.header.is_filter else behind.laid(below, made)
    if behind.picture is None:
        return replace(look, imports=(*look.imports, *imports, BLACK))
    behind.buffers.append(Buffer(_RESULT, linear=True, keeps=True))
    behind.passes.append(Pass(_RESULT, OUT, _RESULT, {"u_picture": behind.picture}, uniforms=_brightness))
    first: tuple[Pass[Frame], ...] = () if alone else tuple(_undimmed(one) for one in look.passes)
    return Graph(
        passes=(*first, *behind.passes),
        buffers=(*(() if alone else look.buffers), *behind.buffers),
        result=_RESULT,
        imports=(*look.imports, *imports, BLACK),
        exports=look.exports,
    )


def _look_turned(added: _Added, look: Graph[Frame]) -> str:
    return added.turned(look.result, "isf/look", SCREEN)


def _painted_by(look: Graph[Frame], added: _Added, made: str) -> Graph[Frame]:
    """The look over what a scene drew; a painting's alpha is the strength of its contours, and that has none."""
    name = "isf/painted"
    added.buffers.append(Buffer(name, Part(PAINTING), linear=True))
    added.passes.append(
        Pass(name, TURN, name, {"u_picture": made}, uniforms=lambda frame, size: {"u_opaque": 0.0})
    )
    rewired = tuple(
        replace(
            one, inputs={key: name if source == PAINTING else source for key, source in one.inputs.items()}
        )
        for one in look.passes
    )
    return replace(look, passes=(*added.passes, *rewired), buffers=(*added.buffers, *look.buffers))


def _undimmed(one: Pass[Frame]) -> Pass[Frame]:
    """The look at full brightness: what dims comes behind every filter."""
    if not one.name.startswith(_FINISH):
        return one
    uniforms = one.uniforms

    def undimmed(frame: Frame, size: Size) -> Uniforms:
        return {**uniforms(frame, size), "u_brightness": 1.0}

    return replace(one, uniforms=undimmed)


def _brightness(frame: Frame, size: Size) -> Uniforms:
    return {"u_brightness": frame.values[MASTER_BRIGHTNESS]}


def _draw(added: _Added, playing: Playing, of: str, below: str | None) -> str:
    """Add the passes of one shader; gives the buffer with what it draws. below: the picture that a filter works on."""
    shader = playing.shader
    header = shader.header
    targets = [one.target for one in header.passes]
    own = {name: f"{playing.prefix}{name}" for name in targets if name is not None}
    result = playing.prefix
    images = {one.name: one.kind for one in header.inputs if one.is_texture}
    outside: dict[str, str] = {}
    for name in shader.used:
        kind = images.get(name)
        if kind in (AUDIO, FFT) or name in header.imported:
            outside[name] = f"{playing.prefix}{name}"
        elif kind == IMAGE and (below is None or name not in ("inputImage", "endImage")):
            outside[name] = added.turned(PAINTING, f"isf/seen {of}", PAINTING)
        elif kind == IMAGE and below is not None:
            outside[name] = below
    for name, buffer in own.items():
        drawn = [one for one in header.passes if one.target == name]
        added.buffers.append(
            Buffer(
                buffer,
                _size(drawn, of, playing.numbers),
                "f4" if any(one.floats for one in drawn) else "f1",
                linear=True,
                keeps=any(one.persistent for one in drawn) or len(drawn) > 1,
                loose=True,
            )
        )
    if None in targets:
        added.buffers.append(Buffer(result, Part(of), linear=True))
    filled = {name for name in own if any(one.persistent for one in header.passes if one.target == name)}
    last = result
    for number, one in enumerate(header.passes):
        inputs = {
            glsl_name(name): outside.get(name) or (own[name] if name in filled else BLACK)
            for name in shader.used
        }
        last = result if one.target is None else own[one.target]
        added.passes.append(
            Pass(
                f"{playing.prefix}{number}",
                playing.fragment,
                last,
                inputs,
                playing.vertex,
                playing.uniforms_of(number),
                vertices=VERTICES if shader.own_vertex else TRIANGLE,
            )
        )
        if one.target is not None:
            filled.add(one.target)
    return last


def _size(drawn: Sequence[IsfPass], of: str, numbers: Mapping[str, float]) -> IsfSize:
    sized = next((one for one in drawn if one.width is not None or one.height is not None), drawn[0])
    return IsfSize(of, sized.width, sized.height, numbers)
