"""Presets: partial looks in TOML, checked to the last key before they touch anything."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from chromesthesia.core.errors import PresetError
from chromesthesia.core.schema import toml_text
from chromesthesia.core.user_files import TOML_LIMIT, is_file, one_line, parse_toml, read_text, read_toml
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Param, Value
from chromesthesia.params.preset_file import SCHEMA, IsfTable, PresetFile, RouteTable
from chromesthesia.params.preset_rules import PresetRules, checked_isf, name_of, tags_of, text_of
from chromesthesia.params.routes import Route
from chromesthesia.params.values import nearest
from chromesthesia.signals.table import TABLE, SignalTable

log = logging.getLogger(__name__)

DEFAULT_NAME = "Gallery"
NO_ISF_FILES = IsfTable()


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


PLAIN = Preset("Plain", description="Every parameter at its default, no routes")
"""The preset that is there when no file is."""


@dataclass(frozen=True, slots=True)
class PresetLibrary:
    """The presets found, in order of their names; `broken` says why others were left out, by file stem.

    texts: what the files held, checked against `params`: what is still so is not read twice.
    """

    presets: tuple[Preset, ...]
    broken: tuple[PresetError, ...] = ()
    broken_stems: tuple[str, ...] = ()
    texts: Mapping[Path, str] = field(default_factory=lambda: MappingProxyType({}), compare=False, repr=False)
    params: tuple[Param, ...] = field(default=(), compare=False, repr=False)

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


NOTHING_KNOWN = PresetLibrary(())


def load_preset(path: Path, params: Sequence[Param] = PARAMETERS, signals: SignalTable = TABLE) -> Preset:
    """Read one preset file and check all of it.

    Raises PresetError naming the file, the key and, for an unknown key, path or signal, the nearest known
    one.
    """
    return _checked(read_toml(path, PresetError), path, PresetRules(params, signals))


def parse_preset(
    table: Mapping[str, object],
    path: Path,
    params: Sequence[Param] = PARAMETERS,
    signals: SignalTable = TABLE,
) -> Preset:
    """Check what a preset file held; `path` is for the messages and the name."""
    return _checked(table, path, PresetRules(params, signals))


def _checked(table: Mapping[str, object], path: Path, rules: PresetRules) -> Preset:
    where = one_line(path)
    file = rules.file(table, where)
    return Preset(
        name=name_of(file.name, path.stem, where),
        params=MappingProxyType({key: rules.value(key, raw, where) for key, raw in file.params.items()}),
        routes=tuple(
            rules.route(route, f"{where}: route {number}")
            for number, route in enumerate(file.routes, start=1)
        ),
        description=text_of(file.description, "description", where),
        path=path,
        author=text_of(file.author, "author", where),
        tags=tags_of(file.tags, where),
        isf=checked_isf(file.isf, where),
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


def find_presets(
    directories: Iterable[Path], params: Sequence[Param] = PARAMETERS, known: PresetLibrary = NOTHING_KNOWN
) -> PresetLibrary:
    """Every `*.toml` in `directories`; the first directory that has a file name or preset name wins.

    A broken file is logged and left out (see `PresetLibrary.broken`); it does not hide the others. known: what was
    found before; of a file that holds the same the preset is taken from there, which costs a twentieth of the time and
    leaves no holes in memory.
    """
    params = tuple(params)
    earlier = {preset.path: preset for preset in known} if known.params == params else {}
    texts: dict[Path, str] = {}
    found: dict[str, Preset] = {}
    broken: dict[Path, PresetError] = {}
    rules = PresetRules(params)
    stems: set[str] = set()
    for directory in directories:
        for path in _toml_files(directory):
            if path.stem.casefold() in stems:
                continue
            preset = earlier.get(path)
            try:
                text = read_text(path, TOML_LIMIT, PresetError)
                if preset is None or text != known.texts.get(path):
                    preset = _checked(parse_toml(text, path, PresetError), path, rules)
            except PresetError as error:
                log.warning("preset left out: %s", error)
                broken[path] = error
                continue
            texts[path] = text
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
        MappingProxyType(texts),
        params,
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
