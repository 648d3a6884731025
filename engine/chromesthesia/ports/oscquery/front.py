"""What the thread that serves needs of whoever started it."""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Protocol

from chromesthesia.ports.oscquery.gate import Gate
from chromesthesia.ports.oscquery.nodes import Item, NodeSource
from chromesthesia.ports.oscquery.site import Reply, Site

if TYPE_CHECKING:
    import asyncio

Values = Mapping[str, Sequence[Item]]
"""Values by path, one for each type tag."""
Notes = Mapping[tuple[str, str], object]
"""What was written, by source and path."""
Also = Callable[[], AbstractAsyncContextManager[object]]


class Served(Protocol):
    """A running server, as its front sees it; all but `end` and `deliver` may be read from any thread."""

    @property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Where `end` and `deliver` are called."""
        ...

    @property
    def busy(self) -> bool:
        """True while somebody listens, or asks for values."""
        ...

    @property
    def clients(self) -> int:
        """How many WebSockets are open."""
        ...

    @property
    def connections(self) -> int:
        """How many connections are open."""
        ...

    def end(self) -> None:
        """Serve no more."""
        ...

    def deliver(self) -> None:
        """Take what was told, and hand it on."""
        ...


class Front(Protocol):
    """What is served, by what rules, and where what is told comes from. Made by `server.QueryServer`."""

    listening: socket.socket
    source: NodeSource
    receive: Callable[[bytes, str], None]
    gate: Gate
    host_info: Callable[[str], Mapping[str, object]]
    site: Site | None
    pages: Mapping[str, Callable[[], Reply]]
    fresh_s: float
    parts: list[Also]
    counters: dict[str, int]

    def told(self) -> tuple[Values, Notes]:
        """What was told since the last call."""
        ...

    def serves(self, served: Served) -> bool:
        """The thread serves from now on; False when it is to end at once."""
        ...
