"""OSC in over UDP: whose packets are heard, and what they ask for. Nothing that arrives raises, and nothing grows."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Protocol

from chromesthesia.control.commands import Command
from chromesthesia.core.logs import BoundedLog
from chromesthesia.core.protocols import Clock, Counting, Datagrams
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.osc.reading import PacketReader, ReadCounters
from chromesthesia.ports.osc.senders import Sender, source_of

log = logging.getLogger(__name__)


class Post(Protocol):
    """`Controller.post`."""

    def __call__(self, *commands: Command, at_s: float | None = None) -> None: ...


@dataclass(slots=True)
class InputCounters(ReadCounters):
    """Beside what became of messages: packets received; those of senders that are not allowed; our own come back."""

    packets: int = 0
    strangers: int = 0
    own: int = 0


class OscInput:
    """Turns datagrams into commands for the controller, as `reading.PacketReader` reads them.

    `handle` is called from one thread and takes some microseconds.
    """

    def __init__(
        self,
        datagrams: Datagrams,
        tree: ParameterTree,
        post: Post,
        clock: Clock,
        wall_time_s: Callable[[], float] = time.time,
        allows: Callable[[Sender], bool] | None = None,
        is_own: Callable[[Sender], bool] | None = None,
    ) -> None:
        """wall_time_s: seconds since 1970; only bundles' time tags are read against it. allows: asked for every packet,
        None hears everybody. is_own: true for packets that we sent ourselves, which are ignored.
        """
        self._datagrams = datagrams
        self._post = post
        self._clock = clock
        self._allows = allows
        self._is_own = is_own
        self._bounded_log = BoundedLog(log)
        self.counters = InputCounters()
        self.reader = PacketReader(tree, clock, wall_time_s, self.counters)

    @property
    def lost(self) -> int:
        """Datagrams that the system dropped before they were read; -1 where it does not tell."""
        return self._datagrams.lost

    def counts(self) -> dict[str, int]:
        """What became of the packets."""
        more = self._datagrams.counts() if isinstance(self._datagrams, Counting) else {}
        return {**asdict(self.counters), "lost": self.lost, **more}

    def run(self) -> None:
        """Handle datagrams until the socket is closed. Body of the receiving thread."""
        while (datagram := self._datagrams.receive()) is not None:
            try:
                self.handle(*datagram)
            except Exception:  # the thread's boundary: a fault of ours must not end remote control
                self.counters.malformed += 1
                self._bounded_log.warning(self._clock.now_s(), "a packet could not be handled", exc_info=True)

    def close(self) -> None:
        """Close the socket, which ends `run`."""
        self._datagrams.close()

    def handle(self, payload: bytes, sender: Sender) -> None:
        """Take one datagram. Malformed ones are counted and logged at a bounded rate; nothing is raised."""
        self.counters.packets += 1
        if not self._hears(sender):
            return
        for asked in self.reader.read(payload, source_of(sender)):
            self._post(*asked.commands, at_s=asked.at_s)

    def _hears(self, sender: Sender) -> bool:
        if self._is_own is not None and self._is_own(sender):
            self.counters.own += 1
            if self.counters.own == 1:
                log.warning("OSC out comes back to our own port: those packets are ignored")
            return False
        if self._allows is not None and not self._allows(sender):
            self.counters.strangers += 1
            self._bounded_log.warning(
                self._clock.now_s(), "packet from %s:%d ignored: not in --osc-allow", *sender
            )
            return False
        return True
