"""The outputs of a show as a small TOML file: which display or program shows which part of the picture, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from chromesthesia.core.errors import ChromesthesiaError, RenderError
from chromesthesia.core.safe_write import replace_file
from chromesthesia.core.schema import Table, Whole
from chromesthesia.core.table_files import checked_table
from chromesthesia.core.user_files import TOML_LIMIT, one_line, parse_toml, read_text, read_toml, shown
from chromesthesia.render.cards import Card
from chromesthesia.render.mesh import FEWEST, MOST, Mesh, Point
from chromesthesia.render.output import PLAIN, STRAIGHT, WHOLE, Corners, OutputShape

SCHEMA = 1
MOST_OUTPUTS = 16
MOST_DISPLAYS = 64
LEAST_SIDE, LARGEST_SIDE = 16, 16_384
CANVAS = (1280, 720)


class StageError(ChromesthesiaError):
    """A file of outputs that is not valid."""

    exit_code = 6


class Kind(StrEnum):
    """Where an output goes: a window on a display, or another program by one of these ways."""

    WINDOW = "window"
    NDI = "ndi"
    CAMERA = "camera"
    SPOUT = "spout"
    SYPHON = "syphon"


class Fallback(StrEnum):
    """Where a window goes whose display is gone. FREE: a display that shows no other output, any other only when no
    output is seen at all; ANY: another in any case; WAIT: nowhere, it comes back with its display."""

    FREE = "free"
    ANY = "any"
    WAIT = "wait"


@dataclass(frozen=True, slots=True)
class Place:
    """One display. screen: the X display it belongs to, e.g. `:1`, empty for that of the show; display: its index.

    A screen with a number of its own, e.g. `:0.1`, is one display.
    """

    screen: str = ""
    display: int = 0

    def __str__(self) -> str:
        return f"display {self.display}" + (f" of {one_line(self.screen)}" if self.screen else "")


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """One output. size: of a window outside full screen, or of what a program is given. card: shown in the place of the
    picture. device: of a virtual camera, empty for the first."""

    name: str
    kind: Kind = Kind.WINDOW
    place: Place = Place()
    fullscreen: bool = False
    size: tuple[int, int] = CANVAS
    shape: OutputShape = PLAIN
    card: Card = Card.OFF
    fallback: Fallback = Fallback.FREE
    device: str = ""


@dataclass(frozen=True, slots=True)
class StageSpec:
    """All outputs of a show. canvas: width and height that the whole picture is drawn at."""

    outputs: tuple[OutputSpec, ...]
    canvas: tuple[int, int] = CANVAS

    @property
    def has_windows(self) -> bool:
        """Whether any output is a window."""
        return any(output.kind is Kind.WINDOW for output in self.outputs)


class OutputTable(Table, frozen=True, kw_only=True, omit_defaults=True):
    """One `[[output]]`."""

    name: str = ""
    to: str = Kind.WINDOW.value
    screen: str = ""
    display: Whole = 0
    fullscreen: bool = False
    size: tuple[Whole, ...] | None = None
    fallback: str = Fallback.FREE.value
    device: str = ""
    crop: tuple[float, ...] = WHOLE
    corners: tuple[tuple[float, ...], ...] = STRAIGHT
    columns: Whole | None = None
    rows: Whole | None = None
    mesh: tuple[tuple[float, ...], ...] | None = None
    smooth: bool = True
    blend: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)
    blend_gamma: float = 2.2
    gamma: float | tuple[float, ...] = 1.0
    card: str = Card.OFF.value


class StageTable(
    Table,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    rename={"outputs": "output"},
):
    """A whole file."""

    schema: Whole
    canvas: tuple[Whole, ...] = CANVAS
    outputs: tuple[OutputTable, ...] = ()


def read_stage(path: Path) -> StageSpec:
    """Read a file of outputs. Raises StageError naming the file, the output and the key."""
    return parse_stage(read_toml(path, StageError), path)


def parse_stage(table: Mapping[str, object], path: Path) -> StageSpec:
    """Check what a file of outputs held."""
    where = one_line(path)
    file = checked_table(
        table, StageTable, {"output": (OutputTable, MOST_OUTPUTS)}, SCHEMA, where, StageError
    )
    if not file.outputs:
        raise StageError(f"{where}: no [[output]]", "write at least one")
    canvas = _size(file.canvas, where, "canvas")
    outputs: list[OutputSpec] = []
    for number, row in enumerate(file.outputs, start=1):
        output = _output(row, number, canvas, f"{where}: output {number}")
        if output.name in (other.name for other in outputs):
            raise StageError(f"{where}: the name {shown(output.name)} is there twice", "give each its own")
        outputs.append(output)
    taken: dict[Place, str] = {}
    for output in outputs:
        if output.kind is Kind.WINDOW and output.fullscreen:
            other = taken.setdefault(output.place, output.name)
            if other != output.name:
                raise StageError(
                    f"{where}: {other} and {output.name} both fill {output.place}",
                    "give each its own display",
                )
    return StageSpec(tuple(outputs), canvas)


def save_shapes(path: Path, outputs: Sequence[OutputSpec]) -> None:
    """Write crop, corners, mesh, blend and gamma of `outputs` into their file; comments and all else in it stay.

    Raises StageError for a file that cannot be read or written, or that has other outputs by now.
    """
    import tomlkit  # slow to import, and only somebody who sets a room up saves

    text = read_text(path, TOML_LIMIT, StageError)
    before = parse_stage(parse_toml(text, path, StageError), path)
    if [output.name for output in before.outputs] != [output.name for output in outputs]:
        raise StageError(
            f"{one_line(path)} has other outputs by now", "start the show again, or save elsewhere"
        )
    document: Any = tomlkit.parse(text)
    for table, old, new in zip(document["output"], before.outputs, outputs, strict=True):
        said, now = _keys(old.shape), _keys(new.shape)
        for key, value in now.items():
            if said[key] == value:
                continue
            if value is None:
                table.pop(key, None)
            else:
                table[key] = value
    replace_file(path, tomlkit.dumps(document).encode(), StageError)


def _keys(shape: OutputShape) -> dict[str, Any]:
    mesh = shape.mesh
    return {
        "crop": _rounded(shape.crop),
        "corners": [_rounded(corner) for corner in shape.corners],
        "columns": None if mesh is None else mesh.columns,
        "rows": None if mesh is None else mesh.rows,
        "mesh": None if mesh is None else [_rounded(point) for point in mesh.points],
        "smooth": None if mesh is None or mesh.smooth else False,
        "blend": _rounded(shape.fade),
        "blend_gamma": round(shape.light, 6),
        "gamma": _rounded(shape.gamma),
    }


def _rounded(numbers: Sequence[float]) -> list[float]:
    return [round(float(number), 6) for number in numbers]


def _output(row: OutputTable, number: int, canvas: tuple[int, int], where: str) -> OutputSpec:
    kind = _one_of(row.to, Kind, where, "to")
    if not 0 <= row.display < MOST_DISPLAYS:
        raise StageError(f"{where}: display is {row.display}", f"use 0 to {MOST_DISPLAYS - 1}")
    shape = _shape(row, where)
    if row.size is None:
        size = (
            max(LEAST_SIDE, round(canvas[0] * shape.crop[2])),
            max(LEAST_SIDE, round(canvas[1] * shape.crop[3])),
        )
    else:
        size = _size(row.size, where, "size")
    return OutputSpec(
        one_line(row.name, 40) or f"output {number}",
        kind,
        Place(one_line(row.screen, 60), row.display),
        row.fullscreen,
        size,
        shape,
        _one_of(row.card, Card, where, "card"),
        _one_of(row.fallback, Fallback, where, "fallback"),
        one_line(row.device, 60),
    )


def _shape(row: OutputTable, where: str) -> OutputShape:
    crop, blend = _numbers(row.crop, 4, where, "crop"), _numbers(row.blend, 4, where, "blend")
    gamma = row.gamma if isinstance(row.gamma, tuple) else (row.gamma,) * 3
    gammas = _numbers(gamma, 3, where, "gamma")
    if len(row.corners) != 4:
        raise StageError(
            f"{where}: {len(row.corners)} corners", "give upper left, upper right, lower right, lower left"
        )
    corners: Corners = tuple(_point(point, where, "corners") for point in row.corners)  # type: ignore[assignment]
    try:
        return OutputShape(
            (crop[0], crop[1], crop[2], crop[3]),
            corners,
            (blend[0], blend[1], blend[2], blend[3]),
            row.blend_gamma,
            (gammas[0], gammas[1], gammas[2]),
            _mesh(row, where),
        )
    except RenderError as error:
        raise StageError(f"{where}: {error.message}", error.remedy) from error


def _mesh(row: OutputTable, where: str) -> Mesh | None:
    if row.columns is None and row.rows is None:
        if row.mesh is not None:
            raise StageError(f"{where}: a mesh without columns and rows", "give both")
        return None
    if row.columns is None or row.rows is None:
        raise StageError(f"{where}: columns without rows, or rows without columns", "give both")
    for key, count in (("columns", row.columns), ("rows", row.rows)):
        if not FEWEST <= count <= MOST:
            raise StageError(f"{where}: {key} is {count}", f"use {FEWEST} to {MOST}")
    if row.mesh is None:
        return Mesh.even(row.columns, row.rows, row.smooth)
    points = tuple(_point(point, where, "mesh") for point in row.mesh)
    return Mesh(row.columns, row.rows, points, row.smooth)


def _point(numbers: tuple[float, ...], where: str, key: str) -> Point:
    x, y = _numbers(numbers, 2, where, key)
    return x, y


def _numbers(numbers: tuple[float, ...], count: int, where: str, key: str) -> tuple[float, ...]:
    if len(numbers) != count:
        raise StageError(f"{where}: {key} is {shown(list(numbers))}", f"give {count} numbers")
    return numbers


def _size(numbers: tuple[int, ...], where: str, key: str) -> tuple[int, int]:
    if len(numbers) != 2 or not all(LEAST_SIDE <= number <= LARGEST_SIDE for number in numbers):
        raise StageError(
            f"{where}: {key} is {shown(list(numbers))}",
            f"give width and height, {LEAST_SIDE} to {LARGEST_SIDE} pixels",
        )
    return numbers[0], numbers[1]


def _one_of(value: str, kinds: type[Any], where: str, key: str) -> Any:
    try:
        return kinds(value)
    except ValueError:
        raise StageError(f"{where}: {key} is {shown(value)}", f"use {', '.join(kinds)}") from None
