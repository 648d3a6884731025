"""What a layout shows of the parameter tree: pages of controls, in the order of the declarations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from chromesthesia.params.actions import ACTIONS, Action
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Param, Value
from chromesthesia.params.reference import group_of

ENGINE_HOST = "127.0.0.1"
ENGINE_PORT = 9000
PARTNER_PORT = 9001


@dataclass(frozen=True, slots=True)
class Control:
    """One thing to see or to move.

    kind: `number`, `whole`, `switch`, `choice`, `text`, `button`, or for readings `meter` and `words`.
    address: where it sends, for a choice that of its number. low, high: of numbers; None where there is no range.
    """

    kind: str
    address: str
    label: str
    description: str
    low: float | None = None
    high: float | None = None
    default: Value = 0.0
    choices: tuple[str, ...] = ()
    unit: str = ""

    @property
    def heard_only(self) -> bool:
        """True for readings."""
        return self.kind in ("meter", "words")


@dataclass(frozen=True, slots=True)
class Page:
    """A page, and what is on it."""

    title: str
    controls: tuple[Control, ...]


def label_of(path: str) -> str:
    """The last part of an address in words, with the number before it where there is one: `band 3`."""
    *_, before, last = path.split("/")
    return f"{before} {last}" if last.isdigit() or before.isdigit() else last.replace("_", " ")


def control_of(param: Param) -> Control:
    """The control that fits a parameter."""
    address, default = param.path, param.default
    if not param.writable:
        kind = "meter" if param.is_number and param.low is not None and param.high is not None else "words"
    elif param.choices:
        kind, address, default = "choice", f"{param.path}_index", param.choices.index(str(param.default))
    else:
        kind = {"float": "number", "int": "whole", "bool": "switch", "str": "text"}[param.type_name]
    return Control(
        kind,
        address,
        label_of(param.path),
        param.description,
        param.low,
        param.high,
        default,
        param.choices,
        param.unit,
    )


def action_control(action: Action) -> Control | None:
    """A button, or a field for the one text it takes; None for what takes more than a layout can give."""
    label = action.path[1:].replace("/", " ")
    if action.is_button:
        return Control("button", action.path, label, action.description)
    if len(action.arguments) == 1 and "s" in action.arguments[0].kinds:
        return Control("text", action.path, label, action.description, default="")
    return None


def pages(params: Sequence[Param] = PARAMETERS, actions: Sequence[Action] = ACTIONS) -> tuple[Page, ...]:
    """First what is done, then the settings by groups, then what is heard."""
    made = [Page("show", tuple(filter(None, map(action_control, actions))))]
    settings = [param for param in params if param.writable]
    readings = [param for param in params if not param.writable]
    for group, members in groupby(settings, key=group_of):
        made.append(Page(group.rpartition("/")[2], tuple(map(control_of, members))))
    for group, members in groupby(readings, key=lambda param: param.path.split("/")[1]):
        made.append(Page(f"{group} heard", tuple(map(control_of, members))))
    return tuple(made)
