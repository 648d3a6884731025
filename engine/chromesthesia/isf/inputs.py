"""The inputs of an ISF file as parameters below `/isf/NAME`, and what they are worth in a frame."""

from __future__ import annotations

from collections.abc import Mapping

from chromesthesia.isf.header import IsfHeader, IsfInput
from chromesthesia.isf.shader import IsfShader
from chromesthesia.params.declaration import Choice, Number, Param, Switch, Value, Whole
from chromesthesia.params.values import TEXT_LIMIT

ROOT = "/isf"
_PARTS = {"point2D": ("x", "y"), "color": ("r", "g", "b", "a")}
_SMOOTHING_S = 0.03
FIRES_AT = 0.5
"""An event happens in the frame in which its value rises to this."""


def namespace_of(key: str) -> str:
    """Where the parameters of a shader are."""
    return f"{ROOT}/{key}"


def params_of(shader: IsfShader) -> tuple[Param, ...]:
    """A parameter for every input that is no picture and no sound; a point has two, a colour four.

    Floats, points, colours and events may be routed: an event is a number that happens when it rises to a half.
    """
    found: list[Param] = []
    for one in shader.header.inputs:
        if not one.is_texture:
            found += _params(one, f"{namespace_of(shader.key)}/{one.name}", shader.name)
    return tuple(found)


def _params(one: IsfInput, path: str, file: str) -> list[Param]:
    told = f"{one.label or one.name}, of {file}"
    if one.kind == "bool":
        return [Switch(path, bool(one.default[0]), told)]
    if one.kind == "event":
        return [Number(path, 0.0, f"{told}: happens when it rises to {FIRES_AT:g}", 0.0, 1.0, routable=True)]
    if one.kind == "long":
        labels = choices_of(one)
        if labels:
            return [Choice(path, labels[one.values.index(int(one.default[0]))], told, choices=labels)]
        return [Whole(path, int(one.default[0]), told, int(one.low[0]), int(one.high[0]))]
    parts = _PARTS.get(one.kind, ("",))
    return [
        Number(
            f"{path}/{part}" if part else path,
            one.default[number],
            f"{told}: {part}" if part else told,
            one.low[number],
            one.high[number],
            smoothing_s=_SMOOTHING_S,
            routable=True,
        )
        for number, part in enumerate(parts)
    ]


def choices_of(one: IsfInput) -> tuple[str, ...]:
    """The labels of a `long`, each made its own where two are alike."""
    seen: dict[str, int] = {}
    labels = []
    for label, value in zip(one.labels, one.values, strict=True):
        told = (label or str(value))[: TEXT_LIMIT // 2]
        count = seen[told.casefold()] = seen.get(told.casefold(), 0) + 1
        labels.append(told if count == 1 else f"{told} ({count})")
    return tuple(labels)


def values_of(header: IsfHeader, key: str, values: Mapping[str, Value]) -> dict[str, tuple[float, ...]]:
    """The channels of every input that is no picture and no sound; one that is not in `values` has its default."""
    root = namespace_of(key)
    found: dict[str, tuple[float, ...]] = {}
    for one in header.inputs:
        if one.is_texture:
            continue
        path = f"{root}/{one.name}"
        if one.kind == "event":
            found[one.name] = (_number(values.get(path), 0.0),)
        elif one.kind == "long" and one.values:
            labels, set_to = choices_of(one), values.get(path)
            chosen = one.values[labels.index(set_to)] if set_to in labels else one.default[0]
            found[one.name] = (float(chosen),)
        else:
            parts = _PARTS.get(one.kind, ("",))
            found[one.name] = tuple(
                _number(values.get(f"{path}/{part}" if part else path), one.default[number])
                for number, part in enumerate(parts)
            )
    return found


def _number(value: Value | None, default: float) -> float:
    return default if value is None or isinstance(value, str) else float(value)
