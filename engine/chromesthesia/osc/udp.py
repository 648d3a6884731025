"""UDP sockets behind the `Datagrams` protocol."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import logging
import socket
import threading

from chromesthesia.errors import NetworkError, UsageError

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
EVERYWHERE = "0.0.0.0"
LARGEST_DATAGRAM = 65_535
RETRY_S = 0.5
_CLOSE_POLL_S = 0.5


class UdpDatagrams:
    """A bound UDP socket. `receive` is called from one thread; `send` and `close` may be called from others.

    Raises NetworkError naming the port when it is taken or not allowed. `address` is what was bound (port 0 picks one).
    """

    def __init__(self, host: str, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.bind((host, port))
        except (OSError, OverflowError) as error:
            self._socket.close()
            raise _bind_error(error, host, port) from error
        # A wake-up datagram ends a waiting receive at once; the timeout is for systems that would not deliver it.
        self._socket.settimeout(_CLOSE_POLL_S)
        self._closing = threading.Event()
        self._receiving = threading.Lock()
        self.address: tuple[str, int] = self._socket.getsockname()

    def send(self, payload: bytes, host: str, port: int) -> None:
        """Send one datagram; raises OSError when the network refuses."""
        self._socket.sendto(payload, (host, port))

    def receive(self) -> tuple[bytes, tuple[str, int]] | None:
        """Block for the next datagram and its sender; None once closed."""
        with self._receiving:
            while not self._closing.is_set():
                try:
                    payload, sender = self._socket.recvfrom(LARGEST_DATAGRAM)
                except TimeoutError:
                    continue
                except ConnectionError:
                    continue  # Windows reports here that an earlier send found nobody
                except OSError as error:
                    log.warning("UDP port %d fails, trying again: %s", self.address[1], error)
                    self._closing.wait(RETRY_S)
                    continue
                if not self._closing.is_set():
                    return payload, (sender[0], sender[1])
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
            self._socket.close()


def open_input(port: int, lan: bool = False) -> UdpDatagrams:
    """The socket that control comes in by: loopback only, unless `lan` opens it to the network (and says so loudly)."""
    if not lan:
        return UdpDatagrams(LOOPBACK, port)
    datagrams = UdpDatagrams(EVERYWHERE, port)
    log.warning(
        "OSC port %d is OPEN TO THE WHOLE NETWORK: anybody on it can steer this show", datagrams.address[1]
    )
    return datagrams


def open_output(host: str) -> UdpDatagrams:
    """A socket to send from, on a free port: a loopback one for a partner on this machine."""
    return UdpDatagrams(LOOPBACK if ipaddress.ip_address(host).is_loopback else EVERYWHERE, 0)


def parse_target(target: str) -> tuple[str, int]:
    """`host:port` as IPv4 address and port; a name is looked up once, here, so that sending never waits for it.

    Raises UsageError for a malformed target and NetworkError for a name that nobody knows.
    """
    host, separator, port_text = target.rpartition(":")
    if not separator or not host or not port_text.isdecimal() or not 0 < int(port_text) < 65_536:
        raise UsageError(f"OSC target {target!r} is not host:port", "e.g. 127.0.0.1:9001")
    try:
        found = socket.getaddrinfo(host, int(port_text), socket.AF_INET, socket.SOCK_DGRAM)
    except (OSError, UnicodeError) as error:
        raise NetworkError(f"OSC target {host!r} has no IPv4 address: {error}", "check the name") from error
    address = found[0][4]
    return str(address[0]), int(port_text)


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
