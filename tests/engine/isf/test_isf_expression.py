"""Sums that say how large a pass is."""

from __future__ import annotations

import pytest

from chromesthesia.isf.expression import parse_expression

KNOWN = {"WIDTH": 640.0, "HEIGHT": 360.0, "blur": 3.0}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("640", 640),
        ("$WIDTH", 640),
        ("floor($WIDTH/4.0)", 160),
        ("$WIDTH / 3.0", 640 / 3),
        ("max($WIDTH*0.25, 1.0)", 160),
        ("floor($WIDTH*min((0.8+0.2*$blur),1.0))", 640),
        ("2 + 3 * 4 - 6 / 3", 12),
        ("-2 ** 2 + 2 ** 3 ** 0", -2),
        ("(1 + 2) * -3", -9),
        ("7 % 4 + mod(9, 5)", 7),
        ("pow(2, 10) + sqrt(16) + abs(-1) + ceil(0.2) + round(1.5)", 1032),
        ("1e2 + .5", 100.5),
        ("pi() - PI", 0),
    ],
)
def test_a_sum_is_worked_out(text: str, value: float) -> None:
    assert parse_expression(text, KNOWN).value(KNOWN) == pytest.approx(value)


@pytest.mark.parametrize("text", ["1 / 0", "1 % 0", "sqrt(0 - 1)", "9 ** 9 ** 9", "ln(0)"])
def test_what_has_no_value_has_none(text: str) -> None:
    assert parse_expression(text, KNOWN).value(KNOWN) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "ends too early"),
        ("1 +", "ends too early"),
        ("1 2", "one too many"),
        ("(1", r"\) is missing"),
        ("$width", "no \\$width; there are HEIGHT, WIDTH, blur"),
        ("open(1)", "no function open"),
        ("min(1, 2, 3, 4, 5)", "min of 5"),
        ("pow(2)", "pow of 1"),
        ("__import__('os')", "is no part of a sum"),
        ("1; 2", "is no part of a sum"),
        ("(" * 40 + "1" + ")" * 40, "nested too deep"),
        ("-" * 200 + "1", "nested too deep"),
        ("1" * 300, "300 characters"),
    ],
)
def test_what_is_no_sum_is_refused(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        parse_expression(text, KNOWN)


def test_sums_of_one_text_are_equal() -> None:
    one, same, other = (parse_expression(text, KNOWN) for text in ("$WIDTH", "$WIDTH ", "$HEIGHT"))
    assert one == same != other
    assert hash(one) == hash(same)
