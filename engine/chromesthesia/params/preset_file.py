"""What a preset file may hold: the declaration that reads it and writes it. Its rules are in `params.preset_rules`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from chromesthesia.core.schema import Table, Whole

SCHEMA = 1
ISF_PLACES = ("picture", "over", "painting")
"""A scene takes the place of the picture, lies over it by its alpha, or takes the place of the generator's painting."""


class RouteTable(
    Table, frozen=True, kw_only=True, omit_defaults=True, rename={"signal": "from", "target": "to"}
):
    """One `[[route]]`. low, high: None for the natural range of the signal."""

    signal: str
    target: str
    gain: float = 1.0
    curve: str = "linear"
    low: float | None = None
    high: float | None = None
    attack_s: float = 0.0
    release_s: float = 0.0
    mode: str = "add"


class IsfTable(Table, frozen=True, kw_only=True, omit_defaults=True):
    """`[isf]`: files of shaders by name. place: what the scene takes the place of, one of `ISF_PLACES`."""

    scene: str = ""
    place: str = ISF_PLACES[0]
    filters: tuple[str, ...] = ()


class PresetFile(Table, frozen=True, kw_only=True, omit_defaults=True, rename={"routes": "route"}):
    """A whole file. name: None for that of the file; params: values by path, of the types that the tree declares."""

    schema: Whole
    name: str | None = None
    description: str = ""
    author: str = ""
    tags: tuple[str, ...] = ()
    params: dict[str, Any] = msgspec.field(default_factory=dict)
    isf: IsfTable = IsfTable()
    routes: tuple[RouteTable, ...] = ()


REMEDIES: Mapping[str, str] = {
    "name": "write a short text in quotes",
    "description": "write a short text in quotes",
    "author": "write a short text in quotes",
    "tags": 'write a list of short words, such as ["calm", "water"]',
    "params": 'write it as [params], then "/path" = value',
    "isf": 'write it as [isf], then scene = "file.fs"',
    "scene": "write the name of an ISF file in quotes",
    "place": f"use one of {', '.join(ISF_PLACES)}",
    "filters": 'write names of ISF files in quotes, as ["one.fs", "two.fs"]',
    "route": "write each route under its own [[route]]",
}
"""What to do about a value of the wrong type, by its key; what is not named is a number."""
