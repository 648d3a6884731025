"""What one parameter is: everything that validation, OSC, presets and documentation need to know."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum

Value = float | int | bool | str


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
