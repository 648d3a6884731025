"""A show's parameters, readings and actions as the nodes of an OSCQuery tree."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from types import MappingProxyType

from chromesthesia.control.controller import Controller
from chromesthesia.core.user_files import one_line
from chromesthesia.params.actions import ACTIONS, PRESET_LOAD, PRESET_MORPH, Action
from chromesthesia.params.declaration import Param, Value
from chromesthesia.params.presets import PresetLibrary
from chromesthesia.params.tree import Declared, ParameterTree
from chromesthesia.params.twins import Twin, TwinKind, twins
from chromesthesia.params.values import TEXT_LIMIT
from chromesthesia.ports.oscquery.nodes import READ_WRITE, WRITE, Item, Node, Overload, Span

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
_PRESSED = tuple(Overload(tag) for tag in ("i", "f", "T"))
"""What a button takes beside nothing; 0 and false do nothing."""
MOST_SIGNATURES = 16
"""Most type tag strings of one action that are told."""


class ShowNodes:
    """`nodes.NodeSource` of a show; any thread. `readings` is given by the port whenever it has taken them."""

    def __init__(self, tree: ParameterTree, controller: Controller) -> None:
        self._tree = tree
        self._controller = controller
        self._lock = threading.Lock()
        self._declared: Declared | None = None
        self._library: PresetLibrary | None = None
        self._nodes: Mapping[str, Node] = {}
        self._indices: Mapping[str, Param] = {}
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
        others = {
            twin.address: (twin, param)
            for param in params.values()
            for twin in twins(param)
            if twin.address not in params
        }
        nodes = {"/": Node("/", ROOT)}
        nodes |= {path: _node_of(param) for path, param in params.items()}
        nodes |= {path: _twin_node(twin, param) for path, (twin, param) in others.items()}
        nodes |= {action.path: _action_node(action, library.names) for action in ACTIONS}
        self._indices = {path: param for path, (twin, param) in others.items() if twin.readable}
        self._nodes, self._declared, self._library = nodes, declared, library

    def value(self, path: str) -> Sequence[Item] | None:
        """The value now; a reading's as it was taken last, None before the first."""
        self.nodes()
        snapshot = self._tree.snapshot()
        choice = self._indices.get(path)
        wanted = path if choice is None else choice.path
        value = snapshot[wanted] if wanted in snapshot else self.readings.get(wanted)
        if value is None:
            return None
        return told(value) if choice is None else told_index(choice, value)


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
        units=(_unit(param),),
        clip_modes=(param.clip.value if param.is_number and param.writable else None,),
        tags=tuple(_tags(param)),
        critical=param.critical,
        overloads=tuple(_overloads(param)) if param.writable else (),
    )


def _unit(param: Param) -> str | None:
    return UNITS.get(param.unit, param.unit) or None


def _twin_node(twin: Twin, param: Param) -> Node:
    access = int(param.access) & (READ_WRITE if twin.readable else WRITE)
    tags = ("twin", str(twin.kind).removeprefix("_"), *_tags(param))
    description = f"{param.description}: {twin.description[0].lower()}{twin.description[1:]}"
    if twin.kind is TwinKind.INDEX:
        span, clip = _numbers(len(param.choices)), "both"
        overloads = (Overload("f"),) if param.writable else ()
        return Node(
            twin.address,
            description,
            "i",
            access,
            (span,),
            clip_modes=(clip,),
            tags=tags,
            overloads=overloads,
        )
    if twin.kind is TwinKind.TOGGLE:
        return Node(twin.address, description, BUTTON, access, tags=tags, overloads=_PRESSED)
    return Node(twin.address, description, twin.type_tag, access, units=(_unit(param),), tags=tags)


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
    if action.is_button:
        return Node(
            action.path,
            action.description,
            BUTTON,
            WRITE,
            tags=("action",),
            critical=action.critical,
            overloads=_PRESSED,
        )
    first, *others = _signatures(action)
    told_arguments = "; ".join(f"{each.name}: {each.description}" for each in action.arguments)
    return Node(
        action.path,
        f"{action.description} ({told_arguments})",
        first,
        WRITE,
        spans=_action_spans(action, first, presets),
        tags=("action",),
        critical=action.critical,
        overloads=tuple(Overload(tags, _action_spans(action, tags, presets)) for tags in others),
    )


def _signatures(action: Action) -> list[str]:
    """Type tag strings that the action takes, the whole one first; at most `MOST_SIGNATURES`."""
    arguments = action.arguments
    needed = [number for number, each in enumerate(arguments) if each.optional]
    counts = range(len(arguments), (needed[0] if needed else len(arguments)) - 1, -1)
    found = [
        "".join(tags)
        for count in counts
        for tags in product(*(each.kinds for each in arguments[:count]))
        if tags
    ]
    return list(dict.fromkeys(found))[:MOST_SIGNATURES]


def _action_spans(action: Action, tags: str, presets: Sequence[str]) -> tuple[Span | None, ...]:
    """What the arguments may be: the names of presets, where one of those is meant."""
    if action in (PRESET_LOAD, PRESET_MORPH) and presets:
        which = Span(choices=tuple(presets)) if tags[0] == "s" else _numbers(len(presets))
        return (which, *(None for _ in tags[1:]))
    return tuple(None for _ in tags)
