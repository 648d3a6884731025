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
from chromesthesia.core.schema import A_SMALLER_NUMBER, MISSING, MisfitError, keys_of, read_table, toml_text
from chromesthesia.core.user_files import is_file, one_line, read_toml, shown
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Param, Value
from chromesthesia.params.preset_file import ISF_PLACES, REMEDIES, SCHEMA, IsfTable, PresetFile, RouteTable
from chromesthesia.params.routes import CURVES, MODES, Route
from chromesthesia.params.tree import unknown_parameter
from chromesthesia.params.values import ParameterError, coerce_exact, nearest
from chromesthesia.signals.table import TABLE, SignalTable, Tap

log = logging.getLogger(__name__)

DEFAULT_NAME = "Gallery"
TEXT_LIMIT = 400
"""Longest name and longest description, in characters."""
TAG_LIMIT = 12
"""Most tags, each of at most `TAG_LENGTH` characters."""
TAG_LENGTH = 24
ROUTE_LIMIT = 64
"""Most routes one preset may hold."""
ISF_FILTERS = 8
"""Most ISF filters of one preset."""
ISF_ROOT = "/isf/"
NO_ISF_FILES = IsfTable()
LONGEST_S = 60.0
"""Longest attack and release of a route."""

_NOT_IN_NAMES = frozenset({"Cc", "Cs", "Zl", "Zp"})
"""Unicode's control characters, halves of characters and line breaks: they would tear the HUD and the log."""
_NUMBERS = (-1e6, 1e6)
_RANGES: Mapping[str, tuple[float, float]] = {"attack_s": (0.0, LONGEST_S), "release_s": (0.0, LONGEST_S)}
"""Ranges of a route's numbers; what is not named has `_NUMBERS`."""


@dataclass(frozen=True, slots=True)
class Preset:
    """A look by name: the values it sets (everything else is at its default) and its routes.

    author: who made it; tags: short words to find it by. path: the file it came from, None for one made in code. isf:
    the ISF shaders that it shows; values and routes of their inputs, below `/isf`, are checked when the shaders are
    read, not before.
    """

    name: str
    params: Mapping[str, Value] = field(default_factory=lambda: MappingProxyType({}))
    routes: tuple[Route, ...] = ()
    description: str = ""
    path: Path | None = None
    author: str = ""
    tags: tuple[str, ...] = ()
    isf: IsfTable = NO_ISF_FILES


def is_isf(path: str) -> bool:
    """True for the address of an ISF shader's input, which is there only while the shader is shown."""
    return path.startswith(ISF_ROOT)


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
        """The preset with this name, file stem or position (case does not matter; a position also as text).

        Raises PresetError.
        """
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
        if which.isascii() and which.isdecimal() and len(which) <= 9:
            return self.choose(int(which))
        hint = nearest(which, self.names) or f"there are: {', '.join(self.names) or 'none'}"
        raise PresetError(f"no preset named {which[:80]!r}", hint)


def load_preset(path: Path, params: Sequence[Param] = PARAMETERS, signals: SignalTable = TABLE) -> Preset:
    """Read one preset file and check all of it.

    Raises PresetError naming the file, the key and, for an unknown key, path or signal, the nearest known
    one.
    """
    table = read_toml(path, PresetError)
    return parse_preset(table, path, params, signals)


def parse_preset(
    table: Mapping[str, object],
    path: Path,
    params: Sequence[Param] = PARAMETERS,
    signals: SignalTable = TABLE,
) -> Preset:
    """Check what a preset file held; `path` is for the messages and the name."""
    where = one_line(path)
    known = {param.path: param for param in params if param.writable}
    names = _names(known.values(), signals)
    file = _read(table, where, names)
    return Preset(
        name=_name(file.name, path.stem, where),
        params=MappingProxyType(
            {key: _check_value(known, key, raw, where) for key, raw in file.params.items()}
        ),
        routes=tuple(
            _check_route(route, names, signals.taps, f"{where}: route {number}")
            for number, route in enumerate(file.routes, start=1)
        ),
        description=_text(file.description, "description", where),
        path=path,
        author=_text(file.author, "author", where),
        tags=_tags(file.tags, where),
        isf=_check_isf(file.isf, where),
    )


