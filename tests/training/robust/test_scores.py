"""The figures of robustness, on answers made up so that the right figure is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from chromesthesia_training.encoder.batches import STEP_S
from chromesthesia_training.robust.listening import Said
from chromesthesia_training.robust.scores import (
    ClipEnd,
    calibration_error,
    change_figures,
    clip_end,
    floor_shift,
    named_confidence,
    plane_distances,
    plane_places,
    scene_score,
    seconds_to_name,
)
from chromesthesia_training.robust.voices import Change


def said(named: list[int], sure: float = 0.8, activity: float = 1.0) -> Said:
    steps = len(named)
    probabilities = np.full((steps, 3), (1.0 - sure) / 2.0)
    probabilities[np.arange(steps), named] = sure
    return Said(np.zeros((steps, 2)), probabilities, np.full(steps, sure), np.full(steps, activity))


def end(named: int, sure: float = 0.8, plane: tuple[float, float] = (0.0, 0.0)) -> ClipEnd:
    answered = said([named] * 10, sure)
    answered.plane[:] = plane
    return clip_end(answered)


def change(at_step: int) -> Change:
    return Change("one", 0, 2, np.zeros(1, np.float32), at_step * STEP_S)


def test_a_change_is_named_once_the_right_name_stays() -> None:
    followed = said([0] * 20 + [0] * 5 + [2] * 3 + [0] * 2 + [2] * 20)
    assert seconds_to_name(change(20), followed) == pytest.approx(11 * STEP_S)


def test_a_change_that_is_never_named_is_none_and_one_named_before_is_not_counted() -> None:
    assert seconds_to_name(change(20), said([0] * 60)) is None
    before = seconds_to_name(change(20), said([2] * 60))
    assert before is not None
    assert math.isnan(before)
    assert seconds_to_name(change(20), said([0] * 20 + [2, 0] * 20)) is None


def test_the_share_that_is_named_counts_what_never_was() -> None:
    figures = change_figures([1.0, 2.0, None, 3.0, float("nan")])
    assert figures["changes"] == 4
    assert figures["called_so_before"] == 1
    assert figures["share_named"] == pytest.approx(0.75)
    assert figures["median_s"] == pytest.approx(2.0)
    assert change_figures([None, None])["share_named"] == 0.0


def test_a_closed_gate_names_nothing() -> None:
    assert named_confidence(said([1] * 60, 0.9)) == pytest.approx(0.9)
    assert named_confidence(said([1] * 60, 0.9, activity=0.0)) == 0.0


def test_scenes_are_scored_by_the_last_half_second() -> None:
    turned = clip_end(said([0] * 30 + [1] * 6))
    assert scene_score([1, 0, 2], [turned, end(0), end(2)]) == pytest.approx(1.0)
    assert scene_score([0, 0, 2], [turned, end(0), end(2)]) < 0.8


def test_the_floor_moves_what_it_moves() -> None:
    moved = floor_shift([end(0), end(2)], [end(2), end(2)])
    assert moved["angry"] == pytest.approx(-0.35)
    assert moved["sad"] == pytest.approx(0.35)
    assert moved["happy"] == pytest.approx(0.0)


def test_places_on_the_plane_are_means_and_distances_between_them() -> None:
    places = plane_places(
        [0, 0, 1], [end(0, plane=(-0.4, 0.8)), end(0, plane=(-0.2, 0.6)), end(1, plane=(0.5, 0.7))]
    )
    assert places["angry"] == pytest.approx((-0.3, 0.7))
    assert plane_distances(places) == {"angry_happy": pytest.approx(0.8)}


def test_calibration_is_zero_when_sure_is_right_that_often() -> None:
    assert calibration_error([0] * 8 + [1] * 2, [end(0, 0.8)] * 10) == pytest.approx(0.0, abs=1e-9)
    assert calibration_error([1] * 10, [end(0, 0.8)] * 10) == pytest.approx(0.8)
