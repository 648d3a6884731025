"""UDP sockets behind the `Datagrams` protocol."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import logging
import selectors
import socket
import struct
import sys
import threading

from chromesthesia.core.errors import NetworkError, UsageError
from chromesthesia.core.protocols import UNKNOWN_LOSS
from chromesthesia.core.user_files import one_line

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
EVERYWHERE = "0.0.0.0"
LARGEST_DATAGRAM = 65_535
RECEIVE_BUFFER_BYTES = 4 * 1024 * 1024
"""Asked of the system, which may give less: a burst waits there while this process is busy."""
MULTICAST_HOPS = 1
"""Multicast stays in the network it is sent to."""
RETRY_S = 0.5
_CLOSE_POLL_S = 0.5

_SO_RXQ_OVFL = getattr(socket, "SO_RXQ_OVFL", 40) if sys.platform == "linux" else None
_COUNT = struct.Struct("=I")


class UdpDatagrams:
    """A bound UDP socket that never waits to send; it may send to broadcast and multicast addresses.

    `receive` is called from one thread; `send` and `close` may be called from others. Raises NetworkError naming the
    port when it is taken or not allowed. `address` is what was bound (port 0 picks one).
    """

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind((host, port))
        except (OSError, OverflowError) as error:
            self._socket.close()
            raise _bind_error(error, host, port) from error
        self._socket.setblocking(False)
        self._lost = UNKNOWN_LOSS
        self._set_up()
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._socket, selectors.EVENT_READ)
        self._closing = threading.Event()
        self._receiving = threading.Lock()
        self._failures = 0
        # Read into: 64 KiB asked for with every datagram and given back but for its bytes leave the heap full of holes.
        self._place = memoryview(bytearray(LARGEST_DATAGRAM))
        self.address: tuple[str, int] = self._socket.getsockname()

    @property
    def lost(self) -> int:
        """Datagrams that the system dropped because they came faster than they were read; -1 where it does not tell.

        Known from the datagram that arrives next.
        """
        return self._lost

    def counts(self) -> dict[str, int]:
        """Times that the socket failed and was tried again."""
        return {"socket_failures": self._failures}

    def send(self, payload: bytes, host: str, port: int) -> None:
        """Send one datagram; raises OSError when the network refuses or has no room now."""
        self._socket.sendto(payload, (host, port))

    def receive(self) -> tuple[bytes, tuple[str, int]] | None:
        """Block for the next datagram and its sender; None once closed."""
        with self._receiving:
            while not self._closing.is_set():
                try:
                    received = self._receive_or_wait()
                except ConnectionError:
                    continue  # Windows reports here that an earlier send found nobody
                except OSError as error:
                    self._tell_failure(error)
                    self._closing.wait(RETRY_S)
                    continue
                self._failures = 0
                if received is not None and not self._closing.is_set():
                    return received
        return None

    def close(self) -> None:
        """Free the port; a waiting `receive` returns None. May be called twice."""
        if self._closing.is_set():
            return
        self._closing.set()
        host, port = self.address
        with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as waker:
            waker.sendto(b"", (LOOPBACK if host == EVERYWHERE else host, port))
        with self._receiving:
            self._selector.close()
            self._socket.close()

    def _set_up(self) -> None:
        options = [
            (socket.SOL_SOCKET, socket.SO_BROADCAST, 1),
            (socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES),
            (socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, MULTICAST_HOPS),
            (socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1),
        ]
        for option in options:
            try:
                self._socket.setsockopt(*option)
            except OSError as error:
                log.debug("UDP option %s is not taken: %s", option, error)
        if _SO_RXQ_OVFL is not None:
            with contextlib.suppress(OSError):
                self._socket.setsockopt(socket.SOL_SOCKET, _SO_RXQ_OVFL, 1)
                self._lost = 0

    def _receive_or_wait(self) -> tuple[bytes, tuple[str, int]] | None:
        try:
            return self._receive_now()
        except BlockingIOError:
            # A wake-up datagram ends this wait at once; the limit is for systems that would not deliver it.
            self._selector.select(_CLOSE_POLL_S)
            return None

    def _receive_now(self) -> tuple[bytes, tuple[str, int]]:
        if self._lost == UNKNOWN_LOSS:
            size, sender = self._socket.recvfrom_into(self._place)
            return bytes(self._place[:size]), (sender[0], sender[1])
        size, extra, _, sender = self._socket.recvmsg_into([self._place], socket.CMSG_SPACE(_COUNT.size))
        for level, kind, content in extra:
            if (level, kind) == (socket.SOL_SOCKET, _SO_RXQ_OVFL) and len(content) >= _COUNT.size:
                self._lost = _COUNT.unpack_from(content)[0]
        return bytes(self._place[:size]), (sender[0], sender[1])

    def _tell_failure(self, error: OSError) -> None:
        self._failures += 1
        if self._failures & (self._failures - 1) == 0:
            log.warning(
                "UDP port %d failed %d times, trying again: %s", self.address[1], self._failures, error
            )


def open_input(port: int, lan: bool = False, senders: str = "") -> UdpDatagrams:
    """The socket that control comes in by: loopback only, unless `lan` opens it to the network (and says so loudly).

    senders: who alone is heard, in words; empty for everybody.
    """
    if not lan:
        return UdpDatagrams(LOOPBACK, port)
    datagrams = UdpDatagrams(EVERYWHERE, port)
    if senders:
        log.warning("OSC port %d is open to the network, for %s only", datagrams.address[1], senders)
    else:
        log.warning(
            "OSC port %d is OPEN TO THE WHOLE NETWORK: anybody on it can steer this show "
            "(--osc-allow names who alone may)",
            datagrams.address[1],
        )
    return datagrams


def open_output(host: str) -> UdpDatagrams:
    """A socket to send from, on a free port: a loopback one for a partner on this machine."""
    return UdpDatagrams(sends_from(host), 0)


def sends_from(host: str) -> str:
    """The address that packets to `host` are sent from."""
    return LOOPBACK if ipaddress.ip_address(host).is_loopback else EVERYWHERE


def parse_target(target: str) -> tuple[str, int]:
    """`host:port` as IPv4 address and port; a name is looked up once, here, so that sending never waits for it.

    Broadcast and multicast addresses are taken. Raises UsageError for a malformed target or an address that nobody can
    have, and NetworkError for a name that nobody knows.
    """
    host, separator, port_text = target.rpartition(":")
    # isascii: `²` is a digit for Python, and a number of thousands of digits is not read at all.
    number = port_text.isascii() and port_text.isdecimal() and len(port_text) <= 5
    if not separator or not host or not number or not 0 < int(port_text) < 65_536:
        raise UsageError(f"OSC target {one_line(target, 80)!r} is not host:port", "e.g. 127.0.0.1:9001")
    try:
        found = socket.getaddrinfo(host, int(port_text), socket.AF_INET, socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        raise NetworkError(
            f"OSC target {one_line(host, 80)!r} has no IPv4 address: {error}", "check the name"
        ) from error
    address = ipaddress.IPv4Address(str(found[0][4][0]))
    broadcast = address == ipaddress.IPv4Address("255.255.255.255")
    if address.is_unspecified or (address.is_reserved and not broadcast):
        raise UsageError(
            f"OSC target {address} is no address of a machine",
            "e.g. 127.0.0.1:9001, or 192.168.1.255:9001 for all machines of a network",
        )
    return str(address), int(port_text)


def is_this_machine(host: str) -> bool:
    """True when the IPv4 address `host` is one of this machine's own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect((host, 9))  # sends nothing, asks which way packets would go; broadcast is refused
        except OSError:
            return False
        return ipaddress.ip_address(host).is_loopback or bool(probe.getsockname()[0] == host)


def _bind_error(error: Exception, host: str, port: int) -> NetworkError:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        return NetworkError(
            f"UDP port {port} on {host} is taken",
            "stop the other program or choose another with --osc-in-port",
        )
    if number in (errno.EACCES, errno.EPERM):
        return NetworkError(f"UDP port {port} on {host} is not allowed", "choose a port above 1023")
    return NetworkError(
        f"UDP port {port} on {host} cannot be opened: {error}", "choose another with --osc-in-port"
    )
