"""Which lamp shows what: a small TOML file, checked to the last channel before anything is sent."""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from chromesthesia.core.errors import ChromesthesiaError
from chromesthesia.core.schema import Table, Whole
from chromesthesia.core.table_files import checked_table
from chromesthesia.core.user_files import one_line, read_toml, shown
from chromesthesia.params.values import nearest
from chromesthesia.signals.table import TABLE, SignalTable, Tap

SCHEMA = 1
FASTEST_HZ = 44.0
"""A DMX line carries no more full packets a second."""
CHANNELS = 512
MOST_UNIVERSES = 64
MOST_LIGHTS = 512
PALETTE_SIZE = 5
LETTERS = "rgbwd"
PROTOCOLS = ("sacn", "artnet")
MULTICAST = "multicast"
_UNIVERSES = {"sacn": (1, 63_999), "artnet": (0, 32_767)}
WHOLE_PICTURE = (0.0, 0.0, 1.0, 1.0)


class PatchError(ChromesthesiaError):
    """A patch of lamps that is not valid."""

    exit_code = 6


class UniverseTable(Table, frozen=True, kw_only=True, omit_defaults=True):
    """One `[[universe]]`."""

    number: Whole
    protocol: str = "sacn"
    to: str = "127.0.0.1"
    priority: Whole = 100


class LightTable(Table, frozen=True, kw_only=True, omit_defaults=True):
    """One `[[light]]`."""

    address: Whole
    universe: Whole = 1
    channels: str = "rgb"
    bits: Whole = 8
    region: tuple[float, ...] | None = None
    palette: Whole | None = None
    colour: tuple[float, ...] | None = None
    level: str | None = None
    low: float = 0.0
    high: float = 1.0
    smoothing_s: float = 0.05
    gamma: float = 1.0


class FixedTable(Table, frozen=True, kw_only=True, omit_defaults=True):
    """One `[[fixed]]`: a channel that always has the same value, such as a fixture's mode."""

    address: Whole
    value: Whole
    universe: Whole = 1


class PatchFile(
    Table,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    rename={"universes": "universe", "lights": "light"},
):
    """A whole file."""

    schema: Whole
    rate_hz: float = 40.0
    at_end: str = "black"
    universes: tuple[UniverseTable, ...] = ()
    lights: tuple[LightTable, ...] = ()
    fixed: tuple[FixedTable, ...] = ()


@dataclass(frozen=True, slots=True)
class Universe:
    """Where 512 channels go. to: an IPv4 address, or `multicast` (sACN)."""

    number: int
    protocol: str = "sacn"
    to: str = "127.0.0.1"
    priority: int = 100


@dataclass(frozen=True, slots=True)
class Light:
    """One lamp.

    channels: what its channels are, in order: r, g, b, w(hite), d(immer). bits: 8, or 16 for a coarse and a fine
    channel each. region: left, top, width, height of the part of the picture whose mean colour it shows; palette: which
    of the picture's five chief colours; colour: one of its own, linear 0..1. At most one of these; without any it is
    white. tap: the signal that dims it, None for full. low, high: least and most brightness. gamma: of the lamp.
    """

    universe: int
    address: int
    channels: str = "rgb"
    bits: int = 8
    region: tuple[float, float, float, float] | None = None
    palette: int | None = None
    colour: tuple[float, float, float] | None = None
    tap: Tap | None = None
    low: float = 0.0
    high: float = 1.0
    smoothing_s: float = 0.05
    gamma: float = 1.0

    @property
    def width(self) -> int:
        """How many channels it takes."""
        return len(self.channels) * self.bits // 8


@dataclass(frozen=True, slots=True)
class Fixed:
    """One channel with one value."""

    universe: int
    address: int
    value: int


@dataclass(frozen=True, slots=True)
class Patch:
    """A whole patch. at_end: `black`, or `hold` the last look. rate_hz: packets a second."""

    universes: tuple[Universe, ...]
    lights: tuple[Light, ...]
    fixed: tuple[Fixed, ...] = ()
    rate_hz: float = 40.0
    at_end: str = "black"


def load_patch(path: Path, signals: SignalTable = TABLE) -> Patch:
    """Read a patch file. Raises PatchError naming the file, the lamp and the key."""
    return parse_patch(read_toml(path, PatchError), path, signals)


def parse_patch(table: Mapping[str, object], path: Path, signals: SignalTable = TABLE) -> Patch:
    """Check what a patch file held."""
    where = one_line(path)
    rows: dict[str, tuple[type[Table], int]] = {
        "universe": (UniverseTable, MOST_UNIVERSES),
        "light": (LightTable, MOST_LIGHTS),
        "fixed": (FixedTable, CHANNELS),
    }
    file = checked_table(table, PatchFile, rows, SCHEMA, where, PatchError)
    _need(_within(file.rate_hz, 1.0, FASTEST_HZ), where, "rate_hz", file.rate_hz, f"use 1 to {FASTEST_HZ:g}")
    _need(file.at_end in ("black", "hold"), where, "at_end", file.at_end, "use black or hold")
    universes = tuple(
        _universe(row, f"{where}: universe {number}") for number, row in enumerate(file.universes, start=1)
    )
    known = [universe.number for universe in universes]
    for number in known:
        if known.count(number) > 1:
            raise PatchError(f"{where}: universe {number} is there twice", "give each number once")
    taken: dict[tuple[int, int], str] = {}
    lights = tuple(
        _light(row, known, taken, signals, where, f"light {number}")
        for number, row in enumerate(file.lights, start=1)
    )
    fixed = tuple(
        _fixed(row, known, taken, where, f"fixed {number}") for number, row in enumerate(file.fixed, start=1)
    )
    if not lights:
        raise PatchError(f"{where}: no [[light]]", "write at least one")
    return Patch(universes, lights, fixed, file.rate_hz, file.at_end)


