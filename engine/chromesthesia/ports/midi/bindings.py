"""Which controller steers what: a small TOML file that is read at the start and written when one is learned."""

from __future__ import annotations

import logging
import math
from collections.abc import Collection
from dataclasses import dataclass, field, replace
from pathlib import Path

from chromesthesia.core.safe_write import replace_file
from chromesthesia.core.schema import Table, Whole, toml_text
from chromesthesia.core.table_files import checked_table
from chromesthesia.core.user_files import is_there, one_line, read_toml, shown
from chromesthesia.params.values import nearest
from chromesthesia.ports.midi.devices import MidiError

log = logging.getLogger(__name__)

SCHEMA = 1
MOST_BINDINGS = 512
CONTROLS = ("cc", "cc14", "note", "bend", "pressure")
MODES = ("soft", "jump", "relative", "toggle", "hold")
ANY = 0
_NUMBERS = {"cc": 128, "cc14": 32, "note": 128}
_LARGEST = 1e6

Key = tuple[str, int, int]
"""Kind of control, channel 1 to 16, number."""


class BindingTable(Table, frozen=True, kw_only=True, omit_defaults=True, rename={"target": "to"}):
    """One `[[binding]]`."""

    target: str
    control: str = "cc"
    channel: Whole = ANY
    number: Whole = 0
    mode: str = "soft"
    low: float | None = None
    high: float | None = None
    argument: str | int | None = None


class BindingsFile(Table, frozen=True, kw_only=True, omit_defaults=True, rename={"bindings": "binding"}):
    """A whole file."""

    schema: Whole
    programs: bool = True
    bindings: tuple[BindingTable, ...] = ()


@dataclass(frozen=True, slots=True)
class Binding:
    """One control and what it steers.

    target: address of a setting or an action. control: cc, cc14 (a pair of controllers, number and number + 32), note,
    bend, pressure. channel: 1 to 16, 0 for any. mode, for a fader: soft (does nothing until it has met the value),
    jump, relative (an endless encoder: 1 to 63 up, 127 to 65 down); for a button: toggle or hold. low, high: ends of
    the travel in the setting's own unit, None for the setting's range. argument: what an action is given.
    """

    target: str
    control: str = "cc"
    channel: int = ANY
    number: int = 0
    mode: str = "soft"
    low: float | None = None
    high: float | None = None
    argument: str | int | None = None

    def fits(self, key: Key) -> bool:
        """True when the control of `key` is this one."""
        control, channel, number = key
        return control == self.control and number == self.number and self.channel in (ANY, channel)


@dataclass(frozen=True, slots=True)
class Bindings:
    """All of them, in order. programs: a program change loads the preset of that number."""

    rows: tuple[Binding, ...] = ()
    programs: bool = True
    _known: dict[Key, tuple[Binding, ...]] = field(default_factory=dict, compare=False, repr=False)

    def of(self, key: Key) -> tuple[Binding, ...]:
        """Those of one control; looked up once."""
        found = self._known.get(key)
        if found is None:
            found = self._known[key] = tuple(row for row in self.rows if row.fits(key))
        return found

    def learned(self, binding: Binding) -> Bindings:
        """With `binding` in the place of what steered its target and of what its control steered."""
        key = (binding.control, binding.channel, binding.number)
        rows = [row for row in self.rows if row.target != binding.target and not row.fits(key)]
        return replace(self, rows=(*rows, binding)[-MOST_BINDINGS:], _known={})

    def without(self, target: str) -> Bindings:
        """Without what steers `target`."""
        return replace(self, rows=tuple(row for row in self.rows if row.target != target), _known={})


def parse_bindings(table: dict[str, object], path: Path, known: Collection[str] = ()) -> Bindings:
    """Check what a file holds. known: addresses there are; a target that is none of them waits until it comes.

    Raises MidiError naming the file, the binding and the key.
    """
    where = one_line(path)
    file = checked_table(
        table, BindingsFile, {"binding": (BindingTable, MOST_BINDINGS)}, SCHEMA, where, MidiError
    )
    rows = tuple(
        _checked(row, f"{where}: binding {number}") for number, row in enumerate(file.bindings, start=1)
    )
    for number, row in enumerate(rows, start=1):
        if known and row.target not in known:
            hint = nearest(row.target, known) or "it waits until there is one"
            log.warning("%s: binding %d: no %s now (%s)", where, number, shown(row.target), hint)
    return Bindings(rows, file.programs)


def load_bindings(path: Path, known: Collection[str] = ()) -> Bindings:
    """The file's bindings; none, with programs, when there is no file yet. Raises MidiError."""
    return parse_bindings(read_toml(path, MidiError), path, known) if is_there(path) else Bindings()


def save_bindings(path: Path, bindings: Bindings) -> None:
    """Write the file, whole or not at all. Raises MidiError."""
    rows = tuple(
        BindingTable(
            target=row.target,
            control=row.control,
            channel=row.channel,
            number=row.number,
            mode=row.mode,
            low=row.low,
            high=row.high,
            argument=row.argument,
        )
        for row in bindings.rows
    )
    text = toml_text(BindingsFile(schema=SCHEMA, programs=bindings.programs, bindings=rows))
    replace_file(path, text.encode(), MidiError)


def _checked(row: BindingTable, where: str) -> Binding:
    for key, value, known in (("control", row.control, CONTROLS), ("mode", row.mode, MODES)):
        if value not in known:
            hint = nearest(value, known)
            raise MidiError(f"{where}: {key} is {shown(value)}", f"{hint} use {', '.join(known)}".strip())
    if not row.target.startswith("/"):
        raise MidiError(f"{where}: to is {shown(row.target)}", "give an address, e.g. /look/flow/amount")
    if not ANY <= row.channel <= 16:
        raise MidiError(f"{where}: channel is {row.channel}", "use 1 to 16, or 0 for any")
    numbers = _NUMBERS.get(row.control, 1)
    if not 0 <= row.number < numbers:
        raise MidiError(f"{where}: number is {row.number}", f"{row.control} has 0 to {numbers - 1}")
    for key, end in (("low", row.low), ("high", row.high)):
        if end is not None and not (math.isfinite(end) and abs(end) <= _LARGEST):
            raise MidiError(f"{where}: {key} is {shown(end)}", "use a number of ordinary size")
    if row.low is not None and row.low == row.high:
        raise MidiError(f"{where}: low and high are both {row.low:g}", "give two ends")
    return Binding(
        row.target, row.control, row.channel, row.number, row.mode, row.low, row.high, row.argument
    )
