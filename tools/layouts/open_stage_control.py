"""A session of Open Stage Control: a tab for each page, a row for each control."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tools.layouts.controls import Control, Page

ROW_HEIGHT = 52
LABEL_WIDTH = 190
MENU_FROM = 5
"""From so many choices on they are a menu, below that buttons beside each other."""
Widget = dict[str, Any]


def session(pages: Sequence[Page]) -> bytes:
    """The session file. Where it sends to is not in it: the program is started with `--send`."""
    tabs = [
        {
            "type": "tab",
            "id": f"tab_{number}",
            "label": page.title,
            "layout": "vertical",
            "scroll": True,
            "bypass": True,
            "widgets": [_row(control) for control in page.controls],
        }
        for number, page in enumerate(pages, 1)
    ]
    root = {"type": "root", "id": "root", "bypass": True, "widgets": [], "tabs": tabs}
    whole = {"createdWith": "Open Stage Control", "version": "1.27.0", "type": "session", "content": root}
    return (json.dumps(whole, indent=1, ensure_ascii=False) + "\n").encode()


def _row(control: Control) -> Widget:
    unit = f" ({control.unit})" if control.unit else ""
    name = _name(control.address)
    label = {
        "type": "text",
        "id": f"label_{name}",
        "width": LABEL_WIDTH,
        "default": f"{control.label}{unit}",
        "comments": control.description,
        "bypass": True,
    }
    return {
        "type": "panel",
        "id": f"row_{name}",
        "height": ROW_HEIGHT,
        "layout": "horizontal",
        "scroll": False,
        "bypass": True,
        "widgets": [label, _widget(control)],
    }


def _widget(control: Control) -> Widget:
    widget: Widget = {
        "id": _name(control.address),
        "address": control.address,
        "comments": control.description,
        "expand": True,
    }
    match control.kind:
        case "number" | "whole" | "meter":
            return widget | _fader(control)
        case "switch":
            default = int(bool(control.default))
            return widget | {
                "type": "button",
                "mode": "toggle",
                "on": 1,
                "off": 0,
                "typeTags": "i",
                "default": default,
            }
        case "choice":
            kind = "dropdown" if len(control.choices) >= MENU_FROM else "switch"
            values = {name: number for number, name in enumerate(control.choices)}
            return widget | {"type": kind, "values": values, "typeTags": "i", "default": control.default}
        case "button":
            return widget | {
                "type": "button",
                "mode": "tap",
                "on": 1,
                "typeTags": "i",
                "label": control.label,
            }
        case "text":
            return widget | {"type": "input", "asYouType": False, "typeTags": "s", "default": control.default}
        case _:
            return widget | {"type": "text", "default": "", "interaction": False}


def _fader(control: Control) -> Widget:
    whole = control.kind == "whole"
    low, high = control.low or 0.0, 1.0 if control.high is None else control.high
    fader: Widget = {
        "type": "fader",
        "horizontal": True,
        "design": "compact",
        "range": {"min": low, "max": high},
        "decimals": 0 if whole else 3,
        "typeTags": "i" if whole else "f",
        "default": control.default,
        "doubleTap": not control.heard_only,
    }
    return fader | {"interaction": False} if control.heard_only else fader


def _name(address: str) -> str:
    return address[1:].replace("/", "_")
