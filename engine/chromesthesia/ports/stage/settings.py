"""What can be set of an output while the show runs: parameters for OSC and the panel, and the output made of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace

from chromesthesia.display.stage_file import OutputSpec
from chromesthesia.params.declaration import Choice, Number, Param, Switch, Value
from chromesthesia.render.cards import Card
from chromesthesia.render.mesh import Mesh
from chromesthesia.render.output import LEAST_CROP, LEAST_GAMMA, MOST_GAMMA, WHOLE, OutputShape

ROOT = "/output"
ALL = f"{ROOT}/all"
IDENTIFY = Switch(f"{ALL}/identify", False, "Every output shows its number and name", room=True)
CORNER_NAMES = ("upper left", "upper right", "lower right", "lower left")
SIDES = ("left", "top", "right", "bottom")
COLOURS = ("red", "green", "blue")
FARTHEST = 1.0
"""Corners and points are moved by hand at most so far beyond the output's edges; a file may have them farther."""
MOST_POINTS = 64
"""A mesh of more points is set in its file only."""


def namespace(number: int) -> str:
    """Below which the parameters of output `number`, counted from 1, are."""
    return f"{ROOT}/{number}"


def parameters_of(number: int, spec: OutputSpec) -> tuple[Param, ...]:
    """What can be set of an output; the defaults are what its file says."""
    return tuple(_parameters(number, spec))


def _parameters(number: int, spec: OutputSpec) -> Iterator[Param]:
    root, shape = namespace(number), spec.shape
    yield Choice(
        f"{root}/card",
        spec.card.value,
        f"Output {number} ({spec.name}): a test card in the place of the picture",
        choices=tuple(Card),
        room=True,
    )
    for place, (point, name) in enumerate(zip(shape.corners, CORNER_NAMES, strict=True), start=1):
        yield from _point(f"{root}/corner/{place}", point, f"Where its {name} corner is")
    for value, name in zip(shape.crop, ("left", "top", "width", "height"), strict=True):
        least = LEAST_CROP if name in ("width", "height") else 0.0
        yield _number(
            f"{root}/crop/{name}", value, f"The part of the picture that it shows: {name}", least, 1.0
        )
    for value, name in zip(shape.fade, SIDES, strict=True):
        yield _number(f"{root}/blend/{name}", value, f"Over which share its {name} edge fades", 0.0, 1.0)
    yield _number(
        f"{root}/blend/gamma",
        shape.light,
        "Gamma of the display, by which fades are even",
        LEAST_GAMMA,
        MOST_GAMMA,
    )
    for value, name in zip(shape.gamma, COLOURS, strict=True):
        yield _number(f"{root}/gamma/{name}", value, f"Gamma of its {name}", LEAST_GAMMA, MOST_GAMMA)
    if shape.mesh is not None and len(shape.mesh.points) <= MOST_POINTS:
        for place, point in enumerate(shape.mesh.points):
            column, row = place % shape.mesh.columns + 1, place // shape.mesh.columns + 1
            yield from _point(
                f"{root}/mesh/{row}/{column}", point, f"Where point {column} of row {row} of its mesh is"
            )


def _point(path: str, point: tuple[float, float], description: str) -> Iterator[Number]:
    for axis, value, more in (("x", point[0], "from the left"), ("y", point[1], "from above")):
        yield _number(f"{path}/{axis}", value, f"{description}, {more}", -FARTHEST, 1.0 + FARTHEST)


def _number(path: str, value: float, description: str, low: float, high: float) -> Number:
    return Number(path, float(value), description, low=min(low, value), high=max(high, value), room=True)


def spec_of(number: int, spec: OutputSpec, values: Mapping[str, Value]) -> OutputSpec:
    """`spec` as the parameters have it. Raises RenderError for corners, a crop or a mesh that show nothing."""
    root = namespace(number)

    def at(path: str, otherwise: float) -> float:
        value = values.get(f"{root}/{path}", otherwise)
        return otherwise if isinstance(value, str) else float(value)

    shape = spec.shape
    corners = tuple(
        (at(f"corner/{place}/x", x), at(f"corner/{place}/y", y))
        for place, (x, y) in enumerate(shape.corners, start=1)
    )
    mesh = shape.mesh
    if mesh is not None:
        points = tuple(
            (
                at(f"mesh/{place // mesh.columns + 1}/{place % mesh.columns + 1}/x", x),
                at(f"mesh/{place // mesh.columns + 1}/{place % mesh.columns + 1}/y", y),
            )
            for place, (x, y) in enumerate(mesh.points)
        )
        mesh = Mesh(mesh.columns, mesh.rows, points, mesh.smooth)
    return replace(
        spec,
        card=Card.IDENTIFY
        if values.get(IDENTIFY.path)
        else Card(str(values.get(f"{root}/card", spec.card.value))),
        shape=OutputShape(
            _within(_four(at, "crop", ("left", "top", "width", "height"), shape.crop)),
            (corners[0], corners[1], corners[2], corners[3]),
            _four(at, "blend", SIDES, shape.fade),
            at("blend/gamma", shape.light),
            (
                at("gamma/red", shape.gamma[0]),
                at("gamma/green", shape.gamma[1]),
                at("gamma/blue", shape.gamma[2]),
            ),
            mesh,
        ),
    )


def _four(
    at: Callable[[str, float], float],
    group: str,
    names: tuple[str, ...],
    values: tuple[float, float, float, float],
) -> tuple[float, float, float, float]:
    a, b, c, d = (at(f"{group}/{name}", value) for name, value in zip(names, values, strict=True))
    return a, b, c, d


def _within(crop: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """A part that reaches beyond the picture ends at its edge: faders are moved one after the other."""
    left, top, width, height = crop
    left, top = min(left, WHOLE[2] - LEAST_CROP), min(top, WHOLE[3] - LEAST_CROP)
    return left, top, min(width, 1.0 - left), min(height, 1.0 - top)
