"""Files by declaration: what does not fit is named with its place and value; what is written reads back the same."""

from __future__ import annotations

import math
import tomllib
from typing import Any

import msgspec
import pytest

from chromesthesia.core.schema import (
    MISSING,
    Line,
    MisfitError,
    Table,
    Whole,
    keys_of,
    read_table,
    toml_text,
    unknown_keys,
)


class Lamp(Table, frozen=True, rename={"places": "place"}):
    """One of a kind."""

    name: Line
    places: tuple[Whole, ...]
    size: tuple[Whole, Whole] = (1, 1)
    bright: float = 1.0


class Wall(Table, frozen=True, kw_only=True):
    """All kinds of things."""

    lamps: tuple[Lamp, ...]
    powers: dict[str, float] = msgspec.field(default_factory=dict)
    words: dict[str, str] = msgspec.field(default_factory=dict)
    spare: Lamp | None = None


HUGE = 10**400
GOOD: dict[str, Any] = {"lamps": [{"name": "a", "place": [1, 2]}]}


@pytest.mark.parametrize(
    ("change", "path", "expected", "value"),
    [
        ({"lamps": 3}, ("lamps",), "list", 3),
        ({"lamps": [3]}, ("lamps",), "a list of dict", [3]),
        ({"lamps": [{"name": "a"}]}, ("lamps", 0, "place"), "", MISSING),
        ({"lamps": [{"name": 1, "place": []}]}, ("lamps", 0, "name"), "str", 1),
        ({"lamps": [{"name": "a", "place": [1, "2"]}]}, ("lamps", 0, "place"), "a list of int", [1, "2"]),
        ({"lamps": [{"name": "a", "place": [1, 2**60]}]}, ("lamps", 0, "place"), "smaller numbers", [1, 2**60]),
        ({"lamps": [{"name": "a", "place": [], "size": [1]}]}, ("lamps", 0, "size"), "two numbers", [1]),
        ({"lamps": [{"name": "a", "place": [], "bright": True}]}, ("lamps", 0, "bright"), "a number", True),
        ({"lamps": [{"name": "a", "place": [], "bright": HUGE}]}, ("lamps", 0, "bright"), "a smaller number", HUGE),
        ({"powers": {"a": 1.0, "b.c": "x"}}, ("powers", "b.c"), "a number", "x"),
        ({"powers": {"a": 1.0, "b": True}}, ("powers", "b"), "a number", True),
        ({"powers": {"a": 1.0, "b": HUGE}}, ("powers", "b"), "a smaller number", HUGE),
        ({"words": {"a": "b", "c": 1}}, ("words", "c"), "str", 1),
        ({"spare": "no"}, ("spare",), "dict", "no"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named_with_its_place_and_value(
    change: dict[str, Any], path: tuple[str | int, ...], expected: str, value: object
) -> None:
    with pytest.raises(MisfitError) as caught:
        read_table({**GOOD, **change}, Wall)
    assert (caught.value.path, caught.value.expected, caught.value.value) == (path, expected, value)


def test_text_for_people_is_held_on_one_line_from_a_file_and_from_code() -> None:
    read = read_table({"lamps": [{"name": "one\ntwo\x1b", "place": []}]}, Wall)
    assert read.lamps[0].name == Lamp("one\ntwo\x1b", ()).name == "one two\N{REPLACEMENT CHARACTER}"


def test_what_is_written_reads_back_the_same_with_the_files_keys_and_without_nothing() -> None:
    wall = Wall(
        lamps=(Lamp('quo"te\\', (1, 2), (3, 4), 1e-10), Lamp("é", ())),
        powers={"a b": 5.245e-06, "nan": math.inf},
        words={"MODEL_CARD.md": "x"},
    )
    text = toml_text(wall)
    assert "place = [1, 2]" in text
    assert "spare" not in text
    assert read_table(tomllib.loads(text), Wall) == wall
    assert keys_of(Lamp) == ("name", "place", "size", "bright")


def test_keys_that_nobody_declared_are_found_at_every_depth() -> None:
    lamps = [{"name": "a", "place": []}, {"name": "b", "place": [], "z": 1, "y": 1}]
    raw = {"lamps": lamps, "powers": {"q": 1}, "x": 1}
    assert list(unknown_keys(raw, read_table(raw, Wall))) == [("", ["x"]), ("lamps[1].", ["y", "z"])]
