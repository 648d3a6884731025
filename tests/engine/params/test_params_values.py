"""What a parameter takes from whom."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chromesthesia.params.declaration import Clip, Param, Value
from chromesthesia.params.values import (
    ParameterError,
    check_declarations,
    coerce,
    coerce_exact,
    moved,
    nearest,
)

AMOUNT = Param("/a/amount", 0.5, "", low=0.0, high=1.0)
COUNT = Param("/a/count", 3, "", low=0, high=9)
SWITCH = Param("/a/switch", False, "")
MODE = Param("/a/mode", "mirror", "", choices=("none", "mirror", "quad"))
TITLE = Param("/a/title", "", "")


@pytest.mark.parametrize(
    ("param", "raw", "expected"),
    [
        (AMOUNT, 1, 1.0),
        (AMOUNT, True, 1.0),
        (AMOUNT, -3.5, 0.0),
        (AMOUNT, 10**400, None),
        (AMOUNT, np.float32(0.25), 0.25),
        (COUNT, 4.6, 5),
        (COUNT, False, 0),
        (COUNT, 1e30, 9),
        (SWITCH, 1, True),
        (SWITCH, 0.0, False),
        (SWITCH, 0.4, False),
        (SWITCH, -1, True),
        (MODE, "quad", "quad"),
        (MODE, "Quad", "quad"),
        (MODE, 0, "none"),
        (MODE, 2.0, "quad"),
        (MODE, 99, "quad"),
        (MODE, True, "mirror"),
        (TITLE, "hall", "hall"),
        (AMOUNT, math.nan, None),
        (COUNT, math.inf, None),
        (MODE, -math.inf, None),
        (MODE, "mirorr", None),
        (SWITCH, b"\1", None),
        (AMOUNT, None, None),
        (TITLE, 4, None),
    ],
)
def test_numbers_stand_in_for_each_other_and_nonsense_is_refused(
    param: Param, raw: object, expected: Value | None
) -> None:
    if expected is None:
        with pytest.raises(ParameterError, match=param.path):
            coerce(param, raw)
    else:
        value = coerce(param, raw)
        assert value == expected
        assert type(value) is type(param.default)


@pytest.mark.parametrize(
    ("clip", "low", "high"), [("both", 0.0, 1.0), ("low", 0.0, 2.0), ("high", -2.0, 1.0), ("none", -2.0, 2.0)]
)
def test_the_clip_mode_says_which_end_holds(clip: str, low: float, high: float) -> None:
    param = Param("/a", 0.5, "", low=0.0, high=1.0, clip=Clip(clip))
    assert (coerce(param, -2.0), coerce(param, 2.0)) == (low, high)


def test_a_whole_number_never_outgrows_an_osc_int() -> None:
    assert coerce(Param("/a", 0, "", clip=Clip.NONE), 1e18) == 2**31 - 1


@given(st.one_of(st.floats(), st.integers(), st.booleans(), st.text(), st.binary(), st.none()))
def test_whatever_is_written_the_value_is_in_range_or_refused(raw: object) -> None:
    for param in (AMOUNT, COUNT, SWITCH, MODE):
        try:
            value = coerce(param, raw)
        except ParameterError:
            continue
        assert type(value) is type(param.default)
        if param.choices:
            assert value in param.choices
        elif param.is_number:
            assert param.low is not None
            assert param.high is not None
            assert param.low <= float(value) <= param.high


def test_a_file_must_have_the_right_type_and_range() -> None:
    assert coerce_exact(AMOUNT, 1) == 1.0
    for param, raw in ((AMOUNT, 1.5), (AMOUNT, True), (COUNT, 2.5), (SWITCH, 1), (MODE, 1), (TITLE, 3)):
        with pytest.raises(ParameterError, match=param.path):
            coerce_exact(param, raw)


def test_an_error_names_the_value_and_the_way_out() -> None:
    with pytest.raises(ParameterError) as caught:
        coerce(MODE, "mirorr")
    assert "'mirorr'" in str(caught.value)
    assert "did you mean mirror?" in str(caught.value)
    assert nearest("/a/amuont", ["/a/amount", "/b"]) == "did you mean /a/amount?"
    assert nearest("zzzz", ["/a/amount"]) == ""


@pytest.mark.parametrize(
    "params",
    [
        (AMOUNT, AMOUNT),
        (Param("no/slash", 0.0, ""),),
        (Param("/a/*", 0.0, ""),),
        (Param("/a", "x", "", choices=("y",)),),
        (Param("/a", 2.0, "", low=0.0, high=1.0),),
        (Param("/a", 0, "", low=0, high=1, routable=True),),
        (Param("/a", 0, "", smoothing_s=1.0),),
        (Param("/a", 0.0, ""), Param("/a/b", 0.0, "")),
        (Param("/a", 0.0, "", low=1.0, high=1.0),),
    ],
)
def test_declarations_that_contradict_themselves_are_found(params: tuple[Param, ...]) -> None:
    with pytest.raises(ValueError, match="/"):
        check_declarations(params)


@pytest.mark.parametrize(
    ("param", "text", "expected"),
    [
        (AMOUNT, "0.5", 0.5),
        (AMOUNT, " 1e-1 ", 0.1),
        (AMOUNT, "-7", 0.0),
        (AMOUNT, ".25", 0.25),
        (AMOUNT, "1e999", None),
        (COUNT, "4.6", 5),
        (SWITCH, "1", True),
        (SWITCH, "0", False),
        (MODE, "2", "quad"),
        (MODE, "99", "quad"),
        (TITLE, "7", "7"),
        *((AMOUNT, text, None) for text in ("", "nan", "inf", "0x1", "1_0", "½", "٣", "1,5", "9" * 5000)),
    ],
)
def test_a_number_may_come_as_text(param: Param, text: str, expected: Value | None) -> None:
    if expected is None:
        with pytest.raises(ParameterError, match=param.path):
            coerce(param, text)
    else:
        assert coerce(param, text) == expected


def test_in_a_file_a_number_is_no_text() -> None:
    for param in (AMOUNT, COUNT, SWITCH, MODE):
        with pytest.raises(ParameterError, match=param.path):
            coerce_exact(param, "1")


@pytest.mark.parametrize(
    ("param", "value", "by", "expected"),
    [
        (AMOUNT, 0.5, 0.25, 0.75),
        (AMOUNT, 0.5, -9, 0.0),
        (AMOUNT, 0.5, "0.25", 0.75),
        (AMOUNT, 0.5, True, 1.0),
        (COUNT, 3, 1.0, 4),
        (COUNT, 3, 0.4, 3),
        (COUNT, 3, 100, 9),
        (MODE, "quad", 1, "none"),
        (MODE, "none", -1, "quad"),
        (MODE, "none", 3e9, "none"),
        (AMOUNT, 0.5, math.nan, None),
        (COUNT, 3, math.inf, None),
        (AMOUNT, 0.5, "more", None),
        (AMOUNT, 0.5, None, None),
        (SWITCH, True, 1, None),
        (TITLE, "hall", 1, None),
    ],
)
def test_a_value_is_moved_from_where_it_is(
    param: Param, value: Value, by: object, expected: Value | None
) -> None:
    if expected is None:
        with pytest.raises(ParameterError, match=param.path):
            moved(param, value, by)
    else:
        assert moved(param, value, by) == expected
