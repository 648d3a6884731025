"""What OSCQuery tells of an address space: nodes, and the containers that their paths make."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

NONE, READ, WRITE, READ_WRITE = 0, 1, 2, 3
"""Values of ACCESS."""

Item = float | int | bool | str | None
"""One value of a method, as JSON tells it."""


@dataclass(frozen=True, slots=True)
class Span:
    """What one value may be: from `low` to `high`, or one of `choices`. None: no end is told."""

    low: float | None = None
    high: float | None = None
    choices: tuple[Item, ...] = ()


@dataclass(frozen=True, slots=True)
class Overload:
    """Another type tag string that a method takes, with what each of its values may be."""

    type_tags: str
    spans: tuple[Span | None, ...] = ()


@dataclass(frozen=True, slots=True)
class Node:
    """One OSC method, or a container with more to say than its path.

    type_tags: empty for a container. spans, units, clip_modes, extended_types: one for each type tag, None where there
    is nothing to tell, or empty where there is for none. clip_modes: `none`, `low`, `high` or `both`. critical: no
    message to it may get lost.
    """

    path: str
    description: str = ""
    type_tags: str = ""
    access: int = NONE
    spans: tuple[Span | None, ...] = ()
    units: tuple[str | None, ...] = ()
    clip_modes: tuple[str | None, ...] = ()
    extended_types: tuple[str | None, ...] = ()
    tags: tuple[str, ...] = ()
    critical: bool = False
    overloads: tuple[Overload, ...] = ()

    @property
    def readable(self) -> bool:
        """True when its value may be asked for."""
        return bool(self.access & READ)


class NodeSource(Protocol):
    """Where the nodes come from. Everything here may be called from the server's thread at any time."""

    def nodes(self) -> Mapping[str, Node]:
        """Every node by its path; another object whenever anything but a value changed."""
        ...

    def value(self, path: str) -> Sequence[Item] | None:
        """The values of the method at `path` now, one for each type tag; None while it has none."""
        ...


class Space:
    """The tree that nodes make. Never changes; `nodes` is what it was made of."""

    def __init__(self, nodes: Mapping[str, Node]) -> None:
        """Raises ValueError for a path that does not begin with `/` or has an empty part."""
        self.nodes = nodes
        self._children: dict[str, dict[str, str]] = {"/": {}}
        for path in nodes:
            self._add(path)

    def __contains__(self, path: str) -> bool:
        return path in self.nodes or path in self._children

    def children(self, path: str) -> Mapping[str, str]:
        """Paths of the nodes right below `path`, by their names; empty for a method."""
        return self._children.get(path, {})

    def node(self, path: str) -> Node:
        """The node at `path`; a container that nobody described has only its path. KeyError where there is none."""
        node = self.nodes.get(path)
        if node is not None:
            return node
        if path not in self._children:
            raise KeyError(path)
        return Node(path)

    def is_container(self, path: str) -> bool:
        """True when something may lie below `path`."""
        return path in self._children

    def below(self, path: str) -> list[str]:
        """`path` and everything below it, in order."""
        found = [path]
        for child in self.children(path).values():
            found += self.below(child)
        return found

    def _add(self, path: str) -> None:
        if path == "/":
            return
        parts = path.split("/")
        if len(parts) < 2 or parts[0] or not all(parts[1:]):
            raise ValueError(f"{path!r} is no OSC address")
        above = "/"
        for name in parts[1:]:
            here = above + name if above == "/" else f"{above}/{name}"
            self._children.setdefault(above, {})[name] = here
            above = here


class SpaceKeeper:
    """The space of a source, made anew only when the source has other nodes. Use from one thread."""

    def __init__(self, nodes: Callable[[], Mapping[str, Node]]) -> None:
        self._nodes = nodes
        self._space = Space({})

    def now(self) -> Space:
        """The space as it is."""
        nodes = self._nodes()
        if nodes is not self._space.nodes:
            self._space = Space(nodes)
        return self._space
