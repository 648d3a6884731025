"""Address patterns of OSC 1.0, with `//` of 1.1."""

from __future__ import annotations

import pytest

from chromesthesia.osc.pattern import LENGTH_LIMIT, is_pattern, matching

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
    hostile = "/" + "*a" * 100 + "*b"
    assert len(hostile) <= LENGTH_LIMIT
    assert matching(hostile, ("/" + "a" * 200,)) == ()
    assert matching("/" + "*" * LENGTH_LIMIT, ADDRESSES) == ()
