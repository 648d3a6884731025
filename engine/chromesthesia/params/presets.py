"""Presets: partial looks in TOML, checked to the last key before they touch anything."""

from __future__ import annotations

import logging
import math
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from chromesthesia.core.errors import PresetError
from chromesthesia.core.user_files import is_file, one_line, read_toml, shown
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Param, Value
from chromesthesia.params.routes import CURVES, MODES, SIGNALS, Route
from chromesthesia.params.tree import unknown_parameter
from chromesthesia.params.values import ParameterError, coerce_exact, nearest

log = logging.getLogger(__name__)

SCHEMA = 1
DEFAULT_NAME = "Gallery"
TEXT_LIMIT = 400
"""Longest name and longest description, in characters."""
ROUTE_LIMIT = 64
"""Most routes one preset may hold."""
LONGEST_S = 60.0
"""Longest attack and release of a route."""

_NOT_IN_NAMES = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode's control characters, halves of characters and line breaks: they would tear the HUD and the log."""
_KEYS = ("schema", "name", "description", "params", "route")
_ROUTE_KEYS = ("from", "to", "gain", "curve", "low", "high", "attack_s", "release_s", "mode")


@dataclass(frozen=True, slots=True)
class Preset:
    """A look by name: the values it sets (everything else is at its default) and its routes.

    path: the file it came from, None for one made in code.
    """

    name: str
    params: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    routes: tuple[Route, ...] = ()
    description: str = ""
    path: Path | None = None


PLAIN = Preset("Plain", description="Every parameter at its default, no routes")
"""The preset that is there when no file is."""


@dataclass(frozen=True, slots=True)
class PresetLibrary:
    """The presets found, in order of their names; `broken` says why others were left out, by file stem."""

    presets: tuple[Preset, ...]
    broken: tuple[PresetError, ...] = ()
    broken_stems: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Preset]:
        return iter(self.presets)

    def __len__(self) -> int:
        return len(self.presets)

    @property
    def names(self) -> tuple[str, ...]:
        """Names in order."""
        return tuple(preset.name for preset in self.presets)

    def index(self, preset: Preset) -> int:
        """Position of `preset` by name; -1 when it is not in the library."""
        requested = preset.name.casefold()
        return next((i for i, name in enumerate(self.names) if name.casefold() == requested), -1)

    def choose(self, which: str | int) -> Preset:
        """The preset with this name, file stem or position (case does not matter); raises PresetError."""
        if isinstance(which, int):
            if 0 <= which < len(self.presets):
                return self.presets[which]
            raise PresetError(f"no preset number {which}", f"use 0..{len(self.presets) - 1}")
        requested = which.casefold()
        for preset in self.presets:
            stem = preset.path.stem.casefold() if preset.path else ""
            if requested in (preset.name.casefold(), stem):
                return preset
        for stem, error in zip(self.broken_stems, self.broken, strict=True):
            if requested == stem.casefold():
                raise error
        hint = nearest(which, self.names) or f"there are: {', '.join(self.names) or 'none'}"
        raise PresetError(f"no preset named {which[:80]!r}", hint)


def load_preset(path: Path, params: Sequence[Param] = PARAMETERS) -> Preset:
    """Read one preset file and check all of it.

    Raises PresetError naming the file, the key and, for an unknown key, path or signal, the nearest known
    one.
    """
    table = read_toml(path, PresetError)
    return parse_preset(table, path, params)


def parse_preset(table: Mapping[str, object], path: Path, params: Sequence[Param] = PARAMETERS) -> Preset:
    """Check what a preset file held; `path` is for the messages and the name."""
    where = one_line(path)
    _check_schema(table, where)
    _check_keys(table, _KEYS, where)
    known = {param.path: param for param in params if param.writable}
    values = table.get("params", {})
    if not isinstance(values, dict):
        raise PresetError(f"{where}: params is {shown(values)}", 'write it as [params], then "/path" = value')
    checked = {key: _check_value(known, key, value, where) for key, value in values.items()}
    routes = table.get("route", [])
    if not isinstance(routes, list) or not all(isinstance(route, dict) for route in routes):
        raise PresetError(f"{where}: route is {shown(routes)}", "write each route under its own [[route]]")
    if len(routes) > ROUTE_LIMIT:
        raise PresetError(f"{where}: {len(routes)} routes", f"use at most {ROUTE_LIMIT}")
    return Preset(
        name=_name(table, path.stem, where),
        params=MappingProxyType(checked),
        routes=tuple(
            _check_route(known, route, number, where) for number, route in enumerate(routes, start=1)
        ),
        description=_text(table, "description", "", where),
        path=path,
    )


def find_presets(directories: Iterable[Path], params: Sequence[Param] = PARAMETERS) -> PresetLibrary:
    """Every `*.toml` in `directories`; the first directory that has a file name or preset name wins.

    A broken file is logged and left out (see `PresetLibrary.broken`); it does not hide the others.
    """
    found: dict[str, Preset] = {}
    broken: dict[Path, PresetError] = {}
    stems: set[str] = set()
    for directory in directories:
        for path in _toml_files(directory):
            if path.stem.casefold() in stems:
                continue
            try:
                preset = load_preset(path, params)
            except PresetError as error:
                log.warning("preset left out: %s", error)
                broken[path] = error
                continue
            stems.add(path.stem.casefold())
            if preset.name.casefold() in found:
                log.warning(
                    "preset left out: %s has the name of %s",
                    one_line(path),
                    found[preset.name.casefold()].path,
                )
            else:
                found[preset.name.casefold()] = preset
    return PresetLibrary(
        tuple(found[name] for name in sorted(found)),
        tuple(broken.values()),
        tuple(path.stem for path in broken),
    )


