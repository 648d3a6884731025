"""A picture is worked over once; what lies over its strokes is drawn anew alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from chromesthesia.params.declaration import Value
from chromesthesia.params.live import Values
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.painting import Painting
from chromesthesia.render.renderer import Renderer
from chromesthesia.testing.render import heard, picture

pytestmark = pytest.mark.gl
STYLED: dict[str, Value] = {
    "/look/painting/stroke": 0.5,
    "/look/painting/sharpness": 0.75,
    "/look/painting/relief": 0.5,
    "/look/painting/brush": 0.0,
}
WORK = ["tensor.frag", "tangent.frag", "enlarge.frag", "enlarge.frag", "stroke.frag", "relief.frag"]
BARE = ["enlarge.frag", "enlarge.frag", "relief.frag"]


def inputs(values: dict[str, Value]) -> FrameInputs:
    """Half-way between two pictures."""
    return FrameInputs(
        time_s=0.0, dt_s=1 / 30, values=values, heard=heard(), previous=picture(1), current=picture(2), mix=0.5,
        previous_serial=1, current_serial=2,
    )  # fmt: skip


@pytest.fixture
def painting(renderer: Renderer) -> Iterator[Painting]:
    """One that holds nothing yet."""
    one = Painting(renderer.drawer, 192)
    yield one
    one.release()


def painted(painting: Painting, values: dict[str, Value]) -> NDArray[np.uint8]:
    """The bytes of the painting for these values."""
    return np.frombuffer(painting.update(inputs(values), Values.of(values)).read(), np.uint8)


@pytest.mark.parametrize(
    ("changed", "passes"),
    [
        ({"/look/painting/sharpness": 0.76}, []),
        ({"/look/painting/sharpness": 0.25}, ["relief.frag"] * 2),
        ({"/look/painting/relief": 1.0}, ["relief.frag"] * 2),
        ({"/look/painting/stroke": 1.0}, WORK * 2),
        ({"/look/painting/brush": 1.0}, BARE * 2),
    ],
)
def test_another_style_draws_anew_what_depends_on_it(
    renderer: Renderer, painting: Painting, changed: dict[str, Value], passes: list[str]
) -> None:
    fresh = painted(painting, {**STYLED, **changed}).copy()
    painting.forget()
    before = painted(painting, STYLED).copy()
    drawn: list[str] = []
    renderer.drawer.on_pass = drawn.append
    after = painted(painting, {**STYLED, **changed})
    renderer.drawer.on_pass = None
    assert drawn == [*passes, "blend.frag"]
    assert np.array_equal(after, fresh), "as if it had been worked over so at first"
    assert np.array_equal(after, before) is not bool(passes)
