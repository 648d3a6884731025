"""What ear and lights need of a network: tell everybody under a topic, and hear what is told."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from chromesthesia.core.errors import UsageError

Take = Callable[[bytes], None]
"""Is given the content of a message, on a thread of the bus's. Must not raise, and must be quick."""

_NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")


class Bus(Protocol):
    """Topics are short words; everybody who knows the same name of a room hears the same."""

    def publish(self, topic: str, content: bytes) -> None:
        """Tell. Any thread; never waits for the network and never raises: what finds no way is counted."""
        ...

    def subscribe(self, topic: str, take: Take) -> None:
        """Hear what others tell under `topic`, and what this side tells itself."""
        ...

    def counts(self) -> Mapping[str, int]:
        """Messages and bytes, out and in, and failures. Any thread."""
        ...

    def close(self) -> None:
        """Tell and hear no more."""
        ...


@dataclass(frozen=True, slots=True)
class BusConfig:
    """How the machines of a room find each other.

    name: of the room; listen, connect: endpoints such as `tls/192.168.1.10:7447`. lan: the whole network rather than
    this machine; keys: the folder that `chromesthesia keys` made, needed with `lan`.
    """

    name: str = "room"
    listen: tuple[str, ...] = ()
    connect: tuple[str, ...] = ()
    lan: bool = False
    keys: Path | None = None


def checked_name(name: str) -> str:
    """The name of a room, an ear or a light. Raises UsageError for one that cannot be part of a topic."""
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name[:60]!r} is no name", "give 1 to 40 letters, digits, - or _")
    return name
