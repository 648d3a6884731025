"""The rules of a preset beyond its types: names that there are, numbers in range, texts short enough."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from chromesthesia.core.errors import PresetError
from chromesthesia.core.schema import A_SMALLER_NUMBER, MISSING, MisfitError, keys_of, read_table
from chromesthesia.core.user_files import one_line, shown
from chromesthesia.params.declaration import Param, Value
from chromesthesia.params.preset_file import ISF_PLACES, REMEDIES, SCHEMA, IsfTable, PresetFile, RouteTable
from chromesthesia.params.routes import CURVES, MODES, ROUTE_LIMIT, Route
from chromesthesia.params.tree import unknown_parameter
from chromesthesia.params.values import ParameterError, coerce_exact, nearest
from chromesthesia.signals.table import TABLE, SignalTable

TEXT_LIMIT = 400
"""Longest name and longest description, in characters."""
TAG_LIMIT = 12
"""Most tags, each of at most `TAG_LENGTH` characters."""
TAG_LENGTH = 24
ISF_FILTERS = 8
"""Most ISF filters of one preset."""
ISF_ROOT = "/isf/"
LONGEST_S = 60.0
"""Longest attack and release of a route."""

_NOT_IN_NAMES = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode's control characters, halves of characters and line breaks: they would tear the HUD and the log."""
_NUMBERS = (-1e6, 1e6)
_RANGES: Mapping[str, tuple[float, float]] = {"attack_s": (0.0, LONGEST_S), "release_s": (0.0, LONGEST_S)}
"""Ranges of a route's numbers; what is not named has `_NUMBERS`."""


def is_isf(path: str) -> bool:
    """True for the address of an ISF shader's input, which is there only while the shader is shown."""
    return path.startswith(ISF_ROOT)


class PresetRules:
    """What a preset may say where these parameters and signals are there. Does not change: one serves many files.

    Every method raises PresetError naming `where`, the key, the value and, for an unknown name, the nearest known one.
    """

    def __init__(self, params: Iterable[Param], signals: SignalTable = TABLE) -> None:
        self._params = {param.path: param for param in params if param.writable}
        self._taps = signals.taps
        self._names: Mapping[str, Sequence[str]] = {
            "from": tuple(signals.taps),
            "to": tuple(path for path, param in self._params.items() if param.routable),
            "curve": tuple(CURVES),
            "mode": MODES,
        }
        """What may stand at the keys of a route that name something."""

    def file(self, table: Mapping[str, object], where: str) -> PresetFile:
        """A parsed file as declared: refused are another schema, an unknown key, a crowd of routes, another type."""
        _check_schema(table, where)
        _check_keys(table, keys_of(PresetFile), where)
        routes = table.get("route")
        listed = routes if isinstance(routes, list) else []
        if len(listed) > ROUTE_LIMIT:
            raise PresetError(f"{where}: {len(listed)} routes", f"use at most {ROUTE_LIMIT}")
        for number, route in enumerate(listed, start=1):
            if isinstance(route, dict):
                _check_keys(route, keys_of(RouteTable), f"{where}: route {number}")
        isf = table.get("isf")
        if isinstance(isf, dict):
            _check_keys(isf, keys_of(IsfTable), f"{where}: isf")
        try:
            return read_table(table, PresetFile)
        except MisfitError as misfit:
            raise self._told(misfit, where) from misfit

    def value(self, path: str, raw: object, where: str) -> Value:
        """The value that a look may give the parameter at `path`."""
        param = self._params.get(path)
        if param is None and is_isf(path):
            return _isf_value(path, raw, where)
        if param is None:
            error = unknown_parameter(path, self._params)
            raise PresetError(f"{where}: params: {error.message}", error.remedy)
        if param.room:
            raise PresetError(
                f"{where}: params: {path} belongs to the room, not to a look",
                "take it out and set it over OSC or by hand",
            )
        try:
            return coerce_exact(param, raw)
        except ParameterError as error:
            raise PresetError(f"{where}: params: {error.message}", error.remedy) from error

    def route(self, route: RouteTable, where: str = "route") -> Route:
        """A `[[route]]` as a show takes it, in the natural range of its signal where it names no other."""
        for key, name in (
            ("from", route.signal),
            ("to", route.target),
            ("curve", route.curve),
            ("mode", route.mode),
        ):
            if name not in self._names[key] and not (key == "to" and is_isf(name)):
                raise PresetError(f"{where}: {key} is {shown(name)}", self._remedy(key, name))
        natural = self._taps[route.signal].source
        low = natural.low if route.low is None else route.low
        high = natural.high if route.high is None else route.high
        numbers = {
            "low": low,
            "high": high,
            "gain": route.gain,
            "attack_s": route.attack_s,
            "release_s": route.release_s,
        }
        for key, number in numbers.items():
            _check_number(key, number, where)
        if low == high:
            raise PresetError(f"{where}: low and high are both {low:g}", "give the signal a range to move in")
        return Route(signal=route.signal, target=route.target, curve=route.curve, mode=route.mode, **numbers)

    def _told(self, misfit: MisfitError, where: str) -> PresetError:
        path, value = misfit.path, misfit.value
        if len(path) > 1 and path[0] == "route" and isinstance(path[1], int):
            where = f"{where}: route {path[1] + 1}"
        key = str(path[-1])
        if value is MISSING:
            return PresetError(f"{where}: no {key!r}", f"every route needs {key!r}")
        if misfit.expected == A_SMALLER_NUMBER:
            return _out_of_range(key, value, where)
        remedy = self._remedy(key, value) if key in self._names else REMEDIES.get(key, "write a number")
        return PresetError(f"{where}: {key} is {shown(value)}", remedy)

    def _remedy(self, key: str, value: object) -> str:
        """The nearest name there is, and all of them where they are few."""
        known = self._names[key]
        hint = nearest(value, known) if isinstance(value, str) else ""
        listed = f"known: {', '.join(known)}" if len(known) <= 30 else "see docs/parameters.md"
        return f"{hint} {listed}".strip()