def preset_text(preset: Preset, signals: SignalTable = TABLE) -> str:
    """The preset as a file holds it: `parse_preset` reads the same back. What is at its default is left out."""

    def table(route: Route) -> RouteTable:
        natural = signals.taps[route.signal].source
        return RouteTable(
            signal=route.signal,
            target=route.target,
            gain=route.gain,
            curve=route.curve,
            low=None if route.low == natural.low else route.low,
            high=None if route.high == natural.high else route.high,
            attack_s=route.attack_s,
            release_s=route.release_s,
            mode=route.mode,
        )

    return toml_text(
        PresetFile(
            schema=SCHEMA,
            name=preset.name,
            description=preset.description,
            author=preset.author,
            tags=preset.tags,
            params=dict(preset.params),
            isf=preset.isf,
            routes=tuple(table(route) for route in preset.routes),
        )
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


def check_route(route: RouteTable, params: Iterable[Param], signals: SignalTable = TABLE) -> Route:
    """The route as a show takes it, by the rules of a preset's `[[route]]`. Raises PresetError."""
    return _check_route(route, _names(params, signals), signals.taps, "route")


class _Names:
    """What may stand at the keys of a route that name something."""

    def __init__(self, known: Mapping[str, Sequence[str]]) -> None:
        self._known = known

    def __contains__(self, key: str) -> bool:
        return key in self._known

    def remedy(self, key: str, value: object) -> str:
        """The nearest name there is, and all of them where they are few."""
        known = self._known[key]
        hint = nearest(value, known) if isinstance(value, str) else ""
        listed = f"known: {', '.join(known)}" if len(known) <= 30 else "see docs/parameters.md"
        return f"{hint} {listed}".strip()

    def check(self, key: str, value: str, where: str) -> None:
        """Raise PresetError unless there is a `value` at `key`."""
        if value not in self._known[key]:
            raise PresetError(f"{where}: {key} is {shown(value)}", self.remedy(key, value))


def _names(params: Iterable[Param], signals: SignalTable) -> _Names:
    return _Names(
        {
            "from": tuple(signals.taps),
            "to": tuple(param.path for param in params if param.writable and param.routable),
            "curve": tuple(CURVES),
            "mode": MODES,
        }
    )


def _read(table: Mapping[str, object], where: str, names: _Names) -> PresetFile:
    """The file as declared. Raises PresetError for another schema, an unknown key, a crowd, and another type."""
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
        raise _told(misfit, where, names) from misfit


def _told(misfit: MisfitError, where: str, names: _Names) -> PresetError:
    path, value = misfit.path, misfit.value
    if len(path) > 1 and path[0] == "route" and isinstance(path[1], int):
        where = f"{where}: route {path[1] + 1}"
    key = str(path[-1])
    if value is MISSING:
        return PresetError(f"{where}: no {key!r}", f"every route needs {key!r}")
    if misfit.expected == A_SMALLER_NUMBER:
        return _out_of_range(key, value, where)
    remedy = names.remedy(key, value) if key in names else REMEDIES.get(key, "write a number")
    return PresetError(f"{where}: {key} is {shown(value)}", remedy)


def _check_keys(table: Mapping[str, object], known: Sequence[str], where: str) -> None:
    for key in table:
        if key not in known:
            hint = nearest(key, known)
            raise PresetError(
                f"{where}: unknown key {key[:80]!r}", f"{hint} known: {', '.join(known)}".strip()
            )


def _check_value(known: Mapping[str, Param], key: str, raw: object, where: str) -> Value:
    param = known.get(key)
    if param is None and is_isf(key):
        return _isf_value(key, raw, where)
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


def _isf_value(key: str, raw: object, where: str) -> Value:
    finite = not isinstance(raw, float) or math.isfinite(raw)
    if len(key) > TEXT_LIMIT or not isinstance(raw, float | int | bool | str) or not finite:
        raise PresetError(
            f"{where}: params: {shown(key)} is {shown(raw)}", "write a number, true, false or a text"
        )
    return raw[:TEXT_LIMIT] if isinstance(raw, str) else raw


def _check_isf(table: IsfTable, where: str) -> IsfTable:
    if table.place not in ISF_PLACES:
        raise PresetError(f"{where}: isf: place is {shown(table.place)}", REMEDIES["place"])
    if len(table.filters) > ISF_FILTERS:
        raise PresetError(f"{where}: isf: {len(table.filters)} filters", f"use at most {ISF_FILTERS}")
    for name in (table.scene, *table.filters):
        parts = name.replace("\\", "/").split("/")
        if len(name) > TEXT_LIMIT or not name.isprintable() or ".." in parts or parts[0] == "" != name:
            raise PresetError(f"{where}: isf: no file {shown(name)}", "name a file in a folder of ISF files")
    return table


def _check_route(route: RouteTable, names: _Names, taps: Mapping[str, Tap], where: str) -> Route:
    for key, value in (
        ("from", route.signal),
        ("to", route.target),
        ("curve", route.curve),
        ("mode", route.mode),
    ):
        if key != "to" or not is_isf(value):
            names.check(key, value, where)
    natural = taps[route.signal].source
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
    return Route(
        signal=route.signal,
        target=route.target,
        gain=route.gain,
        curve=route.curve,
        low=low,
        high=high,
        attack_s=route.attack_s,
        release_s=route.release_s,
        mode=route.mode,
    )


def _name(given: str | None, stem: str, where: str) -> str:
    name = _text(stem if given is None else given, "name", where)
    if not name or any(unicodedata.category(sign) in _NOT_IN_NAMES for sign in given or stem):
        raise PresetError(
            f"{where}: name is {shown(stem if given is None else given)}",
            "write a short text of one line in quotes",
        )
    return name


def _text(value: str, key: str, where: str) -> str:
    if len(value) > TEXT_LIMIT:
        raise PresetError(f"{where}: {key} is {shown(value)}", REMEDIES[key])
    return one_line(value, TEXT_LIMIT)


def _tags(values: Sequence[str], where: str) -> tuple[str, ...]:
    if len(values) > TAG_LIMIT or any(not 1 <= len(tag) <= TAG_LENGTH for tag in values):
        raise PresetError(
            f"{where}: tags is {shown(list(values))}",
            f"use at most {TAG_LIMIT} words of at most {TAG_LENGTH} characters",
        )
    return tuple(one_line(tag, TAG_LENGTH) for tag in values)


def _check_number(key: str, value: float, where: str) -> None:
    if not math.isfinite(value):
        raise PresetError(f"{where}: {key} is {shown(value)}", "write a number")
    low, high = _RANGES.get(key, _NUMBERS)
    if not low <= value <= high:
        raise _out_of_range(key, value, where)


def _out_of_range(key: str, value: object, where: str) -> PresetError:
    low, high = _RANGES.get(key, _NUMBERS)
    return PresetError(f"{where}: {key} = {shown(value)} is out of range", f"use {low:g}..{high:g}")
