"""What every port is: a way for other programs and people to steer a show and to hear of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from chromesthesia.control.commands import SetParameter
from chromesthesia.control.controller import Controller
from chromesthesia.core.protocols import Clock
from chromesthesia.params.declaration import Value
from chromesthesia.params.tree import ParameterTree

Readings = Callable[[], Mapping[str, Value]]
"""Gives every reading by its address, as it is now."""


PortMaker = Callable[[ParameterTree, Controller, Clock], "Port"]
"""Makes a port of a show: what it hears it posts to the controller."""


class Port(Protocol):
    """A show owns a list of these; its control thread calls everything here. What a port hears it posts as commands.

    A port has its own `control.feed.ChangeFeed`, so that each is told what it has not been told, and no echo.
    """

    @property
    def name(self) -> str:
        """Short and lower-case, e.g. `osc`."""
        ...

    @property
    def next_s(self) -> float:
        """Monotonic time at which `publish` has something to do next; infinity for never."""
        ...

    def start(self) -> None:
        """Begin to hear. What can be wrong with an address or a device is found before, where the port is made."""
        ...

    def publish(self, now_s: float, writes: Sequence[SetParameter], readings: Readings) -> None:
        """Tell what changed. Called after every step of the control loop, quick when nothing is due.

        writes: what was set in this step by somebody who sent it to one address. readings: to be called only when due.
        """
        ...

    def health(self) -> Mapping[str, int]:
        """Counts by name; every port has `failures`, and `lost` where it can lose what came (-1: it cannot tell)."""
        ...

    def stop(self) -> None:
        """Hear and tell no more, and give back what was opened. Called once, also when `start` was not."""
        ...