def checked_isf(table: IsfTable, where: str) -> IsfTable:
    """`[isf]`, whose place is known and whose names lead out of no folder. Raises PresetError."""
    if table.place not in ISF_PLACES:
        raise PresetError(f"{where}: isf: place is {shown(table.place)}", REMEDIES["place"])
    if len(table.filters) > ISF_FILTERS:
        raise PresetError(f"{where}: isf: {len(table.filters)} filters", f"use at most {ISF_FILTERS}")
    for name in (table.scene, *table.filters):
        parts = name.replace("\\", "/").split("/")
        if len(name) > TEXT_LIMIT or not name.isprintable() or ".." in parts or parts[0] == "" != name:
            raise PresetError(f"{where}: isf: no file {shown(name)}", "name a file in a folder of ISF files")
    return table


def name_of(given: str | None, stem: str, where: str) -> str:
    """A preset's name, else that of its file without the ending: one line. Raises PresetError."""
    name = text_of(stem if given is None else given, "name", where)
    if not name or any(unicodedata.category(sign) in _NOT_IN_NAMES for sign in given or stem):
        raise PresetError(
            f"{where}: name is {shown(stem if given is None else given)}",
            "write a short text of one line in quotes",
        )
    return name


def text_of(value: str, key: str, where: str) -> str:
    """A text for people on one line. Raises PresetError for one that is too long."""
    if len(value) > TEXT_LIMIT:
        raise PresetError(f"{where}: {key} is {shown(value)}", REMEDIES[key])
    return one_line(value, TEXT_LIMIT)


def tags_of(values: Sequence[str], where: str) -> tuple[str, ...]:
    """Short words to find it by. Raises PresetError for too many, or for one that is empty or too long."""
    if len(values) > TAG_LIMIT or any(not 1 <= len(tag) <= TAG_LENGTH for tag in values):
        raise PresetError(
            f"{where}: tags is {shown(list(values))}",
            f"use at most {TAG_LIMIT} words of at most {TAG_LENGTH} characters",
        )
    return tuple(one_line(tag, TAG_LENGTH) for tag in values)


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


def _isf_value(key: str, raw: object, where: str) -> Value:
    finite = not isinstance(raw, float) or math.isfinite(raw)
    if len(key) > TEXT_LIMIT or not isinstance(raw, float | int | bool | str) or not finite:
        raise PresetError(
            f"{where}: params: {shown(key)} is {shown(raw)}", "write a number, true, false or a text"
        )
    return raw[:TEXT_LIMIT] if isinstance(raw, str) else raw


def _check_number(key: str, value: float, where: str) -> None:
    if not math.isfinite(value):
        raise PresetError(f"{where}: {key} is {shown(value)}", "write a number")
    low, high = _RANGES.get(key, _NUMBERS)
    if not low <= value <= high:
        raise _out_of_range(key, value, where)


def _out_of_range(key: str, value: object, where: str) -> PresetError:
    low, high = _RANGES.get(key, _NUMBERS)
    return PresetError(f"{where}: {key} = {shown(value)} is out of range", f"use {low:g}..{high:g}")
