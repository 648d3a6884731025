"""A module of Chataigne: what is heard as values, and commands whose lists come from the tree."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tools.layouts.controls import ENGINE_PORT, PARTNER_PORT, Page

KINDS = {"number": ("number", "whole"), "switch": ("switch",), "choice": ("choice",), "button": ("button",)}


def module(pages: Sequence[Page]) -> bytes:
    """The module.json; `chromesthesia.js` beside it sends what the commands say."""
    values: dict[str, Any] = {}
    for page in pages:
        heard = {
            control.address: {
                "type": "Float",
                "default": 0,
                "min": control.low,
                "max": control.high,
                "readOnly": True,
            }
            if control.kind == "meter"
            else {"type": "String", "default": "", "readOnly": True}
            for control in page.controls
            if control.heard_only
        }
        if heard:
            values[page.title] = {"type": "Container", **heard}

    def command(callback: str, kind: str, value: dict[str, Any] | None) -> dict[str, Any]:
        options = {
            control.address: control.address
            for page in pages
            for control in page.controls
            if control.kind in KINDS[kind]
        }
        first = next(iter(options))
        parameters: dict[str, Any] = {"Address": {"type": "Enum", "default": first, "options": options}}
        return {
            "menu": "",
            "callback": callback,
            "parameters": parameters | ({} if value is None else {"Value": value}),
        }

    made = {
        "name": "Chromesthesia",
        "type": "OSC",
        "path": "Software",
        "version": "1.0.0",
        "description": "Steers a Chromesthesia show and hears what it hears",
        "hasInput": True,
        "hasOutput": True,
        "hideDefaultCommands": False,
        "defaults": {
            "autoAdd": False,
            "OSC Input": {"localPort": PARTNER_PORT},
            "OSC Outputs": {"OSC Output": {"remotePort": ENGINE_PORT}},
        },
        "scripts": ["chromesthesia.js"],
        "parameters": {},
        "values": values,
        "commands": {
            "Set number": command("set", "number", {"type": "Float", "default": 0}),
            "Set switch": command("set", "switch", {"type": "Boolean", "default": True}),
            "Choose by number": command("set", "choice", {"type": "Integer", "default": 0, "min": 0}),
            "Press": command("press", "button", None),
            "Load preset": {
                "menu": "",
                "callback": "loadPreset",
                "parameters": {"Name": {"type": "String", "default": ""}},
            },
        },
    }
    return (json.dumps(made, indent=1) + "\n").encode()
