"""How a show is: loops that beat and stand still, counts added up, and every reader told the same figures."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

import pytest

from chromesthesia.core.clock import ManualClock
from chromesthesia.core.guard import Guard
from chromesthesia.core.protocols import UNKNOWN_LOSS
from chromesthesia.health.counters import ILL, Counters
from chromesthesia.health.heartbeat import LoopState
from chromesthesia.health.status import (
    ANALYSIS,
    CONTROL,
    FAULTS,
    FRAMES,
    GENERATOR,
    GL,
    OSC,
    OUTPUTS,
    RING,
    SOURCE,
    Figures,
    Health,
    ShowStatus,
)
from chromesthesia.health.telling import hud_of, readings_of, report_of
from chromesthesia.params.readings import NEAREST, STATUS
from chromesthesia.params.values import coerce


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(100.0)


def states(health: Health) -> dict[str, str]:
    return {loop.name: str(loop.state) for loop in health.status().loops}


def test_a_loop_that_stops_beating_is_seen(clock: ManualClock) -> None:
    health = Health(clock)
    analysis, capture = health.heart("analysis", 1.0), health.heart("capture", 1.0, may_wait=True)
    assert set(states(health).values()) == {"not begun"}
    assert health.status().stalled == ()
    for heart in (analysis, capture):
        heart.begin()
    for _ in range(10):
        clock.advance(0.9)
        analysis.beat()
        capture.beat()
        assert set(states(health).values()) == {"beats"}
    clock.advance(1.1)
    status = health.status()
    assert states(health) == {"analysis": "stalled", "capture": "waits"}
    assert status.stalled == ("analysis",)
    assert [(loop.beats, round(loop.silent_s, 3)) for loop in status.loops] == [(10, 1.1), (10, 1.1)]
    assert readings_of(status)["/status/stalled"] == "analysis"
    assert hud_of(status).message == "stands still: analysis"
    analysis.beat()
    capture.end()
    assert states(health) == {"analysis": "beats", "capture": "ended"}
    clock.advance(60.0)
    assert health.status().stalled == ("analysis",)
    assert health.status().loops[1].state is LoopState.ENDED


def test_a_loop_that_never_comes_round_stands_still(clock: ManualClock) -> None:
    health = Health(clock)
    health.heart("generator", 5.0).begin()
    clock.advance(6.0)
    assert health.status().stalled == ("generator",)


def test_counts_of_one_name_are_added_up_and_read_when_asked(clock: ManualClock) -> None:
    counters = Counters()
    guards = [Guard(clock), Guard(clock)]
    for guard in guards:
        counters.add(FAULTS, guard.counts)
    counters.add(FAULTS, lambda: {"outputs": 2})
    guards[0].failed("drawing", OSError())
    guards[1].failed("outputs", OSError())
    assert counters.read() == {FAULTS: {"drawing": 1, "outputs": 3}}
    guards[0].failed("drawing", OSError())
    assert counters.read()[FAULTS]["drawing"] == 2


def test_a_part_that_cannot_be_read_costs_no_other_its_figure(caplog: pytest.LogCaptureFixture) -> None:
    counters = Counters()
    device: list[int] = [3]
    counters.add(SOURCE, lambda: {"overruns": device[0]})
    counters.add(RING, lambda: {"lost_hops": 1})
    assert counters.read() == {SOURCE: {"overruns": 3}, RING: {"lost_hops": 1}}
    device.clear()
    with caplog.at_level(logging.WARNING):
        for _ in range(8):
            told = counters.read()
    assert told == {SOURCE: {"overruns": 3}, RING: {"lost_hops": 1}, ILL: {SOURCE: 8}}
    assert len(caplog.records) == 4


@pytest.fixture
def full(clock: ManualClock) -> ShowStatus:
    """A show in which everything that can be counted was."""
    figures = Figures(
        elapsed_s=10.0,
        fps=29.5,
        latency_ms=41.0,
        generator_fps=9.5,
        source="mic: USB",
        pack="default",
        preset="Ember",
        preset_index=3,
        message="shader x.frag:3: oops",
        size=(640, 360),
        flash_limiter=False,
    )
    health = Health(clock, lambda: figures)
    for group, counts in (
        (SOURCE, {"overruns": 2}),
        (RING, {"lost_hops": 5}),
        (FRAMES, {"drawn": 290, "late": 12, "lost": 4}),
        (GENERATOR, {"painted": 95, "failures": 6}),
        (ANALYSIS, {"encoder_failures": 8}),
        (GL, {"recoveries": 1}),
        (CONTROL, {"dropped": 9}),
        (OSC, {"lost": 11}),
        (OUTPUTS, {"film_frames_dropped": 13}),
        (FAULTS, {"drawing": 4, "outputs": 3, "the window": 0}),
    ):
        health.count(group, lambda counts=counts: counts)  # type: ignore[misc]
    return health.status()


def test_report_display_and_partners_are_told_the_same(full: ShowStatus) -> None:
    told, shown, report = readings_of(full), hud_of(full), report_of(full, {}, {})
    assert told["/status/overruns"] == shown.overruns == report["overruns"] == 7
    assert told["/status/late_frames"] == report["late_frames"] == 12
    assert told["/status/lost_frames"] == report["lost_frames"] == 4
    assert told["/status/faults"] == 7
    assert report["frame_failures"] == {"drawing": 4, "outputs": 3}
    assert (told["/status/fps"], told["/status/latency_ms"]) == (shown.fps, shown.latency_ms) == (29.5, 41.0)
    assert report["fps"] == 29.0
    assert (told["/status/osc_lost"], told["/status/osc_dropped"]) == (11, 9)
    for name in ("source", "pack", "preset"):
        assert told[f"/status/{name}"] == getattr(shown, name) == report[name]
    assert (shown.message, shown.warning) == ("shader x.frag:3: oops", "flash limiter off")
    assert report["flash_limiter"] is False
    assert [report[f"{stage}_failures"] for stage in ("generator", "encoder")] == [6, 8]
    assert (report["gl_recoveries"], report["dropped_film_frames"], report["size"]) == (1, 13, [640, 360])
    assert report["counts"] == full.counts


def test_partners_are_told_what_is_declared(full: ShowStatus) -> None:
    declared = {param.path: param for param in (*STATUS, *NEAREST)}
    told = readings_of(full)
    assert set(told) == set(declared)
    assert all(coerce(declared[path], value) == value for path, value in told.items())


def test_what_nobody_counts_is_nothing_or_unknown() -> None:
    empty = ShowStatus(Figures(), {}, ())
    told = readings_of(empty)
    assert told["/status/osc_lost"] == UNKNOWN_LOSS
    assert told["/status/overruns"] == told["/status/faults"] == 0
    assert report_of(empty, {}, {})["fps"] == 0.0
    assert hud_of(replace(empty, figures=Figures(message="preset Ink"))).message == "preset Ink"


@pytest.mark.parametrize(
    "call", [lambda health: health.status().stalled, lambda health: health.status().counts]
)
def test_a_show_without_parts_has_a_status(clock: ManualClock, call: Callable[[Health], object]) -> None:
    assert not call(Health(clock))
