"""Channels as packets: sACN by the library sacn, Art-Net by stupidArtnet, both through sockets of our own.

The libraries' senders run threads that print or end when the network fails: theirs are the packets, the sending is
ours.
"""

from __future__ import annotations

import ipaddress
import logging
import random
import socket
from typing import Any, Protocol

from chromesthesia.core.errors import NetworkError
from chromesthesia.core.user_files import one_line
from chromesthesia.ports.dmx.patch import MULTICAST, Patch, Universe

log = logging.getLogger(__name__)

SACN_PORT, ARTNET_PORT = 5568, 6454
LOOPBACK, EVERYWHERE = "127.0.0.1", ""
SOURCE_NAME = "Chromesthesia"
MULTICAST_HOPS = 4
_LAST_SEQUENCE = 255


class Line(Protocol):
    """Where the channels of one universe go."""

    def send(self, channels: bytes, last: bool = False) -> None:
        """512 channels; last: nothing follows. Raises OSError when the network refuses."""
        ...

    def close(self) -> None: ...


def open_lines(patch: Patch) -> dict[int, Line]:
    """A line for every universe, by its number. Raises NetworkError without the libraries."""
    try:
        import sacn
        import stupidArtnet
    except ImportError as error:
        raise NetworkError(
            f"DMX needs sacn and stupidArtnet: {one_line(error)}", "pip install 'chromesthesia[dmx]'"
        ) from error
    cid = tuple(random.SystemRandom().randrange(256) for _ in range(16))
    lines: dict[int, Line] = {}
    try:
        for universe in patch.universes:
            if universe.protocol == "sacn":
                lines[universe.number] = SacnLine(sacn.DataPacket, universe, cid)
            else:
                lines[universe.number] = ArtnetLine(stupidArtnet.StupidArtnet, universe)
    except OSError as error:
        for line in lines.values():
            line.close()
        raise NetworkError(f"lamps cannot be reached: {error}", "is there a network?") from error
    return lines


class SacnLine:
    """sACN (ANSI E1.31). packet: `sacn.DataPacket`."""

    def __init__(self, packet: Any, universe: Universe, cid: tuple[int, ...]) -> None:
        self._packet = packet(
            cid=cid, sourceName=SOURCE_NAME, universe=universe.number, priority=universe.priority
        )
        group = self._packet.calculate_multicast_addr()
        self._to = (group if universe.to == MULTICAST else universe.to, SACN_PORT)
        self._socket = _socket(self._to[0])

    def send(self, channels: bytes, last: bool = False) -> None:
        """See `Line`; a last packet says that the stream ends, three times as the standard asks."""
        self._packet.dmxData = tuple(channels)
        self._packet.option_StreamTerminated = last
        for _ in range(3 if last else 1):
            self._socket.sendto(bytes(self._packet.getBytes()), self._to)
            self._packet.sequence_increase()

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class ArtnetLine:
    """Art-Net 4, ArtDmx. library: `stupidArtnet.StupidArtnet`."""

    def __init__(self, library: Any, universe: Universe) -> None:
        self._art = library(universe.to, universe.number)
        self._art.close()  # the socket it opened
        self._to = (universe.to, ARTNET_PORT)
        self._socket = _socket(universe.to)

    def send(self, channels: bytes, last: bool = False) -> None:
        """See `Line`; Art-Net has no way to say that nothing follows."""
        # 0 would mean that packets are not numbered.
        self._art.sequence = self._art.sequence % _LAST_SEQUENCE + 1
        self._art.make_artdmx_header()
        self._socket.sendto(bytes(self._art.packet_header) + channels, self._to)

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


def _socket(to: str) -> socket.socket:
    address = ipaddress.IPv4Address(to)
    opened = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        opened.setblocking(False)
        opened.bind((LOOPBACK if address.is_loopback else EVERYWHERE, 0))
        if address.is_multicast:
            opened.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, MULTICAST_HOPS)
        elif not address.is_loopback:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    except OSError:
        opened.close()
        raise
    return opened
