"""The lamps as a port: a packet for every universe at an even rate, from the newest picture and the newest signals."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Mapping, Sequence
from math import inf
from pathlib import Path

from chromesthesia.control.commands import SetParameter
from chromesthesia.core.logs import BoundedLog
from chromesthesia.core.protocols import Clock
from chromesthesia.core.records import UInt8
from chromesthesia.core.slot import LatestSlot
from chromesthesia.core.user_files import one_line
from chromesthesia.params.declaration import Value
from chromesthesia.ports.dmx.lamps import Lamps
from chromesthesia.ports.dmx.patch import MULTICAST, Patch, load_patch
from chromesthesia.ports.dmx.wire import Line, open_lines
from chromesthesia.ports.port import Readings
from chromesthesia.signals.table import Tap

log = logging.getLogger(__name__)

NAME = "dmx"
_LATE_PERIODS = 3.0


class DmxPort:
    """`ports.port.Port` over sACN and Art-Net; it hears nothing. pictures: where the newest small picture is."""

    name = NAME

    def __init__(
        self, patch: Patch, lines: Mapping[int, Line], clock: Clock, flash_limiter: bool = True
    ) -> None:
        self.patch = patch
        self.pictures: LatestSlot[UInt8] = LatestSlot()
        self.next_s = inf
        self._lines = dict(lines)
        self._clock = clock
        self._lamps = Lamps(patch, flash_limiter)
        self._period_s = 1.0 / patch.rate_hz
        self._log = BoundedLog(log, 10.0)
        self._sent = 0
        self._failures = 0

    def start(self) -> None:
        """Send from now on."""
        self.next_s = self._clock.now_s()

    def publish(self, now_s: float, writes: Sequence[SetParameter], readings: Readings) -> None:
        """Send, when it is due."""
        if now_s < self.next_s:
            return
        late_s = now_s - self.next_s
        # After a stall the rhythm begins anew: packets are not made up for.
        self.next_s = (self.next_s if late_s < _LATE_PERIODS * self._period_s else now_s) + self._period_s
        pixels = self.pictures.take()
        if pixels is not None:
            self._lamps.look(pixels)
        values = readings()
        self._send(now_s, self._lamps.step(now_s, lambda tap: _level(tap, values)))

    def health(self) -> Mapping[str, int]:
        """Packets sent, packets that the network refused, steps in which a lamp was held for flashing."""
        return {"failures": self._failures, "sent": self._sent, "held": self._lamps.held}

    def stop(self) -> None:
        """Leave the lamps dark, or as they are, as the patch says."""
        if self.patch.at_end == "black" and self.next_s < inf:
            self._send(self._clock.now_s(), self._lamps.black(), last=True)
        self.next_s = inf
        for line in self._lines.values():
            line.close()

    def _send(self, now_s: float, universes: Mapping[int, bytes], last: bool = False) -> None:
        for number, channels in universes.items():
            try:
                self._lines[number].send(channels, last)
                self._sent += 1
            except OSError as error:  # the others are to be lit all the same
                self._failures += 1
                self._log.warning(now_s, "lamps of universe %d: %s", number, one_line(error))


def _level(tap: Tap, values: Mapping[str, Value]) -> float:
    value = values.get(tap.signal.address(tap.listener), tap.signal.rest)
    return tap.source.level(tap.signal.rest if isinstance(value, str) else float(value))


def open_dmx(path: Path | None, clock: Clock, flash_limiter: bool = True) -> DmxPort | None:
    """The port of the patch at `path`; None without one.

    Raises PatchError for a patch that is wrong and NetworkError without the libraries.
    """
    if path is None:
        return None
    patch = load_patch(path)
    port = DmxPort(patch, open_lines(patch), clock, flash_limiter)
    beyond = [
        universe.to
        for universe in patch.universes
        if universe.to == MULTICAST or not ipaddress.IPv4Address(universe.to).is_loopback
    ]
    if beyond:
        log.warning("lamps: sending to the network, to %s", ", ".join(sorted(set(beyond))))
    return port
