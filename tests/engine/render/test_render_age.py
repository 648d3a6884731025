"""A show is the same at any age: no phase that grows may reach a shader, and rounds join without a seam."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest

from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.mapping.mapper import Mapper
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Value
from chromesthesia.params.presets import load_preset
from chromesthesia.params.tree import ParameterTree
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.motion import FLOW_ROUND_S, RUN_ROUND, Motion
from chromesthesia.render.renderer import Renderer
from chromesthesia.testing.render import heard, picture

PRESETS = sorted((Path(__file__).resolve().parents[3] / "presets").glob("*.toml"))
DT_S = 1 / 30
WEEK_S = 96 * 2000 * math.pi
"""A week, less what keeps the slow swings of the view, all of whole milliradians a second, where they were."""
SAMPLES, APART_S = 24, 11.3
FIRST_HOURS_S = (300.0, 1000.0, 20_000.0)
"""What turns, falls and is drawn into itself moves by a fifth more or less from minute to minute, at any age."""


@pytest.fixture
def renderer(surface: HeadlessSurface) -> Iterator[Renderer]:
    """Without the limiter, which would hold the jumps in time between two samples."""
    renderer = Renderer(surface.ctx, 160, 90, flash_limiter=False)
    yield renderer
    renderer.release()


def mean_change(renderer: Renderer, path: Path, age_s: float) -> float:
    """Mean difference of two frames in a row, of 255, at moments spread over four minutes from `age_s` on."""
    preset = load_preset(path)
    tree = ParameterTree(PARAMETERS)
    for name, value in preset.params.items():
        tree.write(name, value, "test")
    mapper, hearing, painted = Mapper(), heard(0.2, 0.3, 0.5), picture(3)
    renderer.restart()
    changes, time_s, gap_s = [], 0.0, age_s or DT_S
    for _ in range(SAMPLES):
        frames = []
        for dt_s in (gap_s, DT_S, DT_S):
            time_s += dt_s
            look = mapper.step(DT_S, tree.snapshot(), preset.routes, hearing)
            renderer.render(FrameInputs(time_s, dt_s, look, hearing, painted, painted, 1.0, 1, 1))
            frames.append(renderer.read_pixels().astype(np.int16))
        changes.append(np.abs(frames[2] - frames[1]).mean())
        gap_s = APART_S
    return float(np.mean(changes))


@pytest.mark.gl
@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_a_preset_moves_after_a_week_as_at_the_start(renderer: Renderer, path: Path) -> None:
    fresh, aged = [mean_change(renderer, path, 0.0)], mean_change(renderer, path, WEEK_S)
    if aged != pytest.approx(fresh[0], rel=0.1):
        fresh += [mean_change(renderer, path, age_s) for age_s in FIRST_HOURS_S]
    assert 0.9 * min(fresh) <= aged <= 1.1 * max(fresh)


STEADY: dict[str, Value] = {
    "/look/view/drift": 0.0, "/look/view/facet": "rain", "/look/view/facet_size": 0.3, "/look/flow/amount": 1.0,
    "/look/flow/treble": 1.0, "/look/trails/amount": 0.0, "/look/finish/grain": 0.0,
}  # fmt: skip
RAIN_ROUND_S = 4.0 * RUN_ROUND


@pytest.mark.gl
@pytest.mark.parametrize(
    "seam_s",
    [FLOW_ROUND_S, 2 * FLOW_ROUND_S, 5 * FLOW_ROUND_S, RAIN_ROUND_S + 20.0, 3 * RAIN_ROUND_S + 20.0],
    ids=lambda seam_s: f"{seam_s:.0f}s",
)
def test_nothing_is_seen_where_a_round_ends(renderer: Renderer, seam_s: float) -> None:
    def changes() -> Iterator[float]:
        last, time_s = None, 0.0
        for dt_s in (seam_s - 3.5 * DT_S, *[DT_S] * 6):
            time_s += dt_s
            renderer.render(FrameInputs(time_s, dt_s, STEADY, heard(), picture(3), picture(3), 1.0, 1, 1))
            pixels = renderer.read_pixels().astype(np.int16)
            if last is not None:
                yield float(np.abs(pixels - last).mean())
            last = pixels

    before, at_the_seam, after = list(changes())[2:5]
    assert at_the_seam == pytest.approx(before, rel=0.2)
    assert at_the_seam == pytest.approx(after, rel=0.2)


@pytest.mark.parametrize("age_s", [0.0, 86_400.0, 604_800.0, 3.2e9])
def test_no_number_that_reaches_a_shader_grows(age_s: float) -> None:
    values: dict[str, Value] = {"/look/view/spin": 7.0, "/look/view/drift": 1.0, "/look/trails/zoom": -1.0}
    motion = Motion()
    motion.step(age_s, age_s, values, heard())
    moved = motion.step(age_s + DT_S, DT_S, values, heard())
    numbers = np.hstack([np.ravel(value) for value in astuple(moved)])
    rounds = np.hstack([moved.flow_round, moved.run_rounds, moved.wide, moved.fine])
    assert np.all(rounds == np.float32(rounds))
    assert np.abs(np.setdiff1d(numbers, rounds)).max() <= FLOW_ROUND_S


def test_the_fold_goes_on_where_the_view_has_turned_once() -> None:
    values: dict[str, Value] = {"/look/view/spin": 90.0, "/look/view/segments": 5, "/look/view/drift": 0.4}
    motion = Motion()
    turned = [motion.step(n * 0.1, 0.1, values, None).fold_turn for n in range(200)]
    assert np.diff(np.unwrap(turned)) == pytest.approx(0.5 * math.radians(9.0) + 0.002)
    assert np.ptp(turned) > math.pi


def test_a_fold_that_is_old_does_not_jump_with_the_drift() -> None:
    motion = Motion()
    before = motion.step(0.0, 604_800.0, {"/look/view/drift": 0.3}, None).fold_turn
    after = motion.step(0.0, DT_S, {"/look/view/drift": 0.4}, None).fold_turn
    assert after == pytest.approx(before, abs=0.01)


def test_a_gap_of_an_hour_ends_the_trails_and_nothing_else() -> None:
    moved = Motion().step(3600.0, 3600.0, {"/look/trails/zoom": -1.0, "/look/trails/amount": 1.0}, None)
    assert moved.keep < 1e-9
    assert all(math.isfinite(value) for value in moved.trail_turn)
