"""An ear, its lights and a stand-by on a network of the test's: in step, and nothing that happens makes one dark."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from tests.engine.show.one_room import Ear, Lamp, Stage, assert_in_step, assert_same, hearing

from chromesthesia.control.commands import LoadPreset, SetParameter
from chromesthesia.core.protocols import Clock
from chromesthesia.core.records import Heard, Music
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.display.light import Light
from chromesthesia.ports.bus.wire import FRAMES, Ask, Frame, decode, encode
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.renderer import Renderer
from chromesthesia.show.many import follower
from chromesthesia.testing.bus import SkewedClock
from chromesthesia.testing.models import RaisingGenerator


@pytest.fixture
def room() -> Stage:
    return Stage()


def test_lights_decide_the_same_frames_and_show_them_at_one_moment(room: Stage) -> None:
    ear = Ear(room, "main")
    for name in ("a", "b", "c"):
        Lamp(room, name)
    room.run(4.0)
    ear.controller.post(SetParameter("/look/flow/amount", 0.77, "osc"))
    room.run(2.0)
    of_ear = dict(ear.drawn)
    for lamp in room.lamps:
        assert lamp.follower.counts()["refused"] == 0
        followed = [due for _, due in lamp.shown if due.ready_s == due.ready_s][40:]
        assert len(followed) > 50
        for due in followed:
            assert_same(due.inputs, of_ear[due.time_us])
        assert followed[-1].inputs.values["/look/flow/amount"] == pytest.approx(0.77, abs=0.05)
    assert_in_step(room, 1003.0, 1005.9)
    # The show's clock began with the ear; a frame is seen one delay after its time.
    shown_s, due = room.lamps[0].shown[-1]
    assert shown_s - ear.begin_s - due.time_us / 1e6 == pytest.approx(0.1, abs=0.012)


def test_lights_follow_musicians_as_the_ear_does(room: Stage) -> None:
    def with_band(frame: int) -> Heard:
        voice = replace(hearing(frame + 20), music=Music(pitch_hz=110.0 + 7.0 * (frame % 90)))
        return replace(hearing(frame), musicians=(hearing(5 * frame), voice))

    ear, lamp = Ear(room, "main", hears=with_band), Lamp(room, "a")
    ear.controller.post(LoadPreset("Band", "osc"))
    room.run(5.0)
    of_ear = dict(ear.drawn)
    followed = [due for _, due in lamp.shown if due.ready_s == due.ready_s][50:]
    assert len(followed) > 20
    for due in followed:
        assert_same(due.inputs, of_ear[due.time_us])
    assert lamp.follower.counts()["refused"] == 0
    hues = {round(float(due.inputs.values["/look/grade/hue"]), 3) for due in followed}
    flows = {round(float(due.inputs.values["/look/flow/amount"]), 4) for due in followed}
    assert min(len(hues), len(flows)) > 15, "both are followed"
    heard_last = followed[-1].inputs.heard
    assert heard_last is not None
    quiet = follower._fading(heard_last, 0.0)
    assert [one.frame.rms_dbfs for one in quiet.musicians] == [-120.0, -120.0]


def test_clocks_that_differ_and_drift_show_in_step_all_the_same(room: Stage) -> None:
    Ear(room, "main", clock=SkewedClock(room.clock, -400.0, 40e-6))
    Lamp(room, "a", clock=SkewedClock(room.clock, 7.3, -60e-6))
    Lamp(room, "b", clock=SkewedClock(room.clock, 9000.0, 90e-6))
    room.run(12.0)
    assert_in_step(room, 1006.0, 1011.9)
    for lamp in room.lamps:
        assert lamp.follower.clock_bound_s < 0.011


def test_a_light_that_joins_late_shows_what_the_others_do(room: Stage) -> None:
    ear = Ear(room, "main")
    Lamp(room, "a")
    room.run(5.0)
    late = Lamp(room, "late")
    room.run(2.5)
    assert late.follower.counts()["refused"] == 0
    of_ear = dict(ear.drawn)
    last = late.shown[-1][1]
    assert last.ready_s == last.ready_s
    assert_same(last.inputs, of_ear[last.time_us])
    assert_in_step(room, 1006.2, 1007.4)
    motions = [lamp.light.renderer.motion_state()["phases"] for lamp in room.lamps if lamp.light.renderer]
    assert motions[1] == pytest.approx(motions[0], abs=1e-6)


def test_a_light_without_network_goes_on_and_catches_up(room: Stage) -> None:
    ear = Ear(room, "main")
    Lamp(room, "a")
    alone = Lamp(room, "alone")
    room.run(3.0)
    room.net.cut.add("alone")
    cut_s = room.clock.now_s()
    room.run(4.0)
    assert not alone.follower.follows
    assert alone.follower.made_up > 50
    gaps_s = np.diff([shown_s for shown_s, _ in alone.shown if shown_s > cut_s])
    assert gaps_s.max() < 0.5
    quiet = alone.shown[-1][1].inputs.heard
    assert quiet is not None
    assert float(quiet.frame.bands.max()) < 0.2
    room.net.cut.clear()
    room.run(3.0)
    last = alone.shown[-1][1]
    assert_same(last.inputs, dict(ear.drawn)[last.time_us])
    assert_in_step(room, 1009.0, 1009.9)


def test_coming_back_is_no_jump(room: Stage) -> None:
    Ear(room, "main")
    alone = Lamp(room, "alone")
    room.run(3.0)
    room.net.cut.add("alone")
    room.run(4.0)
    room.net.cut.clear()
    room.run(2.0)
    pictures = [seen(due.inputs) for _, due in alone.shown]
    changes = [np.abs(after - before).mean() for before, after in pairwise(pictures)]
    usual = np.percentile(changes[20:60], 95)
    assert max(changes[20:]) < 3.0 * usual + 4.0


def seen(inputs: FrameInputs) -> Any:
    assert inputs.previous is not None
    assert inputs.current is not None
    return inputs.previous * (1.0 - inputs.mix) + inputs.current * inputs.mix


def test_a_lost_frame_is_a_gap_and_a_key_mends_it(room: Stage) -> None:
    ear = Ear(room, "main")
    lamp = Lamp(room, "a")
    room.run(3.0)
    lost: list[float] = []

    def loses(sender: str, receiver: str, topic: str) -> bool:
        if receiver == "a" and topic == FRAMES and not lost:
            lost.append(room.clock.now_s())
            return True
        return False

    room.net.loses = loses
    room.run(3.0)
    assert lost
    assert lamp.follower.counts()["gaps"] == 1
    last = lamp.shown[-1][1]
    assert_same(last.inputs, dict(ear.drawn)[last.time_us])


def test_frames_that_come_after_all_need_no_key(room: Stage) -> None:
    ear = Ear(room, "main")
    Lamp(room, "a")
    late = Lamp(room, "late")
    room.run(3.0)
    keys, made_up = late.follower.counts()["keys"], late.follower.counts()["made_up"]
    room.net.takes_s = lambda sender, receiver: 0.9 if receiver == "late" else 0.004
    room.run(0.8)
    room.net.takes_s = lambda sender, receiver: 0.004
    assert late.follower.counts()["made_up"] > made_up + 5
    alone = late.follows
    assert not alone
    room.run(2.0)
    assert late.follows
    assert late.follower.counts()["keys"] == keys
    last = late.shown[-1][1]
    assert_same(last.inputs, dict(ear.drawn)[last.time_us])
    motions = [lamp.light.renderer.motion_state() for lamp in room.lamps if lamp.light.renderer]
    assert motions[1]["phases"] == pytest.approx(motions[0]["phases"], abs=1e-6)


def test_a_killed_ear_is_replaced_within_a_second_and_the_picture_goes_on(room: Stage) -> None:
    # The delay is long: when the stand-by leads, the lights still show frames of the ear that is gone.
    main = Ear(room, "main", delay_s=0.45)
    spare = Ear(room, "spare", standby=True, clock=SkewedClock(room.clock, 50.0), delay_s=0.45)
    for name in ("a", "b"):
        Lamp(room, name)
    room.run(3.0)
    main.controller.post(SetParameter("/look/flow/amount", 0.77, "osc"))
    room.run(1.5)
    room.kill(main)
    dead_s = room.clock.now_s()
    room.run(4.0)
    assert spare.led_at_s is not None
    assert spare.led_at_s - dead_s < 1.0
    # What was set on the other ear is set here.
    assert spare.controller.current[1]["/look/flow/amount"] == pytest.approx(0.77)
    for lamp in room.lamps:
        times = [due.time_us for shown_s, due in lamp.shown if shown_s > dead_s - 1.0]
        assert times == sorted(times)
        moments = [shown_s for shown_s, _ in lamp.shown if shown_s > dead_s - 1.0]
        assert np.diff(moments).max() < 0.25
        last = lamp.shown[-1][1]
        assert_same(last.inputs, dict(spare.drawn)[last.time_us])
        pictures = [seen(due.inputs) for shown_s, due in lamp.shown if shown_s > dead_s - 1.0]
        changes = [np.abs(b - a).mean() for a, b in pairwise(pictures)]
        assert max(changes) < 40.0
    assert_in_step(room, dead_s - 1.0, dead_s + 3.9)


def test_the_ear_that_comes_back_stands_by_for_the_one_that_took_over(room: Stage) -> None:
    main = Ear(room, "main")
    spare = Ear(room, "spare", standby=True)
    lamp = Lamp(room, "a")
    room.run(3.0)
    room.kill(main)
    room.run(2.0)
    back = Ear(room, "main")
    room.run(4.0)
    assert spare.desk.leads
    assert not back.desk.leads
    assert lamp.follower.leader is not None
    assert lamp.follower.leader.ear == "spare"
    assert lamp.follower.follows


def test_a_picture_that_stands_still_gives_no_lease(room: Stage) -> None:
    main = Ear(room, "main")
    spare = Ear(room, "spare", standby=True)
    Lamp(room, "a")
    room.run(3.0)
    main.due_s = float("inf")  # its frame loop hangs; its control thread does not
    room.run(1.2)
    assert spare.desk.leads


def test_a_parted_room_is_one_again_with_one_ear(room: Stage) -> None:
    main = Ear(room, "main")
    spare = Ear(room, "spare", standby=True)
    Lamp(room, "a")
    Lamp(room, "b")
    room.run(3.0)
    room.net.cut.add("main")
    room.run(3.0)
    assert main.desk.leads
    assert spare.desk.leads
    room.net.cut.clear()
    room.run(3.0)
    assert (main.desk.leads, spare.desk.leads) == (False, True)
    for lamp in room.lamps:
        last = lamp.shown[-1][1]
        assert_same(last.inputs, dict(spare.drawn)[last.time_us])


def test_without_any_ear_a_light_paints_by_itself(room: Stage) -> None:
    lamp = Lamp(room, "a")
    room.run(2.0)
    assert len(lamp.shown) > 30
    assert all(due.inputs.current is not None for _, due in lamp.shown)
    room.run(1.0)
    ear = Ear(room, "main")
    room.run(3.0)
    last = lamp.shown[-1][1]
    assert_same(last.inputs, dict(ear.drawn)[last.time_us])


def test_a_generator_that_fails_leaves_the_last_picture(room: Stage) -> None:
    Ear(room, "main")
    lamp = Lamp(room, "a", generator=RaisingGenerator(lambda call: call >= 2))
    room.run(4.0)
    assert lamp.follower.follows
    assert lamp.follower.counts()["failures"] > 3
    assert all(due.inputs.current is not None for _, due in lamp.shown)


def test_the_delay_grows_to_what_the_slowest_light_needs(room: Stage) -> None:
    ear = Ear(room, "main", delay_s=None)
    Lamp(room, "near")
    slow = Lamp(room, "far")
    room.net.takes_s = lambda sender, receiver: 0.2 if "far" in (sender, receiver) else 0.002
    room.run(5.0)
    late = slow.loop.late
    room.run(3.0)
    assert ear.desk.health()["delay_us"] > 200_000
    assert_in_step(room, 1005.0, 1007.9)
    assert slow.loop.late == late


def test_the_ear_knows_its_lights(room: Stage) -> None:
    ear = Ear(room, "main")
    for name in ("a", "b", "c"):
        Lamp(room, name)
    room.run(4.0)
    health = ear.desk.health()
    assert (health["lights"], health["lights_alone"], health["leads"]) == (3, 0, 1)
    assert health["skew_us"] < 50_000
    room.net.cut.add("b")
    room.run(4.0)
    assert ear.desk.health()["lights"] == 2


def test_what_nobody_should_say_is_refused_and_changes_nothing(room: Stage) -> None:
    ear = Ear(room, "main")
    lamp = Lamp(room, "a")
    room.run(3.0)
    stranger = room.net.node("stranger")
    frame = next(
        message
        for _, topic, content in reversed(room.net.told)
        if topic == FRAMES and isinstance(message := decode(content), Frame)
    )
    for content in (
        b"",
        b"\x00" * 100,
        b"\xc1",
        encode(replace_frame(frame, events=b"\x91\x93\x07")),
        encode(replace_frame(frame, number=frame.number + 1, time_us=1 << 52)),
    ):
        for topic in (FRAMES, "key", "lease", "probe", "status", "ask"):
            stranger.publish(topic, content)
    for _ in range(50):
        stranger.publish("ask", encode(Ask("x")))
    keys = ear.desk.keys
    room.run(2.0)
    assert ear.desk.keys - keys <= 8  # four a second at most
    last = lamp.shown[-1][1]
    assert_same(last.inputs, dict(ear.drawn)[last.time_us])


def replace_frame(frame: Frame, **changes: Any) -> Frame:
    fields = {name: getattr(frame, name) for name in frame.__struct_fields__}
    return Frame(**{**fields, **changes})


def test_no_spectrum_leaves_the_ear(room: Stage) -> None:
    """The mel bands, from which speech could be made again, are on no message."""
    Ear(room, "main")
    Lamp(room, "a")
    room.run(3.0)
    largest = max(len(content) for _, topic, content in room.net.told if topic == FRAMES)
    seconds = sum(len(content) for _, topic, content in room.net.told if topic == FRAMES) / 3.0
    assert largest < 1 << 15
    assert seconds < 20_000


@pytest.fixture(scope="module")
def surface() -> Iterator[HeadlessSurface]:
    opened = HeadlessSurface(64, 36)
    yield opened
    opened.make_current()
    opened.close()


@pytest.mark.gl
def test_pixels_of_a_late_light_come_to_be_those_of_the_ear(room: Stage, surface: HeadlessSurface) -> None:
    surface.make_current()
    made: list[Renderer] = []

    def drawn(clock: Clock) -> Light:
        renderer = Renderer(surface.ctx, 64, 36)
        made.append(renderer)
        return Light(lambda: surface, lambda _: renderer, clock)

    ear = Ear(room, "main", light=drawn(room.clock))
    room.run(2.0)
    late = Lamp(room, "late", light=drawn(room.clock))
    room.run(4.0)
    for renderer in made:
        renderer.release()
    of_ear = {time_us: pixels for (time_us, _), pixels in zip(ear.drawn, ear.pixels, strict=True)}
    differences = [
        int(np.abs(pixels.astype(int) - of_ear[time_us]).max())
        for time_us, pixels in late.pixels
        if time_us in of_ear
    ]
    assert len(differences) > 50
    assert max(differences[-20:]) == 0
