"""What is answered to an HTTP request for a node or one of its attributes: a status, and JSON."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from chromesthesia.ports.oscquery.nodes import Item, Node, Space, Span

OK, NO_CONTENT, BAD_REQUEST, NOT_FOUND = 200, 204, 400, 404

HOST_INFO = "HOST_INFO"
ATTRIBUTES = (
    "FULL_PATH",
    "DESCRIPTION",
    "TYPE",
    "ACCESS",
    "VALUE",
    "RANGE",
    "UNIT",
    "CLIPMODE",
    "EXTENDED_TYPE",
    "TAGS",
    "CRITICAL",
    "OVERLOADS",
    "CONTENTS",
)
"""Every attribute that can be asked for, in the order in which a node is told."""
REQUIRED = frozenset({"FULL_PATH", "CONTENTS", "TYPE"})
EVENTS = ("LISTEN", "PATH_CHANGED", "PATH_ADDED", "PATH_REMOVED", "PATH_RENAMED")
DEEPEST = 64
"""Paths of more parts than this are not there."""

Json = Mapping[str, object]
ValueOf = Callable[[str], Sequence[Item] | None]


_FILLED: Mapping[str, Callable[[Node], object]] = {
    "DESCRIPTION": lambda node: node.description,
    "ACCESS": lambda node: True,
    "VALUE": lambda node: node.readable,
    "RANGE": lambda node: any(node.spans),
    "UNIT": lambda node: any(node.units),
    "CLIPMODE": lambda node: any(node.clip_modes),
    "EXTENDED_TYPE": lambda node: any(node.extended_types),
    "TAGS": lambda node: node.tags,
    "CRITICAL": lambda node: node.critical,
    "OVERLOADS": lambda node: node.overloads,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, and the JSON object that goes with it; None for no content."""

    status: int
    body: Json | None = None


def split_target(target: str) -> tuple[str, str]:
    """The path of a request's target, percent signs resolved, and its query; the fragment is left out."""
    path, _, query = target.partition("#")[0].partition("?")
    return unquote(path, errors="replace"), query


def address_of(path: str) -> str:
    """The OSC address that a path means: `/look/` is `/look`."""
    return path.rstrip("/") or "/"


def extensions(space: Space) -> dict[str, bool]:
    """What HOST_INFO says that there is beyond what is required: the attributes that a node of `space` fills."""
    nodes = space.nodes.values()
    filled = [name for name, fills in _FILLED.items() if any(fills(node) for node in nodes)]
    return dict.fromkeys((*filled, *EVENTS), True)


def answer(
    path: str, query: Sequence[str], space: Space, value_of: ValueOf, host_info: Callable[[], Json]
) -> Answer:
    """The answer to a request for `path`. query: the attributes asked for; none for the node with all below it.

    404 where there is no node, 400 for an attribute that this server does not have, 204 for the value of what has none
    to be read.
    """
    if HOST_INFO in query:
        return Answer(OK, host_info())
    if path.count("/") > DEEPEST or path not in space:
        return Answer(NOT_FOUND)
    if not query:
        return Answer(OK, describe(space, path, value_of))
    known = REQUIRED | extensions(space).keys()
    if any(name not in ATTRIBUTES or name not in known for name in query):
        return Answer(BAD_REQUEST)
    node = space.node(path)
    if "VALUE" in query and not node.readable:
        return Answer(NO_CONTENT)
    told = describe(space, path, value_of, contents="CONTENTS" in query)
    return Answer(OK, {name: told[name] for name in ATTRIBUTES if name in query and name in told})


def describe(space: Space, path: str, value_of: ValueOf, contents: bool = True) -> Json:
    """Everything there is to tell of the node at `path`. contents: and of all below it."""
    node = space.node(path)
    told: dict[str, object] = {"FULL_PATH": path}
    if node.description:
        told["DESCRIPTION"] = node.description
    if node.type_tags:
        told["TYPE"] = node.type_tags
    told["ACCESS"] = node.access
    if node.readable:
        value = value_of(path)
        if value is not None:
            told["VALUE"] = [_finite(item) for item in value]
    _tell_items(told, node)
    if node.tags:
        told["TAGS"] = list(node.tags)
    if node.critical:
        told["CRITICAL"] = True
    if node.overloads:
        told["OVERLOADS"] = [
            {"TYPE": other.type_tags, **({"RANGE": _ranges(other.spans)} if any(other.spans) else {})}
            for other in node.overloads
        ]
    if contents and space.is_container(path):
        told["CONTENTS"] = {
            name: describe(space, child, value_of) for name, child in space.children(path).items()
        }
    return told


def _tell_items(told: dict[str, object], node: Node) -> None:
    if any(node.spans):
        told["RANGE"] = _ranges(node.spans)
    for name, items in (
        ("UNIT", node.units),
        ("CLIPMODE", node.clip_modes),
        ("EXTENDED_TYPE", node.extended_types),
    ):
        if any(items):
            told[name] = list(items)


def _ranges(spans: Sequence[Span | None]) -> list[Json | None]:
    return [None if span is None else _range(span) for span in spans]


def _range(span: Span) -> Json:
    told: dict[str, object] = {}
    if span.low is not None:
        told["MIN"] = span.low
    if span.high is not None:
        told["MAX"] = span.high
    if span.choices:
        told["VALS"] = list(span.choices)
    return told


def _finite(item: Item) -> Item:
    """JSON has no infinity and no not-a-number."""
    return None if isinstance(item, float) and not math.isfinite(item) else item