def choose_preset(which: str, library: PresetLibrary, params: Sequence[Param] = PARAMETERS) -> Preset:
    """A preset as named on the command line: the path of a file, else a name in `library`."""
    path = Path(which)
    if path.suffix == ".toml" or is_file(path):
        return load_preset(path, params)
    return library.choose(which)


def default_preset(library: PresetLibrary) -> Preset:
    """The preset a show starts with when none is named: `Gallery`, else the first, else the plain one."""
    index = library.index(Preset(DEFAULT_NAME))
    if index >= 0:
        return library.presets[index]
    return library.presets[0] if library.presets else PLAIN


def _toml_files(directory: Path) -> list[Path]:
    """Everything called `*.toml`, in order of the names; nothing, with a line, where the folder cannot be read."""
    try:
        return sorted(directory.glob("*.toml"))
    except OSError as error:
        log.warning("presets of %s left out: %s", one_line(directory), error.strerror or error)
        return []


def _check_schema(table: Mapping[str, object], where: str) -> None:
    schema = table.get("schema")
    if schema is None:
        raise PresetError(f"{where}: no schema number", f"start the file with schema = {SCHEMA}")
    if schema != SCHEMA or isinstance(schema, bool):
        raise PresetError(
            f"{where}: schema is {shown(schema)}, expected {SCHEMA}", "use a preset made for this version"
        )


def _check_keys(table: Mapping[str, object], known: Sequence[str], where: str) -> None:
    for key in table:
        if key not in known:
            hint = nearest(key, known)
            raise PresetError(
                f"{where}: unknown key {key[:80]!r}", f"{hint} known: {', '.join(known)}".strip()
            )


def _check_value(known: Mapping[str, Param], key: str, raw: object, where: str) -> Value:
    param = known.get(key)
    if param is None:
        error = unknown_parameter(key, known)
        raise PresetError(f"{where}: params: {error.message}", error.remedy)
    if param.room:
        raise PresetError(
            f"{where}: params: {key} belongs to the room, not to a look",
            "take it out and set it over OSC or by hand",
        )
    try:
        return coerce_exact(param, raw)
    except ParameterError as error:
        raise PresetError(f"{where}: params: {error.message}", error.remedy) from error


def _check_route(known: Mapping[str, Param], table: Mapping[str, object], number: int, file: str) -> Route:
    where = f"{file}: route {number}"
    _check_keys(table, _ROUTE_KEYS, where)
    signal = _one_of(table, "from", tuple(SIGNALS), where)
    target = _one_of(table, "to", tuple(key for key, param in known.items() if param.routable), where)
    natural_low, natural_high = SIGNALS[signal]
    low = _number(table, "low", natural_low, where)
    high = _number(table, "high", natural_high, where)
    if low == high:
        raise PresetError(f"{where}: low and high are both {low:g}", "give the signal a range to move in")
    return Route(
        signal=signal,
        target=target,
        gain=_number(table, "gain", 1.0, where),
        curve=_one_of(table, "curve", tuple(CURVES), where, "linear"),
        low=low,
        high=high,
        attack_s=_number(table, "attack_s", 0.0, where, 0.0, LONGEST_S),
        release_s=_number(table, "release_s", 0.0, where, 0.0, LONGEST_S),
        mode=_one_of(table, "mode", MODES, where, "add"),
    )


def _name(table: Mapping[str, object], stem: str, where: str) -> str:
    name = _text(table, "name", stem, where)
    given = table.get("name", stem)
    if not name or any(unicodedata.category(sign) in _NOT_IN_NAMES for sign in str(given)):
        raise PresetError(f"{where}: name is {shown(given)}", "write a short text of one line in quotes")
    return name


def _text(table: Mapping[str, object], key: str, otherwise: str, where: str) -> str:
    value = table.get(key, otherwise)
    if not isinstance(value, str) or len(value) > TEXT_LIMIT:
        raise PresetError(f"{where}: {key} is {shown(value)}", "write a short text in quotes")
    return one_line(value, TEXT_LIMIT)


def _number(
    table: Mapping[str, object],
    key: str,
    otherwise: float,
    where: str,
    low: float = -1e6,
    high: float = 1e6,
) -> float:
    value = table.get(key, otherwise)
    if (
        isinstance(value, bool)
        or not isinstance(value, int | float)
        or (isinstance(value, float) and not math.isfinite(value))
    ):
        raise PresetError(f"{where}: {key} is {shown(value)}", "write a number")
    # Held against the range before it becomes a float: a number of hundreds of digits would not fit one.
    if not low <= value <= high:
        raise PresetError(f"{where}: {key} = {shown(value)} is out of range", f"use {low:g}..{high:g}")
    return float(value)


def _one_of(
    table: Mapping[str, object], key: str, known: Sequence[str], where: str, otherwise: str | None = None
) -> str:
    value = table.get(key, otherwise)
    if value is None:
        raise PresetError(f"{where}: no {key!r}", f"every route needs {key!r}")
    if not isinstance(value, str) or value not in known:
        hint = nearest(value, known) if isinstance(value, str) else ""
        listed = f"known: {', '.join(known)}" if len(known) <= 30 else "see docs/parameters.md"
        raise PresetError(f"{where}: {key} is {shown(value)}", f"{hint} {listed}".strip())
    return value
