"""The addresses beside a parameter's own: made from its declaration."""

from __future__ import annotations

from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Access, Choice, Number, Param, Switch, Whole
from chromesthesia.params.twins import TwinKind, index_address, twins


def kinds(param: Param) -> list[tuple[str, str]]:
    return [(twin.address, twin.type_tag) for twin in twins(param)]


def test_each_type_has_the_twins_that_make_sense() -> None:
    assert kinds(Number("/a", 0.0, "")) == [("/a_nudge", "f")]
    assert kinds(Whole("/a", 0, "")) == [("/a_nudge", "i")]
    assert kinds(Switch("/a", True, "")) == [("/a_toggle", "T")]
    assert kinds(Choice("/a", "x", "", choices=("x", "y"))) == [("/a_index", "i"), ("/a_nudge", "i")]
    assert kinds(Param("/a", "text", "")) == []


def test_of_a_reading_only_what_can_be_told() -> None:
    choice = Choice("/a", "x", "", choices=("x", "y"), access=Access.READ)
    assert [twin.kind for twin in twins(choice)] == [TwinKind.INDEX]
    assert index_address(choice) == "/a_index"
    assert kinds(Number("/a", 0.0, "", access=Access.READ)) == []


def test_no_twin_has_the_address_of_a_parameter() -> None:
    addresses = [twin.address for param in PARAMETERS for twin in twins(param)]
    assert len(set(addresses)) == len(addresses)
    assert not set(addresses) & {param.path for param in PARAMETERS}
