"""A show's parameters, readings and actions as the nodes of an OSCQuery tree."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from chromesthesia.control.controller import Controller
from chromesthesia.core.user_files import one_line
from chromesthesia.params.actions import ACTIONS, PRESET_LOAD, Action
from chromesthesia.params.declaration import Param, Value
from chromesthesia.params.presets import PresetLibrary
from chromesthesia.params.tree import Declared, ParameterTree
from chromesthesia.params.values import TEXT_LIMIT
from chromesthesia.ports.osc.input import index_twin
from chromesthesia.ports.oscquery.nodes import WRITE, Item, Node, Overload, Span

UNITS: Mapping[str, str] = MappingProxyType(
    {
        "s": "time.second",
        "ms": "time.ms",
        "Hz": "time.hz",
        "dB": "gain.db-raw",
        "deg": "angle.degree",
    }
)
"""The proposal's words for units; those it has no word for are told as they are."""
ROOT = "A live instrument that paints what it hears"
BUTTON = "N"
"""Type tag of an action without an argument: it is done when a message comes."""
_NUMBERS = ("i", "f", "T")


class ShowNodes:
    """`nodes.NodeSource` of a show; any thread. `readings` is given by the port whenever it has taken them."""

    def __init__(self, tree: ParameterTree, controller: Controller) -> None:
        self._tree = tree
        self._controller = controller
        self._lock = threading.Lock()
        self._declared: Declared | None = None
        self._library: PresetLibrary | None = None
        self._nodes: Mapping[str, Node] = {}
        self._twins: Mapping[str, Param] = {}
        self.readings: Mapping[str, Value] = {}

    def nodes(self) -> Mapping[str, Node]:
        """Every parameter, reading and action. Made anew when parameters or presets came or went."""
        declared, library = self._tree.declared, self._controller.library
        with self._lock:
            if declared is not self._declared or library is not self._library:
                self._make(declared, library)
            return self._nodes

    def _make(self, declared: Declared, library: PresetLibrary) -> None:
        params = declared.params
        twins = {
            twin: param
            for param in params.values()
            if param.writable and (twin := index_twin(param)) is not None and twin not in params
        }
        nodes = {"/": Node("/", ROOT)}
        nodes |= {path: _node_of(param) for path, param in params.items()}
        nodes |= {twin: _twin_node(twin, param) for twin, param in twins.items()}
        nodes |= {action.path: _action_node(action, library.names) for action in ACTIONS}
        self._twins, self._nodes = twins, nodes
        self._declared, self._library = declared, library

    def value(self, path: str) -> Sequence[Item] | None:
        """The value now; a reading's as it was taken last, None before the first."""
        snapshot = self._tree.snapshot()
        twin = self._twins.get(path)
        if twin is not None:
            value = snapshot.get(twin.path)
            return None if value is None else told_index(twin, value)
        value = snapshot[path] if path in snapshot else self.readings.get(path)
        return None if value is None else told(value)


def told(value: Value) -> tuple[Item]:
    """A value as it is told: text on one line."""
    return (one_line(value, TEXT_LIMIT) if isinstance(value, str) else value,)


def told_index(param: Param, value: Value) -> tuple[Item]:
    """A choice by its number."""
    return (param.choices.index(str(value)),)


def _node_of(param: Param) -> Node:
    return Node(
        param.path,
        param.description,
        param.type_tag,
        int(param.access),
        spans=(_span(param),),
        units=(UNITS.get(param.unit, param.unit) or None,),
        clip_modes=(param.clip.value if param.is_number and param.writable else None,),
        tags=tuple(_tags(param)),
        overloads=tuple(_overloads(param)) if param.writable else (),
    )


def _twin_node(path: str, param: Param) -> Node:
    return Node(
        path,
        f"{param.description}, by number",
        "i",
        int(param.access),
        spans=(_numbers(len(param.choices)),),
        clip_modes=("both",),
        tags=("index", *_tags(param)),
        overloads=(Overload("f"),),
    )


def _span(param: Param) -> Span | None:
    if param.choices:
        return Span(choices=param.choices)
    if not param.is_number or (param.low is None and param.high is None):
        return None
    if param.is_float:
        return Span(param.low, param.high)
    return Span(_whole(param.low), _whole(param.high))


def _whole(end: float | None) -> int | None:
    return None if end is None else int(end)


def _numbers(count: int) -> Span:
    return Span(0, count - 1, tuple(range(count)))


def _tags(param: Param) -> Iterator[str]:
    if not param.writable:
        yield "reading"
        return
    yield "setting"
    yield "room" if param.room else "look"
    if param.routable:
        yield "routable"


def _overloads(param: Param) -> Iterator[Overload]:
    if param.choices:
        yield Overload("i", (_numbers(len(param.choices)),))
    elif param.is_number:
        yield Overload("i" if param.is_float else "f", (_span(param),))
    elif isinstance(param.default, bool):
        yield Overload("i", (Span(0, 1),))


def _action_node(action: Action, presets: Sequence[str]) -> Node:
    if action.argument is None:
        return Node(
            action.path,
            action.description,
            BUTTON,
            WRITE,
            tags=("action",),
            overloads=tuple(Overload(tag) for tag in _NUMBERS),
        )
    first, *others = tuple(action.argument.kinds)
    spans = _preset_spans(presets) if action is PRESET_LOAD else {}
    return Node(
        action.path,
        f"{action.description} ({action.argument.name}: {action.argument.description})",
        first,
        WRITE,
        spans=(spans.get(first),),
        tags=("action",),
        overloads=tuple(Overload(tag, (spans.get(tag),)) for tag in others),
    )


def _preset_spans(presets: Sequence[str]) -> Mapping[str, Span]:
    if not presets:
        return {}
    return {"s": Span(choices=tuple(presets)), "i": _numbers(len(presets))}
