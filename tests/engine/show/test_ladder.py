"""The ladder on a simulated machine: every rung has its cost, and a load comes and goes."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import pairwise

import pytest

from chromesthesia.core.config import ShowConfig, check_rungs
from chromesthesia.core.errors import UsageError
from chromesthesia.core.rungs import RUNGS, Rung
from chromesthesia.show.ladder import (
    CALM_WINDOWS,
    FEWEST_LINES,
    GIVE_UP_WINDOWS,
    HALF,
    LATE_FRAMES,
    LOWEST_PACE,
    MANY_LATE,
    PROBE_WINDOWS,
    SETTLE_FRAMES,
    WINDOW_FRAMES,
    Ladder,
    Moved,
    Step,
    steps_of,
)

STEPS = steps_of()
COSTS = (0.60, 0.55, 0.50, 0.45, 0.42, 0.36, 0.30, 0.26, 0.22, 0.12)
"""Share of a frame period that a frame takes on each step, without a load."""


class Machine:
    """Frames cost what the step says, times the load of that moment, with noise."""

    def __init__(self, ladder_of: Callable[..., Ladder] = Ladder, seed: int = 1, noise: float = 0.05) -> None:
        self.moves: list[Moved] = []
        self.ladder = ladder_of(moved=self.moves.append)
        self.noise = noise
        self.rng = random.Random(seed)

    def run(self, frames: int, load: float = 1.0, costs: tuple[float, ...] = COSTS) -> int:
        """How many of the frames were late."""
        late = 0
        for _ in range(frames):
            cost = costs[STEPS.index(self.ladder.step)] * load * self.rng.gauss(1.0, self.noise)
            late += cost > 1.0
            self.ladder.frame(cost > 1.0, cost)
        return late

    @property
    def rung(self) -> Rung:
        return self.ladder.step.rung


def test_a_machine_with_room_stays_at_the_top() -> None:
    machine = Machine()
    machine.run(20_000)
    assert machine.moves == []


def test_one_late_frame_in_a_window_is_an_accident() -> None:
    ladder = Ladder()
    for index in range(WINDOW_FRAMES * 3):
        ladder.frame(late=index % WINDOW_FRAMES == 7, busy=0.4)
    assert ladder.step == STEPS[0]


def test_it_acts_before_frames_are_late() -> None:
    ladder = Ladder()
    for _ in range(WINDOW_FRAMES):
        ladder.frame(late=False, busy=0.9)
    assert (ladder.step.rung, ladder.factor) == (Rung.PAINT_SLOWER, 0.5)


def test_a_load_takes_it_down_as_far_as_is_needed_and_no_further() -> None:
    machine = Machine()
    machine.run(3000, load=2.2)
    assert machine.rung in (Rung.SMALLER_GENERATOR, Rung.FEWER_PIXELS)
    assert machine.run(3000, load=2.2) <= 3000 // WINDOW_FRAMES * LATE_FRAMES


def test_it_goes_up_again_when_the_load_is_gone() -> None:
    machine = Machine()
    machine.run(3000, load=6.0)
    lowest = machine.rung
    machine.run(WINDOW_FRAMES * PROBE_WINDOWS * 3)
    assert (lowest, machine.rung) == (Rung.SMALL, Rung.FULL)
    counts = machine.ladder.counts()
    assert counts["down"] < len(STEPS) - 1 == counts["up"], (
        "far too slow, it leaves steps out; up it tries each"
    )


@pytest.mark.parametrize("load", [1.25, 1.7, 2.1, 4.0])
@pytest.mark.parametrize("noise", [0.02, 0.2])
def test_under_a_steady_load_it_settles_and_does_not_swing(load: float, noise: float) -> None:
    machine = Machine(noise=noise)
    machine.run(30 * 60, load)
    settled = len(machine.moves)
    machine.run(30 * 60 * 10, load)
    # Within ten minutes of thirty frames a second at most two tries of a better rung, each taken back.
    assert len(machine.moves) - settled <= 4


@pytest.mark.parametrize("seconds", [3, 12])
def test_a_load_that_comes_and_goes_does_not_make_it_swing(seconds: int) -> None:
    machine = Machine()
    for _ in range(10):
        machine.run(30 * seconds, load=2.5)
        machine.run(30 * seconds)
    settled = len(machine.moves)
    for _ in range(20):
        machine.run(30 * seconds, load=2.5)
        machine.run(30 * seconds)
    assert len(machine.moves) - settled <= 12
    machine.run(30 * 60 * 30)
    assert machine.rung is Rung.FULL


def test_a_better_rung_is_tried_by_what_it_cost_not_by_what_the_lower_one_does() -> None:
    dear = (2.0, *[0.3] * (len(STEPS) - 1))
    machine = Machine(noise=0.02)
    machine.run(WINDOW_FRAMES * (CALM_WINDOWS + 4) + SETTLE_FRAMES, costs=dear)
    assert (machine.rung, len(machine.moves)) == (Rung.PAINT_SLOWER, 1)
    machine.run(WINDOW_FRAMES * PROBE_WINDOWS // 2, costs=dear)
    assert len(machine.moves) == 1


def test_a_rung_measured_while_the_load_went_is_tried_all_the_same() -> None:
    machine = Machine(noise=0.0)
    machine.run(MANY_LATE, load=3.0)
    assert machine.rung is Rung.PAINT_SLOWER
    machine.run(WINDOW_FRAMES * (PROBE_WINDOWS + 2))
    assert machine.rung is Rung.FULL


def test_the_picture_is_not_given_up_for_few_late_frames() -> None:
    ladder = Ladder()
    for index in range(WINDOW_FRAMES * 40):
        ladder.frame(late=index % WINDOW_FRAMES in (3, 9), busy=0.4)
    assert (ladder.step.rung, ladder.factor) == (Rung.PAINT_SLOWER, LOWEST_PACE)


def test_nearly_late_frames_cost_no_pixel() -> None:
    ladder = Ladder()
    for _ in range(WINDOW_FRAMES * 40):
        ladder.frame(late=False, busy=0.99)
    assert (ladder.step.rung, ladder.step.detail) == (Rung.PAINT_SLOWER, 1.0)


def test_fewer_pixels_come_before_the_painting_is_given_up() -> None:
    ladder = Ladder()
    for index in range(WINDOW_FRAMES * 40):
        ladder.frame(late=index % WINDOW_FRAMES in (3, 9, 12, 20, 25), busy=0.9)
    assert (ladder.step.rung, ladder.step.detail) == (Rung.FEWER_PIXELS, HALF)


def test_one_bad_moment_does_not_stop_the_painting() -> None:
    ladder = Ladder()
    for _ in range(10):
        for index in range(WINDOW_FRAMES * 8):
            bad = index < 2 * WINDOW_FRAMES
            ladder.frame(late=bad, busy=1.5 if bad else 0.9)
    assert ladder.step.rung is Rung.FEWER_PIXELS


def test_frames_that_are_late_but_all_there_cost_no_painting() -> None:
    ladder = Ladder()
    for _ in range(WINDOW_FRAMES * 40):
        ladder.frame(late=True, busy=1.1)
    assert ladder.step.rung is Rung.FEWER_PIXELS


def test_where_no_pixels_may_be_spared_they_are_not_spared_further_down() -> None:
    followed = steps_of([Rung.FULL, Rung.PAINT_SLOWER, Rung.SHADERS])
    assert {step.detail for step in followed} == {1.0}


def test_every_step_is_cheaper_than_the_one_before() -> None:
    for before, after in [*pairwise(steps_of(ceiling=1 / 3)), *pairwise(steps_of(lines=2160))]:
        assert after.pace <= before.pace
        assert after.detail <= before.detail
        assert Moved(before, after, 1.0, "").down
        assert not Moved(after, before, 1.0, "").down


def test_a_show_that_stands_nearly_still_does_not_wait_for_a_whole_window() -> None:
    ladder = Ladder()
    for _ in range((len(STEPS) + 3 * GIVE_UP_WINDOWS) * (MANY_LATE + SETTLE_FRAMES)):
        ladder.frame(late=True, busy=5.0)
    assert ladder.step.rung is Rung.SMALL


def test_far_too_large_a_picture_comes_down_in_two_steps_and_finds_its_way_up() -> None:
    steps, moves = steps_of(lines=1080), list[Moved]()
    ladder = Ladder(steps, moved=moves.append)

    def run(frames: int, load: float) -> None:
        for _ in range(frames):
            cost = load * (0.25 + 3.5 * ladder.step.detail**2)
            ladder.frame(cost > 1.0, cost)

    run(2 * MANY_LATE + SETTLE_FRAMES, 1.0)
    assert [move.after for move in moves] == [steps[1], Step(Rung.FEWER_PIXELS, LOWEST_PACE, 0.5)]
    run(40 * WINDOW_FRAMES, 1.0)
    assert ladder.step.detail == 0.35
    moves.clear()
    run(40 * WINDOW_FRAMES, 0.1)
    assert ladder.step == steps[0], "what was left out has an estimate, and is not tried only once a minute"
    assert not any(move.down for move in moves)


def test_a_picture_of_a_wall_begins_with_fewer_pixels_and_finds_its_way_up() -> None:
    steps = steps_of(lines=1080)
    ladder = Ladder(steps, within=0.67)
    assert ladder.step == Step(Rung.FEWER_PIXELS, LOWEST_PACE, 0.5)
    for _ in range(20 * WINDOW_FRAMES):
        ladder.frame(False, 0.2 * ladder.step.detail**2)
    assert ladder.step == steps[0]
    assert (ladder.downs, ladder.ups) == (
        0,
        len(steps[: steps.index(Step(Rung.FEWER_PIXELS, LOWEST_PACE, 0.5))]),
    )
    assert Ladder(steps, within=1.0).step == steps[0]
    assert Ladder(steps_of({Rung.FULL, Rung.SMALL}), within=0.5).step.rung is Rung.FULL, "it paints"


def test_one_slow_moment_leaves_no_step_out() -> None:
    moves: list[Moved] = []
    ladder = Ladder(steps_of(lines=1080), moved=moves.append)
    for _ in range(MANY_LATE):
        ladder.frame(True, 4.0)
    for _ in range(WINDOW_FRAMES):
        ladder.frame(False, 0.3)
    assert [move.after for move in moves] == [steps_of(lines=1080)[1]]


def test_every_step_is_told_with_its_reason() -> None:
    machine = Machine()
    machine.run(MANY_LATE, load=3.0)
    (moved,) = machine.moves
    assert (moved.before.rung, moved.after.rung, moved.down) == (Rung.FULL, Rung.PAINT_SLOWER, True)
    assert "late" in moved.why
    assert moved.cost > 1.0


def test_it_begins_where_it_is_told_to_and_stays_there_for_a_while() -> None:
    machine = Machine(lambda moved: Ladder(start=Rung.SHADERS, moved=moved))
    assert machine.rung is Rung.SHADERS
    machine.run(WINDOW_FRAMES * (PROBE_WINDOWS - 1))
    assert machine.moves == []
    machine.run(WINDOW_FRAMES * PROBE_WINDOWS * len(STEPS))
    assert machine.rung is Rung.FULL


def test_it_never_steps_below_its_lowest_rung() -> None:
    ladder = Ladder(steps_of([Rung.FULL, Rung.PAINT_SLOWER]))
    for _ in range(WINDOW_FRAMES * 20):
        ladder.frame(late=True, busy=1.5)
    assert (ladder.step.rung, ladder.factor) == (Rung.PAINT_SLOWER, LOWEST_PACE)


def test_a_start_on_a_rung_that_is_not_there_is_on_the_next_cheaper_one() -> None:
    without = [rung for rung in RUNGS if rung is not Rung.SMALLER_GENERATOR]
    assert Ladder(steps_of(without), Rung.SMALLER_GENERATOR).step.rung is Rung.FEWER_PIXELS


def test_it_stays_where_it_is_while_it_is_held() -> None:
    ladder = Ladder()
    ladder.hold(True)
    for _ in range(WINDOW_FRAMES * 5):
        ladder.frame(late=True, busy=1.5)
    assert ladder.step.rung is Rung.FULL
    ladder.hold(False)
    for _ in range(WINDOW_FRAMES):
        ladder.frame(late=True, busy=1.5)
    assert ladder.step.rung is Rung.PAINT_SLOWER


def test_where_the_processor_draws_too_every_pace_is_below_the_ceiling() -> None:
    paces = [step.pace for step in steps_of(ceiling=1 / 3)]
    assert paces[:3] == [1 / 3, 1 / 6, LOWEST_PACE]
    assert paces == sorted(paces, reverse=True)


def test_the_rungs_are_named_from_best_to_cheapest() -> None:
    assert [str(rung) for rung in RUNGS] == [
        "full", "paint_slower", "smaller_generator", "fewer_pixels", "cached_latents", "shaders", "small",
    ]  # fmt: skip
    assert list(dict.fromkeys(step.rung for step in STEPS)) == list(RUNGS)


def test_a_show_cannot_begin_below_its_lowest_rung() -> None:
    check_rungs(ShowConfig(rung=Rung.SHADERS))
    with pytest.raises(UsageError, match="--rung shaders is below --lowest-rung full"):
        check_rungs(ShowConfig(rung=Rung.SHADERS, lowest_rung=Rung.FULL))


@pytest.mark.parametrize(("lines", "fewest"), [(90, 0.5), (720, 0.5), (1080, 0.35), (2160, 0.2)])
def test_only_a_large_picture_may_be_drawn_with_fewer_pixels_than_half(lines: int, fewest: float) -> None:
    painted = [step.detail for step in steps_of(lines=lines) if step.rung is Rung.FEWER_PIXELS]
    assert painted[:2] == [0.75, 0.5]
    assert painted[-1] == fewest
    assert all(detail >= HALF or detail * lines >= FEWEST_LINES for detail in painted)
