"""A black, frozen or broken picture is told, and one that is meant to be so is not."""

from __future__ import annotations

import numpy as np
import pytest

from chromesthesia.core.records import UInt8
from chromesthesia.health.output_watch import BLACK, FROZEN, FROZEN_S, NO_NUMBERS, Expected, OutputWatch
from chromesthesia.health.status import Figures, ShowStatus
from chromesthesia.health.telling import health_of, hud_of

RNG = np.random.default_rng(1)
DARK: UInt8 = np.zeros((90, 160, 3), np.uint8)
STILL: UInt8 = RNG.integers(0, 255, (90, 160, 3), dtype=np.uint8)


def moving() -> UInt8:
    return RNG.integers(0, 255, (90, 160, 3), dtype=np.uint8)


def test_a_moving_picture_is_fine() -> None:
    watch = OutputWatch()
    for number in range(100):
        watch.take(moving(), True, Expected(), number / 4.0)
        assert watch.fault == ""
    assert watch.counts() == {"looked at": 100, BLACK: 0, FROZEN: 0, NO_NUMBERS: 0}


def test_a_black_picture_is_told_at_once_and_again_fine_when_there_is_light() -> None:
    watch = OutputWatch()
    watch.take(DARK, True, Expected(), 0.0)
    assert watch.fault == BLACK
    watch.take(moving(), True, Expected(), 0.25)
    assert watch.fault == ""


def test_a_picture_that_stands_still_to_the_last_bit_is_told_after_a_while() -> None:
    watch = OutputWatch()
    told = []
    for number in range(20):
        watch.take(STILL.copy(), True, Expected(), number / 4.0)
        told.append(watch.fault)
    assert told.index(FROZEN) == FROZEN_S * 4
    watch.take(np.clip(STILL, 0, 250), True, Expected(), 9.0)
    assert watch.fault == ""


@pytest.mark.parametrize("pixels", [DARK, STILL])
@pytest.mark.parametrize("expected", [Expected(lit=False), Expected(heard=False)])
def test_what_is_meant_to_be_dark_or_silent_is_no_fault(pixels: UInt8, expected: Expected) -> None:
    watch = OutputWatch()
    for number in range(100):
        watch.take(pixels, True, expected, number / 4.0)
        assert watch.fault == ""
    # From the moment that light is wanted it counts anew.
    watch.take(STILL, True, Expected(), 25.0)
    assert watch.fault == ""


def test_a_picture_held_still_by_hand_is_no_fault_but_a_black_one_is() -> None:
    watch = OutputWatch()
    for number in range(100):
        watch.take(STILL, True, Expected(moving=False), number / 4.0)
        assert watch.fault == ""
    watch.take(DARK, True, Expected(moving=False), 26.0)
    assert watch.fault == BLACK


def test_what_is_no_number_is_told_whatever_was_expected() -> None:
    watch = OutputWatch()
    watch.take(moving(), False, Expected(lit=False, heard=False), 0.0)
    assert watch.fault == NO_NUMBERS


def test_everybody_is_told() -> None:
    status = ShowStatus(Figures(picture=BLACK), {}, ())
    assert hud_of(status).message == "the picture is black"
    assert health_of(status)["picture"] == BLACK
