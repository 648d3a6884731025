"""What counts as ill: judged from when the engine plays, not from when it was begun."""

from __future__ import annotations

from collections.abc import Iterator

from chromesthesia.supervise.watch import DARK_S, FIRST_PATIENCE, SILENT_S, Ceilings, Fault, Watch
from chromesthesia.supervise.wire import Beat, First, LoopBeat, Phase

TICK_S = 0.1


def told(phase: Phase, beats: int, frames: int = 0) -> Beat:
    return Beat(0.0, phase, frames, loops={"frame": LoopBeat("beats", beats)})


def ticks(begin_s: float, seconds: float) -> Iterator[float]:
    for index in range(round(seconds / TICK_S)):
        yield begin_s + (index + 1) * TICK_S


def unhurried() -> float:
    """A machine that has time."""
    return 1.0


def test_a_slow_start_is_no_darkness() -> None:
    """Forty seconds to load everything: then the first frame may still take its time."""
    watch = Watch(Ceilings(), 0.0, slack=unhurried)
    for now_s in ticks(0.0, 40.0):
        watch.take(told("starting", 0))
        assert watch.fault(now_s) is None
    faults: list[Fault] = []
    patience_s = DARK_S * FIRST_PATIENCE
    for index, now_s in enumerate(ticks(40.0, patience_s + 1.0)):
        watch.take(told("playing", index))
        faults += [fault] if (fault := watch.fault(now_s)) else []
        assert not faults or now_s >= 40.0 + patience_s
    assert faults, "a show that never draws is ill all the same"


def test_an_engine_that_stops_right_after_its_first_frame_plays_and_hangs() -> None:
    watch = Watch(Ceilings(), 0.0)
    for now_s in ticks(0.0, 2.0):
        watch.take(told("starting", 0))
        assert watch.fault(now_s) is None
    watch.take(First(2.0))
    # Made before the first frame, told after it.
    watch.take(told("starting", 0))
    faults = [now_s for now_s in ticks(2.0, 3.0) if watch.fault(now_s) is not None]
    assert faults
    assert faults[0] <= 2.0 + SILENT_S + 2 * TICK_S


def test_a_slow_start_leaves_the_frame_loop_its_time() -> None:
    watch = Watch(Ceilings(), 0.0, slack=unhurried)
    for now_s in ticks(0.0, 20.0):
        watch.take(told("starting", 0))
        watch.fault(now_s)
    watch.take(told("playing", 0))
    assert watch.fault(20.0 + TICK_S) is None
