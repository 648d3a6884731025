"""What one signal is: everything that routes, readings, displays, histories and documentation need to know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from chromesthesia.core.records import Heard


@dataclass(frozen=True, slots=True)
class Source:
    """A signal as a route starts from it. path: its name there; take: from the signal's own scale to low..high."""

    path: str
    low: float = 0.0
    high: float = 1.0
    take: Callable[[float], float] = float

    def level(self, value: float) -> float:
        """The signal's value on this scale, held in the range; not-a-number becomes its low end."""
        level = self.take(value)
        if level >= self.high:
            return self.high
        return level if level > self.low else self.low


@dataclass(frozen=True, slots=True)
class Signal:
    """One value that a listener hears.

    path: address below the listener's namespace, e.g. `features/loudness_dbfs`. read: the value in what is heard.
    low, high: range, None where it is open; unit: short text such as `Hz`. rest: the value before anything was heard.
    whole: a count. every_move: partners are told whenever it moves at all, not by a thousandth of the range.
    scaled: how routes take it, for a signal with a unit or an open range; others are a source as they are. musician:
    number of the one that it is of, from 1, and told only where he is heard; 0 for the room.
    """

    path: str
    description: str
    read: Callable[[Heard], float]
    low: float | None = None
    high: float | None = None
    unit: str = ""
    rest: float = 0.0
    whole: bool = False
    every_move: bool = False
    scaled: Source | None = None
    musician: int = 0

    @property
    def source(self) -> Source | None:
        """How routes take it; None for a signal that no route can start from."""
        if self.scaled is not None or self.unit or self.low is None or self.high is None:
            return self.scaled
        return Source(self.path, self.low, self.high)

    def address(self, listener: str = "") -> str:
        """OSC address under the namespace of `listener`: empty for the first, else e.g. `/violin`."""
        return f"{listener}/{self.path}"
