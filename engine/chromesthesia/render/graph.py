"""A picture as a graph: passes that declare what they read, what they draw into, how large it is and how exact.

A graph is a value: it owns nothing on the GPU, is checked when it is made, and another one is made from it by adding
passes. `running_graph.RunningGraph` draws one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from chromesthesia.core.errors import RenderError
from chromesthesia.render.passes import TRIANGLE
from chromesthesia.render.shaders import UniformValue

F = TypeVar("F")
"""What the frames of a graph are made from: its passes take their uniforms out of it."""
Size = tuple[int, int]
Sizing = Callable[[Mapping[str, Size]], Size]
"""From the sizes of the screen, the imports and the buffers declared before: width and height in pixels."""

SCREEN = "screen"
MOST_PASSES = 128
MOST_BUFFERS = 96
MOST_INPUTS = 16
"""Textures that OpenGL 3.3 promises to a fragment shader."""
_NOTHING: Mapping[Any, Any] = MappingProxyType({})
_DTYPES = ("f1", "f2", "f4")


@dataclass(frozen=True, slots=True)
class Fixed:
    """A size of so many pixels."""

    width: int
    height: int

    def __call__(self, sizes: Mapping[str, Size]) -> Size:
        """Whatever the others are."""
        return self.width, self.height


@dataclass(frozen=True, slots=True)
class Part:
    """A size of one pixel for every `by` pixels each way of the screen, or of an import or buffer."""

    of: str = SCREEN
    by: float = 1.0

    def __call__(self, sizes: Mapping[str, Size]) -> Size:
        """At least one pixel. Raises KeyError when `of` is not known yet."""
        width, height = sizes[self.of]
        return max(1, round(width / self.by)), max(1, round(height / self.by))


@dataclass(frozen=True, slots=True)
class Buffer:
    """A texture of four channels that passes draw into.

    dtype: `f1` 8 bits in 0..1, `f2` half float, `f4` float. linear: read between pixels. mips: has smaller copies, made
    anew after every pass into it. repeat: goes on beyond its edges. keeps: what a frame leaves in it is there for the
    next; a pass that reads what it draws into reads what was there before. again: the same within a frame only. spare:
    made when it is first used, empty; one that was never used costs nothing and is in no state. loose: what is no
    number may be in it, and goes no further than the passes that read it.
    """

    name: str
    size: Sizing = field(default_factory=Part)
    dtype: str = "f1"
    linear: bool = False
    mips: bool = False
    repeat: bool = False
    keeps: bool = False
    again: bool = False
    spare: bool = False
    loose: bool = False


def no_uniforms(frame: object, size: Size) -> Mapping[str, UniformValue]:
    """For a pass that only reads textures."""
    return _NOTHING


def always(frame: object) -> bool:
    """For a pass that runs in every frame."""
    return True


@dataclass(frozen=True, slots=True)
class Pass(Generic[F]):
    """One fragment shader over the whole of `output`.

    fragment, vertex: names of shader files. inputs: the import or buffer behind every sampler. uniforms: asked with the
    frame and the size of `output` in pixels. defines: variants of the shader, each by the number that a frame asks for;
    the plain one, all 0, is compiled before the first frame. when: a pass that is left out leaves `output` as it is.
    marks: so many marks of two triangles each, placed by the vertex shader, instead of one over the whole of `output`;
    they are laid over what is in it, or added to it (adds). spare: compiled when a frame first needs it, and left out
    while its files are broken.
    late: this pass and all behind it are drawn from what is newest when the ones before it are finished.
    vertices: how many the vertex shader is run for, as triangles.
    """

    name: str
    fragment: str
    output: str
    inputs: Mapping[str, str] = field(default_factory=dict)
    vertex: str = "screen.vert"
    uniforms: Callable[[F, Size], Mapping[str, UniformValue]] = no_uniforms
    defines: Mapping[str, Callable[[F], int]] = field(default_factory=dict)
    when: Callable[[F], bool] = always
    marks: Callable[[F], int] | None = None
    adds: bool = False
    spare: bool = False
    late: bool = False
    vertices: int = TRIANGLE


@dataclass(frozen=True, slots=True)
class Graph(Generic[F]):
    """Passes in the order in which they run.

    imports: textures given with every frame; exports: targets given with every frame; result: the buffer or export that
    holds the finished picture. Raises RenderError for names that are taken or unknown, and for a buffer that would be
    read before anything is in it.
    """

    passes: tuple[Pass[F], ...]
    buffers: tuple[Buffer, ...]
    result: str
    imports: tuple[str, ...] = ()
    exports: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check it."""
        if len(self.passes) > MOST_PASSES or len(self.buffers) > MOST_BUFFERS:
            raise RenderError(
                f"a graph of {len(self.passes)} passes and {len(self.buffers)} buffers",
                f"use at most {MOST_PASSES} passes and {MOST_BUFFERS} buffers",
            )
        kept = {buffer.name for buffer in self.buffers if buffer.keeps}
        drawable = [*(buffer.name for buffer in self.buffers), *self.exports]
        for kind, names in (
            ("passes", [one.name for one in self.passes]),
            ("buffers", [SCREEN, *self.imports, *drawable]),
        ):
            if twice := [name for name, count in Counter(names).items() if count > 1]:
                raise RenderError(f"two {kind} are called {', '.join(twice)}", "give each a name of its own")
        for buffer in self.buffers:
            if buffer.dtype not in _DTYPES:
                raise RenderError(
                    f"buffer {buffer.name} is of type {buffer.dtype}", f"use one of {', '.join(_DTYPES)}"
                )
        filled = {*self.imports, *kept}
        twice_drawn = kept | {buffer.name for buffer in self.buffers if buffer.again}
        for one in self.passes:
            if one.output not in drawable:
                raise RenderError(f"pass {one.name} draws into {one.output}", one_of(drawable))
            if len(one.inputs) > MOST_INPUTS:
                raise RenderError(
                    f"pass {one.name} reads {len(one.inputs)} textures", f"read at most {MOST_INPUTS}"
                )
            for sampler, source in one.inputs.items():
                if source not in filled or (source == one.output and source not in twice_drawn):
                    raise RenderError(
                        f"pass {one.name} reads {source} as {sampler}, and nothing is in it then",
                        f"{one_of(sorted(filled - {one.output} | (kept & {one.output})))}; a buffer that keeps "
                        "may be read by the pass that draws into it",
                    )
            filled.add(one.output)
        if self.result not in filled or self.result not in drawable:
            raise RenderError(f"the result of a graph is {self.result}", one_of(sorted(filled & {*drawable})))

    def adding(
        self,
        *passes: Pass[F],
        buffers: Collection[Buffer] = (),
        imports: Collection[str] = (),
        after: str,
        instead_of: str | None = None,
    ) -> Graph[F]:
        """This graph with more passes behind the pass `after`.

        instead_of: a buffer; what comes behind reads the last added pass's output in its place, and when it is the
        result, that becomes the new one. Raises RenderError as the constructor does, and when there is no pass `after`.
        """
        names = [one.name for one in self.passes]
        if after not in names:
            raise RenderError(f"passes are to be added behind {after}", one_of(names))
        at = names.index(after) + 1
        behind, result = self.passes[at:], self.result
        if instead_of is not None and passes:
            new = passes[-1].output
            behind = tuple(_rewired(one, instead_of, new) for one in behind)
            result = new if result == instead_of else result
        return replace(
            self,
            passes=(*self.passes[:at], *passes, *behind),
            buffers=(*self.buffers, *buffers),
            imports=(*self.imports, *imports),
            result=result,
        )

    def buffer(self, name: str) -> Buffer | None:
        """The declaration of a buffer; None for an import or export."""
        return next((buffer for buffer in self.buffers if buffer.name == name), None)


def _rewired(one: Pass[F], old: str, new: str) -> Pass[F]:
    if old not in one.inputs.values():
        return one
    return replace(
        one, inputs={sampler: new if source == old else source for sampler, source in one.inputs.items()}
    )


def one_of(names: Collection[str]) -> str:
    """What to do about a name that is not among `names`."""
    return f"use one of {', '.join(names)}" if names else "there is none"
