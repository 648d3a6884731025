"""Whose packets are heard: the addresses a show was told to allow, and never our own packets come back."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Collection, Sequence

from chromesthesia.core.errors import UsageError
from chromesthesia.core.user_files import one_line
from chromesthesia.ports.osc.udp import is_this_machine

Sender = tuple[str, int]
"""IPv4 address and port of a packet's sender."""

NAME = "osc"
"""Of the port; how the source of all that comes by it begins."""
ALLOWED_LIMIT = 256
"""Most addresses and networks of one list."""
_CACHE_LIMIT = 64
_LOOPBACK = ipaddress.IPv4Network("127.0.0.0/8")


def source_of(sender: Sender, way: str = "") -> str:
    """The source that a write from `sender` carries. way: e.g. `tcp`; empty for UDP."""
    return f"{NAME}:{sender[0]}:{sender[1]}" + (f"/{way}" if way else "")


class AllowedSenders:
    """The senders that may steer: the addresses and networks of `--osc-allow`, and always this machine's loopback.

    Raises UsageError for a text that is no IPv4 address or network.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        if len(texts) > ALLOWED_LIMIT:
            raise UsageError(f"--osc-allow is given {len(texts)} times", f"at most {ALLOWED_LIMIT} are taken")
        networks = [_network(text) for text in texts]
        self._networks = tuple(
            (int(network.network_address), int(network.netmask)) for network in (_LOOPBACK, *networks)
        )
        self.words = ", ".join(
            str(network.network_address) if network.prefixlen == 32 else str(network) for network in networks
        )
        """The list as a person reads it."""

    def __call__(self, sender: Sender) -> bool:
        """True when `sender` may steer."""
        number = int(ipaddress.IPv4Address(sender[0]))
        return any(number & mask == base for base, mask in self._networks)


class OwnPackets:
    """Knows the packets that this process sent itself: from the port it sends from, on an address of this machine."""

    def __init__(self, ports: Collection[int], is_ours: Callable[[str], bool] = is_this_machine) -> None:
        """ports: those that OSC out sends from."""
        self._ports = frozenset(ports)
        self._is_ours = is_ours
        self._known: dict[str, bool] = {}

    def __call__(self, sender: Sender) -> bool:
        """True when `sender` is this process."""
        host, port = sender
        if port not in self._ports:
            return False
        if host not in self._known:
            if len(self._known) >= _CACHE_LIMIT:
                self._known.clear()
            self._known[host] = self._is_ours(host)
        return self._known[host]


def _network(text: str) -> ipaddress.IPv4Network:
    try:
        return ipaddress.IPv4Network(text.strip(), strict=False)
    except ValueError as error:
        raise UsageError(
            f"--osc-allow {one_line(text, 80)!r} is no IPv4 address or network",
            "e.g. 192.168.1.20 or 192.168.1.0/24",
        ) from error