def _universe(row: UniverseTable, where: str) -> Universe:
    _need(row.protocol in PROTOCOLS, where, "protocol", row.protocol, f"use {' or '.join(PROTOCOLS)}")
    low, high = _UNIVERSES[row.protocol]
    _need(low <= row.number <= high, where, "number", row.number, f"{row.protocol} has {low} to {high}")
    _need(0 <= row.priority <= 200, where, "priority", row.priority, "use 0 to 200")
    if row.to == MULTICAST:
        _need(row.protocol == "sacn", where, "to", row.to, "only sacn has it; give an address")
    else:
        try:
            address = ipaddress.IPv4Address(row.to)
        except ValueError:
            address = None
        usable = address is not None and not address.is_unspecified
        _need(usable, where, "to", row.to, "give an IPv4 address, e.g. 192.168.1.50, or multicast")
    return Universe(row.number, row.protocol, row.to, row.priority)


def _light(
    row: LightTable,
    known: list[int],
    taken: dict[tuple[int, int], str],
    signals: SignalTable,
    file: str,
    name: str,
) -> Light:
    where = f"{file}: {name}"
    letters = set(row.channels)
    usable = 0 < len(row.channels) == len(letters) and letters <= set(LETTERS)
    _need(usable, where, "channels", row.channels, f"use each of {', '.join(LETTERS)} at most once")
    _need(row.bits in (8, 16), where, "bits", row.bits, "use 8 or 16")
    named = [key for key in ("region", "palette", "colour") if getattr(row, key) is not None]
    if len(named) > 1:
        raise PatchError(f"{where}: both {named[0]} and {named[1]}", "a lamp shows one thing")
    for key, value, low, high in (
        ("low", row.low, 0.0, 1.0),
        ("high", row.high, 0.0, 1.0),
        ("smoothing_s", row.smoothing_s, 0.0, 60.0),
        ("gamma", row.gamma, 0.2, 5.0),
    ):
        _need(_within(value, low, high), where, key, value, f"use {low:g} to {high:g}")
    _need(row.low <= row.high, where, "low", row.low, f"use at most high, {row.high:g}")
    if row.palette is not None:
        _need(0 <= row.palette < PALETTE_SIZE, where, "palette", row.palette, f"use 0 to {PALETTE_SIZE - 1}")
    tap = None
    if row.level is not None:
        tap = signals.taps.get(row.level)
        hint = nearest(row.level, signals.taps) or "see docs/parameters.md, Signals"
        _need(tap is not None, where, "level", row.level, hint)
    light = Light(
        row.universe,
        row.address,
        row.channels,
        row.bits,
        _region(row.region, where),
        row.palette,
        _colour(row.colour, where),
        tap,
        row.low,
        row.high,
        row.smoothing_s,
        row.gamma,
    )
    _take(light.universe, light.address, light.width, known, taken, file, name)
    return light


def _fixed(
    row: FixedTable, known: list[int], taken: dict[tuple[int, int], str], file: str, name: str
) -> Fixed:
    _need(0 <= row.value <= 255, f"{file}: {name}", "value", row.value, "use 0 to 255")
    _take(row.universe, row.address, 1, known, taken, file, name)
    return Fixed(row.universe, row.address, row.value)


def _take(
    universe: int,
    address: int,
    width: int,
    known: list[int],
    taken: dict[tuple[int, int], str],
    file: str,
    name: str,
) -> None:
    where = f"{file}: {name}"
    _need(universe in known, where, "universe", universe, "write a [[universe]] with that number")
    last = CHANNELS - width + 1
    _need(1 <= address <= last, where, "address", address, f"with {width} channels use 1 to {last}")
    for channel in range(address, address + width):
        other = taken.get((universe, channel))
        if other is not None:
            raise PatchError(f"{where}: channel {channel} of universe {universe} is {other}'s", "move one")
        taken[universe, channel] = name


def _region(numbers: tuple[float, ...] | None, where: str) -> tuple[float, float, float, float] | None:
    if numbers is None:
        return None
    fits = len(numbers) == 4 and all(_within(number, 0.0, 1.0) for number in numbers)
    fits = fits and numbers[2] > 0.0 and numbers[3] > 0.0
    fits = fits and numbers[0] + numbers[2] <= 1.0 + 1e-9 and numbers[1] + numbers[3] <= 1.0 + 1e-9
    _need(
        fits, where, "region", list(numbers), "give left, top, width, height as parts of the picture, 0 to 1"
    )
    return (numbers[0], numbers[1], numbers[2], numbers[3])


def _colour(numbers: tuple[float, ...] | None, where: str) -> tuple[float, float, float] | None:
    if numbers is None:
        return None
    fits = len(numbers) == 3 and all(_within(number, 0.0, 1.0) for number in numbers)
    _need(fits, where, "colour", list(numbers), "give red, green, blue, 0 to 1")
    return (numbers[0], numbers[1], numbers[2])


def _within(value: float, low: float, high: float) -> bool:
    return math.isfinite(value) and low <= value <= high


def _need(holds: bool, where: str, key: str, value: object, remedy: str) -> None:
    if not holds:
        raise PatchError(f"{where}: {key} is {shown(value)}", remedy)
