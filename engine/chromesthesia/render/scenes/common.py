"""What the passes of scenes share: sizes, and the uniforms of time and sound."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from chromesthesia.params.declaration import Number
from chromesthesia.render.frame import Frame, is_seen
from chromesthesia.render.graph import SCREEN, Pass, Size
from chromesthesia.render.shaders import UniformValue

Uniforms = Mapping[str, UniformValue]
_LONGEST_STEP_S = 1.0 / 15.0
_CLOCK_S = (40.0, 20.0, 10.0, 5.0)
"""Rounds that fit into the one after which the flow's time begins anew."""
_FOLDER = "scenes/"
_SHARED = ("place.vert", "tensor.frag", "tangent.frag")


@dataclass(frozen=True, slots=True)
class Rows:
    """So many pixels down, and as many across as the shape of the screen asks for: a law runs alike at every size."""

    rows: int

    def __call__(self, sizes: Mapping[str, Size]) -> Size:
        """Never larger than twice the screen."""
        width, height = sizes[SCREEN]
        return max(4, round(self.rows * width / height)), self.rows


def scene_pass(
    name: str,
    shader: str,
    output: str,
    inputs: Mapping[str, str],
    uniforms: Callable[[Frame], Uniforms],
    when: Callable[[Frame], bool] | Number,
    defines: Mapping[str, Callable[[Frame], int]] | None = None,
    vertex: str = "place.vert",
    marks: Callable[[Frame], int] | None = None,
    adds: bool = False,
) -> Pass[Frame]:
    """A spare pass of `shaders/scenes/`. when: or the amount by which it is on."""
    return Pass(
        name,
        _file(shader),
        output,
        inputs,
        _file(vertex),
        lambda frame, size: {"u_aspect": frame.aspect, **uniforms(frame)},
        {} if defines is None else defines,
        is_seen(when) if isinstance(when, Number) else when,
        marks,
        adds,
        spare=True,
    )


def _file(name: str) -> str:
    return name if name in _SHARED else f"{_FOLDER}{name}"


def step_s(frame: Frame) -> float:
    """What a law goes on by in this frame: after a gap no more than it can take."""
    return min(frame.inputs.dt_s, _LONGEST_STEP_S)


def sound(frame: Frame) -> dict[str, UniformValue]:
    """Clock, bands and rings."""
    moved = frame.moved
    return {
        "u_clock": tuple(moved.flow_time_s / round_s % 1.0 for round_s in _CLOCK_S),
        "u_bands": moved.bands,
        "u_rings": list(moved.rings),
    }


def chance(frame: Frame) -> float:
    """Another number in every frame, 0..512, the same for the same frame."""
    return (frame.moved.flow_time_s * 97.0) % 512.0
