"""Address patterns of OSC 1.0, with `//` of 1.1."""

from __future__ import annotations

import pytest

from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.ports.osc.pattern import (
    LENGTH_LIMIT,
    STEPS_A_PACKET,
    STEPS_A_SECOND,
    PatternCostError,
    StepBudget,
    is_pattern,
    matching,
)

SETTINGS = tuple(param.path for param in PARAMETERS if param.writable)
ADDRESSES = ("/look/warp", "/look/grade/hue", "/look/grade/amount", "/audio/gain_db", "/b1", "/b2", "/b10")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("/look/warp", ("/look/warp",)),
        ("/look/*", ("/look/warp",)),
        ("/look/*/*", ("/look/grade/hue", "/look/grade/amount")),
        ("/*/grade/h?e", ("/look/grade/hue",)),
        ("/look/grade/{hue,amount}", ("/look/grade/hue", "/look/grade/amount")),
        ("/look/{grade,none}/a*t", ("/look/grade/amount",)),
        ("/b?", ("/b1", "/b2")),
        ("/b[1-9]", ("/b1", "/b2")),
        ("/b[!1]", ("/b2",)),
        ("/b[13-]0", ("/b10",)),
        ("/b1*", ("/b1", "/b10")),
        ("//hue", ("/look/grade/hue",)),
        ("/look//amount", ("/look/grade/amount",)),
        ("/look//warp", ("/look/warp",)),
        ("//*a*", ("/look/warp", "/look/grade/amount", "/audio/gain_db")),
        ("/look?warp", ()),
        ("/look[!x]warp", ()),
        ("/b[1", ()),
        ("/b{1", ()),
        ("/b1]", ()),
        ("/b[]", ()),
        ("*", ()),
    ],
)
def test_patterns_match_as_specified(pattern: str, expected: tuple[str, ...]) -> None:
    assert matching(pattern, ADDRESSES) == expected
    assert is_pattern(pattern) == (pattern != "/look/warp")


def test_a_pattern_made_to_explode_does_not() -> None:
    hostile = "/" + "*a" * 60 + "*b"
    assert len(hostile) <= LENGTH_LIMIT
    assert matching(hostile, ("/" + "a" * 24,)) == ()
    assert matching("/" + "*" * LENGTH_LIMIT, ADDRESSES) == ()


HOSTILE = {
    "star and words": "/" + "*{,/}" * 25,
    "star and one": "/" + "*?" * 63,
    "star and sets": "/" + "*[!a-bc-de-fg-hi-jk-l]" * 5,
    "many words": "/" + "*{" + "," * 110 + "}*",
    "empty words": "/" + "{,a}" * 31,
    "depths": "//" * 63,
    "depth and star": "//*" * 42,
}


class Meter(StepBudget):
    """Counts what was spent, and how often more was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.spent = self.asked = 0

    def spend(self, steps: int) -> None:
        self.asked += 1
        super().spend(steps)
        self.spent += steps


@pytest.mark.parametrize("pattern", HOSTILE.values(), ids=HOSTILE.keys())
def test_no_kind_of_pattern_takes_more_steps_than_a_packet_has(pattern: str) -> None:
    assert len(pattern) <= LENGTH_LIMIT
    meter = Meter()
    for _ in range(50):
        try:
            matching(pattern, SETTINGS, meter)
        except PatternCostError:
            break
    assert meter.spent <= STEPS_A_PACKET
    assert meter.asked > 0


@pytest.mark.parametrize("pattern", ["/*/*/*", "//*", "/look/*/amount", "/*/{grade,flow}/[a-h]*", "//?ue"])
def test_what_people_send_is_far_within_the_budget(pattern: str) -> None:
    meter = Meter()
    assert matching(pattern, SETTINGS, meter)
    assert meter.spent <= STEPS_A_PACKET / 4


def test_steps_come_back_with_time_but_never_more_than_a_packet() -> None:
    budget = StepBudget()
    budget.refill(10.0)
    with pytest.raises(PatternCostError, match="30000 steps"):
        budget.spend(STEPS_A_PACKET + 1)
    budget.spend(STEPS_A_PACKET)
    budget.refill(10.0)
    with pytest.raises(PatternCostError):
        budget.spend(1)
    budget.refill(10.01)
    budget.spend(STEPS_A_SECOND // 100 - 1)
    budget.refill(5.0)
    budget.refill(1000.0)
    budget.spend(STEPS_A_PACKET)
    with pytest.raises(PatternCostError):
        budget.spend(1)


def test_a_spent_budget_refuses_a_pattern_before_reading_it() -> None:
    budget = Meter()
    budget.spend(STEPS_A_PACKET - 10)
    budget.asked = 0
    with pytest.raises(PatternCostError):
        matching("/look/*/amount", SETTINGS, budget)
    assert budget.asked == 1
