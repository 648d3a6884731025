"""What one parameter is: everything that validation, OSC, presets and documentation need to know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, IntEnum

Value = float | int | bool | str


_TYPE_TAGS: dict[type, str] = {float: "f", int: "i", bool: "T", str: "s"}


class Clip(Enum):
    """What happens to a number outside the range."""

    BOTH = "both"
    LOW = "low"
    HIGH = "high"
    NONE = "none"


class Access(IntEnum):
    """OSCQuery access codes."""

    NONE = 0
    READ = 1
    WRITE = 2
    READ_WRITE = 3


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter.

    path: OSC address, e.g. `/look/warp/amount`. default: also fixes the type (float, int, bool, str).
    low, high: range of numbers; choices: allowed strings (a choice is also settable by its index).
    unit: short text such as `s`, `Hz`, `dB`. smoothing_s: time constant with which the live value glides.
    routable: True when a route may add to it (float parameters that are read every frame).
    room: True when it belongs to the room or to the hand on the fader (gain, brightness) rather than to a
    look: presets may not name it and a preset change leaves it alone.
    critical: what is sent to it must not get lost.
    step: partners are told a reading again when it moved by more than this; None: by a thousandth of its range.
    """

    path: str
    default: Value
    description: str
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""
    clip: Clip = Clip.BOTH
    smoothing_s: float = 0.0
    access: Access = Access.READ_WRITE
    routable: bool = False
    room: bool = False
    step: float | None = None
    critical: bool = False

    @property
    def is_number(self) -> bool:
        """True for float and int, not for bool."""
        return isinstance(self.default, int | float) and not isinstance(self.default, bool)

    @property
    def is_float(self) -> bool:
        """True when the value glides and may be routed."""
        return isinstance(self.default, float)

    @property
    def readable(self) -> bool:
        """True when partners may read it."""
        return bool(self.access & Access.READ)

    @property
    def writable(self) -> bool:
        """True when partners and presets may set it."""
        return bool(self.access & Access.WRITE)

    @property
    def type_name(self) -> str:
        """`float`, `int`, `bool`, `choice` or `str`."""
        return "choice" if self.choices else type(self.default).__name__

    @property
    def type_tag(self) -> str:
        """OSC type tag of the value: `f`, `i`, `T` (true or false) or `s`."""
        return _TYPE_TAGS[type(self.default)]


@dataclass(frozen=True, slots=True)
class Number(Param):
    """A float. As a key it gives one: `look[FLOW_AMOUNT]`."""


@dataclass(frozen=True, slots=True)
class Whole(Param):
    """An int."""


@dataclass(frozen=True, slots=True)
class Switch(Param):
    """True or false."""


@dataclass(frozen=True, slots=True)
class Choice(Param):
    """One of `choices`."""


def declared_in(names: Mapping[str, object]) -> tuple[Param, ...]:
    """Every parameter that a module declares, in the order of its text. names: the module's `globals()`."""
    return tuple(value for value in names.values() if isinstance(value, Param))
