"""What the passes of a picture are given with every frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chromesthesia.params.declaration import Number
from chromesthesia.params.live import Values
from chromesthesia.render.grade import Grade
from chromesthesia.render.graph import Size
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.motion import Moved

LEAST = 0.01
"""An effect weaker than this is left out."""


@dataclass(frozen=True, slots=True)
class Frame:
    """What the passes of a picture take their uniforms from.

    values: the parameters of `inputs`, read by declaration; for late passes those of `inputs.later`. size: of the
    screen in pixels; first: nothing was drawn before, so there are no trails. glows: there is a halo in this frame;
    grows: something grows over the trails, and stays out of them.
    """

    inputs: FrameInputs
    values: Values
    moved: Moved
    colors: Grade
    size: Size
    first: bool
    glows: bool
    grows: bool

    @property
    def aspect(self) -> float:
        """Width over height of the screen."""
        return self.size[0] / self.size[1]


def is_seen(effect: Number) -> Callable[[Frame], bool]:
    """Whether an effect is strong enough to be drawn."""
    return lambda frame: frame.values[effect] > LEAST
