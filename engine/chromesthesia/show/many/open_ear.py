"""Opens the ear's side of the bus for a show."""

from __future__ import annotations

import secrets
import socket
import threading
from contextlib import ExitStack
from dataclasses import replace

from chromesthesia.control.controller import Controller
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.errors import UsageError
from chromesthesia.core.protocols import Clock, Generator
from chromesthesia.core.records import Float32, UInt8
from chromesthesia.ports.bus.bus import Bus, BusConfig
from chromesthesia.ports.bus.zenoh_bus import ZenohBus
from chromesthesia.show.assembly import Models
from chromesthesia.show.many.ear import EarDesk
from chromesthesia.show.many.follower import Follower

LONGEST_DELAY_S = 5.0


class Shared:
    """A generator that two threads use: the show's own and, in a stand-by, that which follows."""

    def __init__(self, inner: Generator) -> None:
        self._inner = inner
        self._lock = threading.Lock()
        self.noise_size = inner.noise_size
        self.condition_labels = inner.condition_labels

    def paint(self, condition: Float32, noise: Float32) -> UInt8:
        """One after the other."""
        with self._lock:
            return self._inner.paint(condition, noise)


def machine_name() -> str:
    """A name on the bus that no other process has: the machine's, and a few letters of chance."""
    plain = "".join(c if c.isalnum() and c.isascii() else "-" for c in socket.gethostname())[:24]
    return f"{plain or 'machine'}-{secrets.token_hex(3)}"


def open_ear(
    config: ShowConfig, models: Models, controller: Controller, clock: Clock, opened: ExitStack
) -> tuple[EarDesk, Models]:
    """The desk, and the models to use beside it. Raises a ChromesthesiaError for what cannot be opened."""
    assert config.ear is not None
    if config.delay_s is not None and not 0.0 < config.delay_s <= LONGEST_DELAY_S:
        raise UsageError(
            f"a delay of {config.delay_s:g} s", f"give more than 0 and at most {LONGEST_DELAY_S:g}"
        )
    bus = ZenohBus(
        BusConfig(config.ear, config.bus_listen, config.bus_connect, config.lan, config.keys), clock, ear=True
    )
    opened.callback(bus.close)
    models = replace(models, generator=Shared(models.generator))
    return ear_on(bus, config, models, controller, clock), models


def ear_on(
    bus: Bus, config: ShowConfig, models: Models, controller: Controller, clock: Clock, who: str | None = None
) -> EarDesk:
    """The desk on a bus that is open. who: its name, None for one of its own."""
    who = who or machine_name()
    follower = Follower(bus, who, clock, models.generator, seed=config.seed)
    return EarDesk(bus, who, clock, controller, follower, config.standby, config.delay_s)
