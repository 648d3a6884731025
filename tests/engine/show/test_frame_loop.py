"""Whatever raises in a frame, the show goes on: every part of the frame loop in turn, under a manual clock."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import moderngl
import pytest
from tests.engine.show.faulty_show import FPS, STEPS, Faults, Show

from chromesthesia.core.errors import RenderError
from chromesthesia.core.records import STEP_SAMPLES, Heard, UInt8
from chromesthesia.testing.render import heard


@pytest.mark.parametrize("error", [moderngl.Error, RenderError, TypeError, MemoryError])
@pytest.mark.parametrize(
    "part",
    ["stage", "image", "hud", "draw", "read-back", "flip", "outputs", "reload", "window", "painting",
     "close", "make", "open"],
)  # fmt: skip
def test_a_part_that_fails_for_long_ends_nothing_and_comes_back(part: str, error: type[Exception]) -> None:
    # What only fails when all is made again is made again because drawing fails too.
    parts = (part, "draw") if part in ("make", "open", "close") else (part,)
    faults = Faults(*parts, error=error)
    show = Show(faults)
    show.run(1.0)
    assert show.schedule.frames == 10
    faults.on = True
    show.run(20.0)
    if part not in ("close", "make", "open"):
        assert sum(show.guard.failures.values()) > 5
    faults.on = False
    show.run(6.0)  # the longest pause is five seconds
    before = show.schedule.frames, len(show.kept), show.polls
    show.run(1.0)
    assert (show.schedule.frames, len(show.kept), show.polls) == tuple(count + 10 for count in before)
    assert show.light.message == ""


@pytest.mark.parametrize("part", ["stage", "image", "hud", "outputs", "reload", "window", "painting"])
def test_a_part_beside_the_picture_takes_no_frame_with_it(part: str) -> None:
    faults = Faults(part)
    show = Show(faults)
    show.run(1.0)
    faults.on = True
    show.run(2.0)
    assert show.schedule.frames == 30
    assert show.schedule.lost_frames == 0
    assert show.inputs[-1].time_s == pytest.approx(3.0)
    assert show.inputs[-1].dt_s == pytest.approx(1 / FPS)
    assert show.polls == (10 if part == "window" else 30)
    assert len(show.kept) == (10 if part == "outputs" else 30)


def test_what_a_frame_asks_of_the_generator_is_begun_when_it_is_drawn_or_cannot_be() -> None:
    faults = Faults("draw")
    show = Show(faults)
    show.run(0.2)
    assert show.events == ["image", "decided", "drawn", "paints"] * 2
    faults.on = True
    show.events.clear()
    show.run(0.2)
    assert show.events == ["image", "decided", "paints"] * 2


def test_a_picture_that_a_frame_has_no_time_for_is_taken_by_the_next() -> None:
    show = Show(Faults())
    show.run(6.0)
    show.events.clear()
    show.image_waits = True
    # Nothing takes any time, so there is time enough.
    show.run(0.4)
    assert show.events.count("image") == 4
    show.events.clear()
    show.clock.advance(0.095)
    show.run(0.4)
    assert show.events[:7] == ["decided", "drawn", "paints", "image", "decided", "drawn", "paints"]


def test_what_a_picture_takes_is_asked_of_the_two_frames_that_it_lies_between() -> None:
    show = Show(Faults())
    asked: list[float] = []
    show.ladder.watch = lambda late, busy: asked.append(busy)

    def works(part: str) -> None:
        show.clock.advance({"image": 0.05, "draw": 0.03}.get(part, 0.0) if show.image_waits else 0.0)

    show.fault = works
    show.run(0.3)
    assert asked == pytest.approx([0.0, 0.0, 0.0])
    show.image_waits = True
    show.run(0.3)
    assert asked[3:] == pytest.approx([0.4, 0.55, 0.55])


def test_ctrl_c_still_ends_it() -> None:
    faults = Faults("draw", error=KeyboardInterrupt)
    faults.on = True
    with pytest.raises(KeyboardInterrupt):
        Show(faults).run(1.0)


def test_what_is_wrong_at_the_start_is_raised() -> None:
    faults = Faults("stage")
    faults.on = True
    with pytest.raises(ValueError, match="injected"):
        Show(faults).loop.first_picture(lambda: None)
    faults = Faults("draw", error=RenderError)
    show = Show(faults)
    faults.on = True
    with pytest.raises(RenderError, match="injected"):
        show.loop.first_picture(lambda: None)


def test_opengl_that_cannot_be_made_for_a_minute_is_told_truly() -> None:
    faults = Faults("draw", "open", error=moderngl.Error)
    show = Show(faults)
    show.run(5.0)
    assert show.loop.fps == pytest.approx(FPS, rel=1e-4)
    faults.on = True
    show.run(60.0)
    assert show.schedule.frames == 50
    assert show.schedule.lost_frames == show.schedule.late_frames == 600
    assert show.loop.fps < 0.02
    assert show.loop.latency_ms > 59_000
    assert "injected" in show.light.message
    assert show.opened == 1
    faults.on = False
    show.run(6.0)
    drawn = show.schedule.frames
    show.run(3.0)
    assert show.schedule.frames == drawn + 30
    assert show.loop.fps == pytest.approx(FPS, rel=1e-4)
    assert show.loop.latency_ms == 0.0
    assert show.light.recoveries == 1
    assert show.opened == 2


def test_hops_that_no_frame_showed_are_not_measured_as_shown() -> None:
    faults = Faults("draw")
    show = Show(faults)
    faults.on = True
    show.heard.put(hop(0))
    show.run(1.0)
    assert show.meter.summary()["sound_to_light"]["count"] == 0
    assert show.meter.summary()["render"]["count"] == 0
    faults.on = False
    show.run(1.0)
    assert show.meter.summary()["sound_to_light"]["count"] == 1
    assert show.meter.summary()["render"]["count"] == 10


def test_an_end_that_cannot_be_asked_for_is_not_the_end() -> None:
    show = Show(Faults())

    def over() -> bool:
        if show.schedule.frames == 20:
            show.stop.set()
        raise ValueError("injected")

    show.loop.run(100.0, show.stop, over)
    assert show.schedule.frames == 21


def test_a_frame_in_which_everything_fails_still_takes_its_time() -> None:
    faults = Faults("stage", "hud", "image", "window", "outputs", "reload")
    faults.on = True
    show = Show(faults)
    show.run(10.0)
    assert show.clock.now_s() == pytest.approx(110.0, abs=0.1)


class Watcher:
    """Wants the frames whose number is in `wanted`; `ill` raises in both calls."""

    def __init__(self, wanted: set[int], ill: bool = False) -> None:
        self.wanted = wanted
        self.ill = ill
        self.asked = -1
        self.seen: list[int] = []

    def wants(self, time_s: float) -> bool:
        self.asked += 1
        if self.ill and self.asked in self.wanted:
            raise RuntimeError("ill")
        return self.asked in self.wanted

    def frame(self, pixels: UInt8, time_s: float) -> None:
        self.seen.append(self.asked)
        if self.ill:
            raise RuntimeError("ill")


def test_frames_are_read_back_only_when_somebody_wants_them() -> None:
    reads: list[str] = []

    def count(part: str) -> None:
        if part == "read-back":
            reads.append(part)

    watcher = Watcher({3, 5})
    show = Show(count, sink=False, preview=watcher)
    # A window: without one every frame is read back, since nothing else tells that it was drawn.
    show.light.surface.screen = cast(Any, object())  # type: ignore[union-attr,misc]
    show.run(1.0)
    assert len(show.inputs) >= 10
    assert watcher.seen == [3, 5]
    assert len(reads) == 2, "nobody else looks at pixels"
    assert show.kept == []


def test_a_preview_that_fails_costs_no_frame_and_no_film() -> None:
    show = Show(lambda part: None, preview=Watcher({2, 3}, ill=True))
    show.run(1.0)
    assert len(show.kept) >= 10
    assert show.guard.failures == {"the preview": 2}


def test_a_frame_is_dated_by_when_it_is_seen_however_unevenly_frames_begin() -> None:
    show = Show(lambda part: None)
    spent = iter([0.02, 0.05, 0.03, 0.06, 0.01] * 20)
    draw = show.fault

    def cost(part: str) -> None:
        if part == "draw":
            show.clock.advance(next(spent))
        draw(part)

    show.fault = cost
    show.run(3.0)
    times_s = [inputs.time_s for inputs in show.inputs]
    assert times_s == pytest.approx([(number + 1) / FPS for number in range(len(times_s))])
    assert [inputs.dt_s for inputs in show.inputs] == pytest.approx([1 / FPS] * len(times_s))
    assert show.schedule.late_frames == 0


def test_what_keeps_a_picture_does_not_hold_up_its_showing() -> None:
    order: list[str] = []
    show = Show(lambda part: order.append(part) if part in ("draw", "flip", "read-back", "outputs") else None)
    show.run(0.1)
    assert order == ["draw", "flip", "read-back", "outputs"]


def test_a_picture_is_taken_and_worked_over_before_the_frame_waits_for_sound() -> None:
    order: list[str] = []
    show = Show(lambda part: order.append(part) if part in ("image", "stage", "draw") else None)
    show.run(0.2)
    assert order == ["image", "stage", "draw"] * 2


def hop(index: int) -> Heard:
    return replace(heard(), frame=replace(heard().frame, index=index, end_sample=(index + 1) * STEP_SAMPLES))


def test_sound_that_comes_while_a_frame_is_drawn_shows_in_that_frame() -> None:
    show = Show(lambda part: None)
    coming = iter(range(100))

    def sound(part: str) -> None:
        if part == "draw":  # what is drawn before the last passes
            show.heard.put(hop(next(coming)))

    show.fault = sound
    show.run(0.5)
    latest = [one.later for one in show.drawn]
    assert [one.heard.frame.index for one in latest if one is not None] == [0, 1, 2, 3, 4]
    assert [one.heard.frame.index for one in show.drawn if one.heard is not None] == [-1, 0, 1, 2, 3]
    assert show.meter.summary()["sound_to_light"]["count"] == 5


def test_sound_that_no_pass_of_a_frame_could_show_is_measured_with_the_next() -> None:
    show = Show(lambda part: None)
    show.shows_later = False

    def sound(part: str) -> None:
        if part == "draw" and len(show.drawn) == 1:
            show.heard.put(hop(0))

    show.fault = sound
    show.run(0.2)
    assert show.meter.summary()["sound_to_light"]["count"] == 0
    show.run(0.1)
    assert show.meter.summary()["sound_to_light"]["count"] == 1


def test_the_stage_hears_again_once_in_every_frame_whether_it_is_drawn_or_not() -> None:
    calls: list[str] = []
    faults = Faults("draw")

    def note(part: str) -> None:
        if part in STEPS:
            calls.append(part)
            faults(part)

    show = Show(note)
    faults.on = True
    show.run(0.3)
    assert calls == ["stage", "draw", "hearing again"] * 3
    faults.on = False
    show.run(0.2)
    assert calls == ["stage", "draw", "hearing again"] * 5


def test_a_frame_that_cannot_hear_again_shows_what_it_heard_first() -> None:
    faults = Faults("hearing again")
    show = Show(faults)
    faults.on = True
    show.run(0.5)
    assert show.schedule.frames == 5
    assert all(one.later is None for one in show.drawn)
    assert show.guard.failures == {"the stage": 5}
