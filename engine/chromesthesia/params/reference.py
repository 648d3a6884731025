"""The reference page of all parameters, written from their declarations.

`python -m chromesthesia.params.reference > docs/parameters.md` renews the page; a test holds that it is up to
date.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from chromesthesia.params.actions import ACTIONS, Action
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Param, Value
from chromesthesia.params.values import describe_range
from chromesthesia.signals.table import TABLE, SignalTable

COLUMNS = ("Address", "Tag", "Range", "Default", "Description")
READING_COLUMNS = ("Address", "Tag", "Range", "Description")
ACTION_COLUMNS = ("Address", "Tag", "Argument", "Description")
SIGNAL_COLUMNS = ("Signal", "Range", "Description")


def parameter_rows(params: Sequence[Param] = PARAMETERS) -> list[tuple[str, str, str, str, str]]:
    """One row per parameter under `COLUMNS`, as plain text; for readings the default is empty."""
    return [
        (
            param.path,
            param.type_tag,
            describe_range(param),
            show(param.default) if param.writable else "",
            _notes(param),
        )
        for param in params
    ]


def action_rows(actions: Sequence[Action] = ACTIONS) -> list[tuple[str, str, str, str, str]]:
    """One row per action under `COLUMNS`; what it takes stands for the range."""
    return [(action.path, *_argument(action), "", action.description) for action in actions]


def show(value: Value) -> str:
    """A value as it would stand in a preset, without quotes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:g}" if isinstance(value, float) else str(value)


def parameters_page(params: Sequence[Param] = PARAMETERS, table: SignalTable = TABLE) -> str:
    """The whole of docs/parameters.md, ending in a newline."""
    lines = [
        "# Parameters",
        "",
        "Written from the declarations by `chromesthesia params --markdown`; do not edit by hand. The address",
        "is also the key in a preset's `[params]`. Tags: `f` float, `i` int, `T` true or false, `s` text. *routed*:",
        "a preset's `[[route]]` may move it. *room*: belongs to the room; presets leave it alone.",
        "",
        "Beside its own address a number and a choice have `<address>_nudge` (moves it by so much, a choice by so many",
        "places), a choice `<address>_index` (its number from 0), and a switch `<address>_toggle` (turns it over).",
        "",
        "## Settings",
        "",
    ]
    settings = [param for param in params if param.writable]
    for group, members in groupby(settings, key=group_of):
        lines += [f"### {group}", "", *_table(COLUMNS, parameter_rows(list(members))), ""]
    actions = [(action.path, *_argument(action), _in_full(action)) for action in ACTIONS]
    lines += [
        "## Actions",
        "",
        "Done at once; a button's 0 does nothing.",
        "",
        *_table(ACTION_COLUMNS, actions),
        "",
    ]
    readings = [(path, tag, span, notes) for path, tag, span, _, notes in parameter_rows(_readings(params))]
    lines += ["## Readings", "", "Sent, never taken.", "", *_table(READING_COLUMNS, readings), ""]
    signals = [
        (f"`{name}`", f"{tap.source.low:g}..{tap.source.high:g}", tap.signal.description)
        for name, tap in table.taps.items()
    ]
    lines += ["## Signals", "", "What a route may start from.", "", *_table(SIGNAL_COLUMNS, signals)]
    return "\n".join(lines) + "\n"


def _argument(action: Action) -> tuple[str, str]:
    """Type tags and arguments in words. `si`: either; of several arguments one each, `sf[i]`: the last is optional."""
    if action.is_button:
        return "", "none, or 1"
    if len(action.arguments) == 1:
        return action.arguments[0].kinds, action.arguments[0].description
    needed = "".join(each.kinds[0] for each in action.arguments if not each.optional)
    optional = "".join(each.kinds[0] for each in action.arguments if each.optional)
    tags = needed + (f"[{optional}]" if optional else "")
    return tags, ", ".join(each.name for each in action.arguments)


def _in_full(action: Action) -> str:
    """The description, with what each of several arguments is."""
    if len(action.arguments) < 2:
        return action.description
    return f"{action.description}. " + "; ".join(
        f"*{each.name}*: {each.description}" for each in action.arguments
    )


def _readings(params: Sequence[Param]) -> list[Param]:
    return [param for param in params if not param.writable]


def group_of(param: Param) -> str:
    """The heading that a parameter stands under: `/audio`, `/look/flow`."""
    parts = param.path.split("/")
    return "/" + "/".join(parts[1 : 3 if len(parts) > 3 else 2])


def _notes(param: Param) -> str:
    notes = [note for note, holds in (("routed", param.routable), ("room", param.room)) if holds]
    return param.description + (f" ({', '.join(notes)})" if notes else "")


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    head = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    return head + [
        "| " + " | ".join(_cell(column, text) for column, text in zip(columns, row, strict=True)) + " |"
        for row in rows
    ]


def _cell(column: str, text: str) -> str:
    plain = text.replace("|", "\\|")
    return f"`{plain}`" if column in ("Address", "Tag", "Default") and plain else plain


if __name__ == "__main__":
    print(parameters_page(), end="")
