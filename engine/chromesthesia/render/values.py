"""Typed look-up of live parameter values with the declared defaults behind them."""

from __future__ import annotations

from collections.abc import Mapping

from chromesthesia.params.declaration import Value
from chromesthesia.params.look import LOOK

_LOOK_BY_PATH = {param.path: param for param in LOOK}
_OTHER_DEFAULTS: dict[str, Value] = {
    "/master/brightness": 1.0,
    "/master/freeze": False,
    "/hud/visible": False,
}


def number(values: Mapping[str, Value], path: str) -> float:
    """The number at `path`, else its default."""
    value = values.get(path)
    if value is None:
        value = _OTHER_DEFAULTS[path] if path in _OTHER_DEFAULTS else _LOOK_BY_PATH[path].default
    return float(value)


def choice(values: Mapping[str, Value], path: str) -> int:
    """Index of the choice at `path`, else of its default."""
    param = _LOOK_BY_PATH[path]
    value = values.get(path, param.default)
    return param.choices.index(value) if isinstance(value, str) else int(value)
