"""The last passes of a frame: drawn from what was heard while the ones before them were."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from chromesthesia.core.records import Heard, UInt8
from chromesthesia.params.declaration import Value
from chromesthesia.render.graph import Pass
from chromesthesia.render.inputs import FrameInputs, Later
from chromesthesia.render.look_graph import FRAME, Frame
from chromesthesia.render.renderer import Renderer
from chromesthesia.testing.render import heard, picture

pytestmark = pytest.mark.gl
DARK: dict[str, Value] = {"/look/grade/exposure": -1.5, "/look/grade/palette": "ember"}
BRIGHT: dict[str, Value] = {**DARK, "/look/grade/exposure": 1.0}
FIRST = ["flow.frag", "scene.frag", "halo.frag", "levels.frag", "halo_blur.frag", "halo_blur.frag"]
LAST = ["meter.frag", "light.frag", "finish.frag"]


def inputs(values: dict[str, Value], hearing: Heard | None = None, **changes: object) -> FrameInputs:
    one = picture(1)
    given = FrameInputs(
        time_s=0.0, dt_s=1 / 30, values=values, heard=hearing or heard(), current=one, previous=one,
        current_serial=1, previous_serial=1,
    )  # fmt: skip
    return replace(given, **changes)  # type: ignore[arg-type]


def drawn(
    renderer: Renderer, first: FrameInputs, late: Callable[[], FrameInputs] | None = None, before: int = 0
) -> UInt8:
    """The last of `before` frames of `first` and one that hears again."""
    renderer.restart()
    for number in range(before):
        renderer.render(replace(first, time_s=number / 30))
    renderer.render(replace(first, time_s=before / 30), None, late)
    return renderer.read_pixels().copy()


def test_all_but_the_last_passes_is_drawn_before_the_newest_sound_is_asked_for(renderer: Renderer) -> None:
    renderer.render(inputs(BRIGHT))
    order: list[str] = []

    def late() -> FrameInputs:
        order.append("late")
        return inputs(BRIGHT)

    renderer.drawer.on_pass = order.append
    renderer.render(inputs(BRIGHT), None, late)
    renderer.drawer.on_pass = None
    assert order == [*FIRST, "late", *LAST]


def test_only_a_frame_that_asks_for_the_newest_sound_waits_for_what_was_drawn_until_then(
    renderer: Renderer,
) -> None:
    drawer, waits = renderer.drawer, [0]
    before = drawer.after_pass

    def counted() -> None:
        waits[0] += 1
        renderer.finish()

    drawer.after_pass = counted
    counts = []
    for late in (None, lambda: inputs(BRIGHT)):
        waits[0] = 0
        renderer.render(inputs(BRIGHT), None, late)
        counts.append(waits[0])
    drawer.after_pass = before
    assert counts == [2, 3], "before vertices read the meter, and behind the frame"


def test_light_follows_what_was_heard_while_the_frame_was_drawn(renderer: Renderer) -> None:
    dark, bright = drawn(renderer, inputs(DARK)), drawn(renderer, inputs(BRIGHT))
    later = inputs(DARK, later=Later(BRIGHT, heard()))
    at_once = drawn(renderer, inputs(DARK), lambda: later)
    assert bright.mean() > dark.mean() + 20
    assert np.array_equal(at_once, bright)
    assert np.array_equal(drawn(renderer, later), at_once), "told beforehand, it is the same frame"


def test_colour_follows_the_emotion_heard_meanwhile(renderer: Renderer) -> None:
    calm, angry = heard(0.6, -0.8), heard(-0.9, 0.9, probabilities=(0.9, 0.05, 0.05))
    before = drawn(renderer, inputs({}, calm))
    after = drawn(renderer, inputs({}, calm), lambda: inputs({}, calm, later=Later({}, angry)))
    assert np.abs(before.astype(int) - after).mean() > 3


def test_what_moves_follows_what_was_heard_first(renderer: Renderer) -> None:
    values: dict[str, Value] = {"/look/flow/shock": 1.0, "/look/flow/bass": 1.0, "/look/flow/amount": 0.5}
    quiet, struck = heard(bands=0.0), heard(bands=1.0, onset_count=3, onset_envelope=1.0)
    plain = drawn(renderer, inputs(values, quiet), before=2)
    later = inputs(values, quiet, later=Later(values, struck))
    assert np.array_equal(drawn(renderer, inputs(values, quiet), lambda: later, before=2), plain)
    renderer.render(inputs(values, struck, time_s=0.2))
    assert not np.array_equal(renderer.read_pixels(), plain), "and the next frame moves by it"


def test_a_pass_of_a_users_behind_them_hears_the_same(renderer: Renderer) -> None:
    seen: list[tuple[object, object]] = []

    def noting(frame: Frame, size: object) -> dict[str, float]:
        seen.append((frame.inputs.heard, frame.values["/look/grade/exposure"]))
        return {}

    quiet, struck = heard(), heard(onset_count=1)
    graph = renderer.graph
    own: Pass[Frame] = Pass("own", "finish.frag", FRAME, {"u_lit": "lit"}, "place.vert", noting)
    renderer.change_graph(graph.adding(own, after="finish"))
    renderer.render(inputs(DARK, quiet), None, lambda: inputs(DARK, quiet, later=Later(BRIGHT, struck)))
    renderer.change_graph(graph)
    assert seen == [(struck, 1.0)]


@pytest.mark.parametrize(("first", "last"), [(0.0, 0.9), (0.9, 0.0)])
def test_a_halo_is_only_laid_over_a_frame_that_drew_one(
    renderer: Renderer, first: float, last: float
) -> None:
    """Else the light of a frame long ago would flash up."""
    before: dict[str, Value] = {**BRIGHT, "/look/finish/glow": first}
    after: dict[str, Value] = {**BRIGHT, "/look/finish/glow": last}
    renderer.restart()
    renderer.render(inputs({**BRIGHT, "/look/finish/glow": 1.0}))
    plain = drawn(renderer, inputs({**BRIGHT, "/look/finish/glow": 0.0}))
    shown = drawn(renderer, inputs(before), lambda: inputs(before, later=Later(after, heard())))
    assert np.abs(shown.astype(int) - plain).max() <= 1


def test_a_picture_that_is_held_still_asks_for_no_sound(renderer: Renderer) -> None:
    renderer.restart()
    renderer.render(inputs(BRIGHT))
    asked: list[int] = []
    frozen = inputs({**BRIGHT, "/master/freeze": True}, time_s=0.1)

    def late() -> FrameInputs:
        asked.append(1)
        return frozen

    renderer.render(frozen, None, late)
    assert asked == []
