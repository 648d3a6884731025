"""Whether a show is well, in one word and the reasons for it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from chromesthesia.core.rungs import Rung, below
from chromesthesia.health.status import ShowStatus

STARTING_S = 5.0
"""A show that has just begun need not have its frame rate yet."""
DARK_FPS = 0.5


class State(StrEnum):
    """OK: as it should be. DEGRADED: it goes on with less. FAILING: somebody should come and look."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILING = "failing"


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a show is. reasons: one line each, the worst first; none when all is well."""

    state: State
    reasons: tuple[str, ...] = ()


def verdict_of(status: ShowStatus) -> Verdict:
    """The show fails when a loop of it stands still, hardly a frame is drawn or nobody can see it.

    It is degraded when it does without something.
    """
    figures = status.figures
    failing = [f"{name} stands still" for name in status.stalled]
    if figures.elapsed_s > STARTING_S and figures.fps < DARK_FPS:
        failing.append(f"{figures.fps:.1f} frames a second are drawn")
    if figures.picture:
        failing.append(f"the picture is {figures.picture}")
    degraded = []
    if below(figures.rung, Rung.PAINT_SLOWER):
        degraded.append(f"on the rung {figures.rung}")
    degraded += figures.sound.troubles
    if figures.trouble:
        (failing if figures.unseen else degraded).append(figures.trouble)
    state = State.FAILING if failing else State.DEGRADED if degraded else State.OK
    return Verdict(state, (*failing, *degraded))
