"""Slopes that the cost of growth is told by."""

from __future__ import annotations

import pytest
from benchmarks.growth import Growth, fitted, table


def test_a_line_is_found_again() -> None:
    assert fitted((1, 2, 8), (5.0, 7.0, 19.0)) == pytest.approx((2.0, 3.0))
    assert fitted((4, 4), (3.0, 5.0)) == (0.0, 4.0)


def test_the_table_tells_slope_and_delays() -> None:
    text = table([Growth("things", (1.0, 2.0), (3.0, 5.0), "ms a frame", "thing", (20.0, 21.0))])
    assert text.splitlines()[2] == "| things | 1, 2 | 3, 5 ms a frame | 2 ms a thing, from 1 | 20, 21 ms |"
