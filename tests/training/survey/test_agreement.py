"""Agreement and intervals against published examples."""

from __future__ import annotations

import numpy as np
import pytest

from chromesthesia_training.survey.agreement import krippendorff_alpha, over_raters, wilson

NONE = float("nan")
FOUR_OBSERVERS = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, NONE, NONE, NONE],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, NONE, 3],
        [NONE, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, NONE],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, NONE],
    ],
    dtype=np.float64,
)
"""The example of Krippendorff (2011), Computing Krippendorff's alpha-reliability: nominal 0.743, interval 0.849."""


def test_alpha_is_that_of_the_published_example() -> None:
    assert krippendorff_alpha(FOUR_OBSERVERS, "nominal") == pytest.approx(0.743, abs=0.0006)
    assert krippendorff_alpha(FOUR_OBSERVERS, "interval") == pytest.approx(0.849, abs=0.0006)


def test_alpha_is_one_for_one_mind_and_below_nothing_for_systematic_quarrel() -> None:
    assert krippendorff_alpha(np.array([[1.0, 2.0, 3.0]] * 3), "nominal") == 1.0
    quarrel = krippendorff_alpha(np.array([[1.0, 2.0], [2.0, 1.0]]), "nominal")
    assert quarrel is not None
    assert quarrel < 0.0


@pytest.mark.parametrize(
    "values",
    [np.array([[1.0, 2.0]]), np.array([[1.0, NONE], [NONE, 2.0]]), np.full((3, 2), 4.0), np.empty((0, 0))],
    ids=["one rater", "no unit twice", "all the same", "nothing"],
)
def test_alpha_says_nothing_where_there_is_nothing_to_say(values: np.ndarray) -> None:
    assert krippendorff_alpha(values, "interval") is None


def test_wilsons_interval_is_the_published_one_and_stays_within_0_and_1() -> None:
    assert wilson(81, 263) == pytest.approx((0.2553, 0.3662), abs=0.0001)  # Newcombe (1998), method 3
    assert wilson(0, 20) == pytest.approx((0.0, 0.1611), abs=0.0001)
    assert wilson(4, 4)[1] == 1.0
    with pytest.raises(ValueError, match="share of 0"):
        wilson(0, 0)


def test_raters_who_each_say_one_thing_make_a_wider_interval_than_their_many_answers_would() -> None:
    by_rater = {str(rater): [float(rater % 2)] * 30 for rater in range(6)}
    found = over_raters(by_rater, lambda values: float(values.mean()))
    assert found is not None
    low, high = wilson(90, 180)
    assert found[1] - found[0] > 2.0 * (high - low)
    assert over_raters({"one": [1.0, 0.0]}, lambda values: float(values.mean())) is None
