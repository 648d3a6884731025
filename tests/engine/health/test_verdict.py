"""Well, degraded or failing: one word for everybody who asks, with the reason."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chromesthesia.audio.soundness import Soundness
from chromesthesia.core.rungs import Rung
from chromesthesia.health.heartbeat import LoopState, LoopStatus
from chromesthesia.health.status import Figures, ShowStatus
from chromesthesia.health.telling import readings_of, report_of
from chromesthesia.health.verdict import State, verdict_of

WELL = Figures(elapsed_s=60.0, fps=30.0)


def status(figures: Figures = WELL, loop: LoopState = LoopState.BEATS) -> ShowStatus:
    return ShowStatus(figures, {}, (LoopStatus("analysis", loop, 10, 0, 0.0),))


def test_a_show_that_is_well_has_no_reasons() -> None:
    verdict = verdict_of(status())
    assert (verdict.state, verdict.reasons) == (State.OK, ())


@pytest.mark.parametrize(
    ("ill", "state", "reason"),
    [
        (status(loop=LoopState.STALLED), State.FAILING, "analysis stands still"),
        (status(replace(WELL, fps=0.2)), State.FAILING, "0.2 frames a second"),
        (status(replace(WELL, picture="black")), State.FAILING, "the picture is black"),
        (status(replace(WELL, rung=Rung.SHADERS)), State.DEGRADED, "on the rung shaders"),
        (status(replace(WELL, sound=Soundness(silent_s=60.0))), State.DEGRADED, "dead"),
        (status(replace(WELL, sound=Soundness(dc=-0.2))), State.DEGRADED, "DC offset of -20 %"),
        (status(replace(WELL, trouble="seen on no display", unseen=True)), State.FAILING, "no display"),
        (status(replace(WELL, trouble="finish.frag:3: no")), State.DEGRADED, "finish.frag:3"),
    ],
)
def test_what_is_wrong_is_said(ill: ShowStatus, state: State, reason: str) -> None:
    verdict = verdict_of(ill)
    assert verdict.state is state
    assert reason in verdict.reasons[0]
    readings = readings_of(ill)
    assert readings["/status/health"] == state
    assert reason in str(readings["/status/health_reason"])
    assert report_of(ill, {}, {})["health"] == {"state": str(state), "reasons": list(verdict.reasons)}


@pytest.mark.parametrize(
    "figures",
    [replace(WELL, fps=0.0, elapsed_s=2.0), replace(WELL, rung=Rung.PAINT_SLOWER, message="preset saved")],
)
def test_a_show_that_begins_or_only_paints_slower_is_well(figures: Figures) -> None:
    assert verdict_of(status(figures)).state is State.OK


def test_the_worst_comes_first() -> None:
    verdict = verdict_of(status(replace(WELL, rung=Rung.SMALL), LoopState.STALLED))
    assert verdict.reasons == ("analysis stands still", "on the rung small")
