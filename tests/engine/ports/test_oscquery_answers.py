"""What is answered about a tree, field by field as the OSCQuery proposal says."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence

import pytest

from chromesthesia.ports.oscquery.answers import (
    Answer,
    address_of,
    answer,
    describe,
    extensions,
    split_target,
)
from chromesthesia.ports.oscquery.nodes import READ, READ_WRITE, WRITE, Item, Node, Overload, Space, Span

TREE: Mapping[str, Node] = {
    node.path: node
    for node in (
        Node("/", "the root"),
        Node("/level", "how loud", "f", READ, (Span(0.0, 100.0),), ("gain.linear",), ("both",)),
        Node("/pair", "two whole numbers", "ii", READ_WRITE, (Span(0, 50), None), tags=("setting",)),
        Node("/glass/state", "how full", "s", READ_WRITE, (Span(choices=("empty", "half", "full")),)),
        Node("/glass/drink", "at once", "N", WRITE, critical=True, overloads=(Overload("i"), Overload("f"))),
        Node("/glass/colour", "", "r", READ_WRITE, extended_types=("color.rgb.r",)),
        Node("/silent", "no value yet", "f", READ),
    )
}
VALUES: Mapping[str, Sequence[Item]] = {
    "/level": (0.5,),
    "/pair": (4, 51),
    "/glass/state": ("half",),
    "/glass/colour": ("#FA6432FF",),
}
SPACE = Space(TREE)


def asked(target: str) -> Answer:
    path, query = split_target(target)
    wanted = [name for name in query.split("&") if name]
    return answer(address_of(path), wanted, SPACE, VALUES.get, lambda: {"NAME": "Fake"})


def body(target: str) -> Mapping[str, object]:
    told = asked(target)
    assert told.status == 200, told
    assert told.body is not None
    json.dumps(told.body, allow_nan=False)
    return told.body


def test_a_method_is_told_whole() -> None:
    assert body("/level") == {
        "FULL_PATH": "/level",
        "DESCRIPTION": "how loud",
        "TYPE": "f",
        "ACCESS": 1,
        "VALUE": [0.5],
        "RANGE": [{"MIN": 0.0, "MAX": 100.0}],
        "UNIT": ["gain.linear"],
        "CLIPMODE": ["both"],
    }
    assert body("/glass/drink") == {
        "FULL_PATH": "/glass/drink",
        "DESCRIPTION": "at once",
        "TYPE": "N",
        "ACCESS": 2,
        "CRITICAL": True,
        "OVERLOADS": [{"TYPE": "i"}, {"TYPE": "f"}],
    }


def test_arrays_have_one_item_for_each_type_tag() -> None:
    told = body("/pair")
    assert told["TYPE"] == "ii"
    assert told["VALUE"] == [4, 51]
    assert told["RANGE"] == [{"MIN": 0, "MAX": 50}, None]
    assert told["TAGS"] == ["setting"]
    assert body("/glass/state")["RANGE"] == [{"VALS": ["empty", "half", "full"]}]


def test_a_container_is_told_with_all_below_it() -> None:
    root = body("/")
    assert root["FULL_PATH"] == "/"
    assert root["DESCRIPTION"] == "the root"
    assert root["ACCESS"] == 0
    assert "TYPE" not in root
    contents = root["CONTENTS"]
    assert isinstance(contents, dict)
    assert set(contents) == {"level", "pair", "glass", "silent"}
    assert contents["level"] == body("/level")
    glass = body("/glass")
    assert contents["glass"] == glass
    assert glass == {
        "FULL_PATH": "/glass",
        "ACCESS": 0,
        "CONTENTS": {name: body(f"/glass/{name}") for name in ("state", "drink", "colour")},
    }
    assert "CONTENTS" not in body("/level"), "a missing CONTENTS says that it is a method"


@pytest.mark.parametrize(
    ("target", "told"),
    [
        ("/level?VALUE", {"VALUE": [0.5]}),
        ("/level?RANGE", {"RANGE": [{"MIN": 0.0, "MAX": 100.0}]}),
        ("/level?FULL_PATH", {"FULL_PATH": "/level"}),
        ("/level?TYPE", {"TYPE": "f"}),
        ("/level?ACCESS", {"ACCESS": 1}),
        ("/level?DESCRIPTION", {"DESCRIPTION": "how loud"}),
        ("/level?UNIT", {"UNIT": ["gain.linear"]}),
        ("/level?CLIPMODE", {"CLIPMODE": ["both"]}),
        ("/pair?TAGS", {"TAGS": ["setting"]}),
        ("/glass/colour?EXTENDED_TYPE", {"EXTENDED_TYPE": ["color.rgb.r"]}),
        ("/glass/drink?CRITICAL", {"CRITICAL": True}),
        ("/glass/drink?OVERLOADS", {"OVERLOADS": [{"TYPE": "i"}, {"TYPE": "f"}]}),
        ("/glass?TYPE", {}),
        ("/level?CONTENTS", {}),
        ("/level?TAGS", {}),
        ("/silent?VALUE", {}),
        ("/level?VALUE&RANGE", {"VALUE": [0.5], "RANGE": [{"MIN": 0.0, "MAX": 100.0}]}),
        ("/level?VALUE#part", {"VALUE": [0.5]}),
        ("/level/?VALUE", {"VALUE": [0.5]}),
        ("/%6Cevel?VALUE", {"VALUE": [0.5]}),
        ("/nowhere?HOST_INFO", {"NAME": "Fake"}),
        ("/?HOST_INFO", {"NAME": "Fake"}),
    ],
)
def test_one_attribute_is_told_alone(target: str, told: Mapping[str, object]) -> None:
    assert body(target) == told


def test_contents_alone() -> None:
    assert body("/glass?CONTENTS") == {"CONTENTS": body("/glass")["CONTENTS"]}


@pytest.mark.parametrize(
    ("target", "status"),
    [
        ("/nowhere", 404),
        ("/nowhere?TYPE", 404),
        ("/level/below", 404),
        ("level", 404),
        ("//level", 404),
        ("/" + "a/" * 500, 404),
        ("/level?COLOUR", 400),
        ("/level?value", 400),
        ("/level?VALUE&COLOUR", 400),
        ("/glass?VALUE", 204),
        ("/glass/drink?VALUE", 204),
        ("/?VALUE", 204),
    ],
)
def test_error_codes(target: str, status: int) -> None:
    assert asked(target) == Answer(status)


def test_only_what_some_node_fills_is_an_extension() -> None:
    told = extensions(SPACE)
    assert all(told.values())
    assert set(told) == {
        "ACCESS",
        "VALUE",
        "RANGE",
        "DESCRIPTION",
        "TAGS",
        "EXTENDED_TYPE",
        "UNIT",
        "CRITICAL",
        "CLIPMODE",
        "OVERLOADS",
        "LISTEN",
        "PATH_CHANGED",
        "PATH_ADDED",
        "PATH_REMOVED",
        "PATH_RENAMED",
    }
    bare = Space({"/level": Node("/level", "", "f", READ)})
    assert "UNIT" not in extensions(bare)
    assert answer("/level", ["UNIT"], bare, VALUES.get, dict) == Answer(400), "recognised, and not supported"


def test_numbers_that_json_has_not_are_null() -> None:
    space = Space({"/level": Node("/level", "", "fff", READ)})
    told = describe(space, "/level", lambda path: (math.nan, math.inf, 1.5))
    assert told["VALUE"] == [None, None, 1.5]


@pytest.mark.parametrize("path", ["level", "/a//b", "/a/", "//"])
def test_a_path_that_is_no_address_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="no OSC address"):
        Space({path: Node(path)})
