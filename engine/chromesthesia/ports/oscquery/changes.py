"""What to tell clients when one tree takes the place of another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chromesthesia.ports.oscquery.commands import (
    PATH_ADDED,
    PATH_CHANGED,
    PATH_REMOVED,
    PATH_RENAMED,
    Event,
)
from chromesthesia.ports.oscquery.nodes import Node, Space

MOST_EVENTS = 64
"""More than this are told as one: everything below the root has changed."""


@dataclass(frozen=True, slots=True)
class Changes:
    """events: in the order in which they are told. renamed: the new path of every node that has another, by its old."""

    events: tuple[Event, ...]
    renamed: Mapping[str, str]


NOTHING = Changes((), {})


def changes(before: Space, after: Space) -> Changes:
    """What came, went, got another name or became different; values do not count.

    A branch that came or went is told by its topmost path. A branch that went and one that came beside it, both the
    only ones of their shape, are one that was renamed. Whatever holds one that came, went or was renamed has changed.
    """
    if before.nodes is after.nodes:
        return NOTHING
    gone = _tops(before, after)
    come = _tops(after, before)
    renames = _renames(before, after, gone, come)
    events = [Event(PATH_REMOVED, path) for path in gone if path not in renames]
    events += [Event(PATH_RENAMED, new, was=old) for old, new in renames.items()]
    events += [Event(PATH_ADDED, path) for path in come if path not in renames.values()]
    different = [path for path, node in after.nodes.items() if path in before and before.node(path) != node]
    touched = dict.fromkeys([_above(path) for path in (*gone, *come)] + different)
    events += [Event(PATH_CHANGED, path) for path in touched]
    if len(events) > MOST_EVENTS:
        events = [Event(PATH_CHANGED, "/")]
    renamed = {path: new + path[len(old) :] for old, new in renames.items() for path in before.below(old)}
    return Changes(tuple(events), renamed)


def _tops(space: Space, other: Space) -> list[str]:
    """The topmost paths of `space` that `other` has not."""
    found: list[str] = []
    waiting = ["/"]
    while waiting:
        path = waiting.pop(0)
        if path not in other:
            found.append(path)
        else:
            waiting += space.children(path).values()
    return found


def _renames(before: Space, after: Space, gone: list[str], come: list[str]) -> dict[str, str]:
    old = _by_shape(before, gone)
    new = _by_shape(after, come)
    return {
        paths[0]: new[shape][0]
        for shape, paths in old.items()
        if len(paths) == 1 and len(new.get(shape, ())) == 1
    }


def _by_shape(space: Space, tops: list[str]) -> dict[tuple[str, tuple[Node, ...]], list[str]]:
    """Branches by where they hang and what they are, whatever they are called."""
    shapes: dict[tuple[str, tuple[Node, ...]], list[str]] = {}
    for top in tops:
        inside = tuple(replace(space.node(path), path=path[len(top) :]) for path in space.below(top))
        shapes.setdefault((_above(top), inside), []).append(top)
    return shapes


def _above(path: str) -> str:
    return path.rpartition("/")[0] or "/"
