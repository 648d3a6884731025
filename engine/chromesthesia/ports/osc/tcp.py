"""OSC over TCP: several connections on one thread, each bounded; the way back to a partner is the same connection."""

from __future__ import annotations

import contextlib
import errno
import logging
import selectors
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, field

from chromesthesia.core.errors import NetworkError
from chromesthesia.core.logs import BoundedLog
from chromesthesia.core.protocols import Clock
from chromesthesia.core.user_files import one_line
from chromesthesia.ports.osc.framing import Deframer, Framing, FramingError, frame
from chromesthesia.ports.osc.input import Post
from chromesthesia.ports.osc.reading import PacketReader
from chromesthesia.ports.osc.senders import Sender, source_of
from chromesthesia.ports.osc.udp import EVERYWHERE, LOOPBACK

log = logging.getLogger(__name__)

WAY = "tcp"
"""Told in the source of what comes over a stream."""
CONNECTION_LIMIT = 16
"""Most partners at a time; one more is refused."""
UNSENT_LIMIT = 256 * 1024
"""A partner that leaves so many bytes unread is given up."""
CHUNK = 16 * 1024
"""Read from one connection before the others have their turn."""
BYTES_A_SECOND = 1024 * 1024
"""Read from all connections together; who sends more waits, and nothing is lost."""
_CLOSE_POLL_S = 0.5


@dataclass(slots=True)
class StreamCounters:
    """connections accepted; refused because there were too many; partners given up because they read too slowly;
    streams that were no OSC; connections of senders that are not allowed; packets out of streams."""

    connections: int = 0
    refused_connections: int = 0
    slow_partners: int = 0
    broken_streams: int = 0
    stream_strangers: int = 0
    stream_packets: int = 0


@dataclass(slots=True, eq=False)
class _Connection:
    """One partner. unsent and slow are shared by both threads, under the lock of the streams."""

    socket: socket.socket
    sender: Sender
    deframer: Deframer = field(default_factory=Deframer)
    unsent: bytearray = field(default_factory=bytearray)
    slow: bool = False
    wanted: int = selectors.EVENT_READ


class Pace:
    """How long to rest so that no more than `BYTES_A_SECOND` are read. One thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._free_s = clock.now_s()

    def after(self, size: int) -> float:
        """Seconds to rest after `size` bytes; short rests are saved up for a longer one."""
        now_s = self._clock.now_s()
        self._free_s = max(self._free_s, now_s - 0.1) + size / BYTES_A_SECOND
        return max(0.0, self._free_s - now_s)


class OscStreams:
    """Hears what comes by TCP and turns it into commands. `run` is the thread's body; `send` comes from another.

    Both framings are understood, whichever a partner speaks, and it is answered in the same. A stream that is no OSC,
    or that is not read, is closed and counted; nothing is raised.
    """

    def __init__(
        self,
        listener: socket.socket,
        reader: PacketReader,
        post: Post,
        clock: Clock,
        allows: Callable[[Sender], bool] | None = None,
    ) -> None:
        """listener: bound and listening. reader: used by nobody else. allows: None hears everybody."""
        self._listener = listener
        self._listener.setblocking(False)
        self.reader = reader
        self._post = post
        self._clock = clock
        self._allows = allows
        self._pace = Pace(clock)
        self._connections: dict[Sender, _Connection] = {}
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._selector = selectors.DefaultSelector()
        self._wake_in, self._wake_out = socket.socketpair()
        for end in (self._wake_in, self._wake_out):
            end.setblocking(False)
        self._selector.register(self._wake_out, selectors.EVENT_READ)
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._bounded_log = BoundedLog(log)
        self._place = memoryview(bytearray(CHUNK))
        self.counters = StreamCounters()
        self.address: Sender = listener.getsockname()

    def counts(self) -> dict[str, int]:
        """What became of connections, and of the messages in them."""
        read = {f"stream_{name}": count for name, count in asdict(self.reader.counters).items()}
        return {**asdict(self.counters), **read}

    def connected(self, sender: Sender) -> bool:
        """True while this partner is there. Any thread."""
        return sender in self._connections

    def send(self, payload: bytes, host: str, port: int) -> None:
        """Hand one packet to the partner at the other end; never waits. Raises OSError when it is not there."""
        with self._lock:
            connection = self._connections.get((host, port))
            if connection is None:
                raise ConnectionResetError(errno.ECONNRESET, "the connection is closed")
            if len(connection.unsent) > UNSENT_LIMIT:
                connection.slow = True
            else:
                connection.unsent += frame(payload, connection.deframer.framing or Framing.LENGTH)
        self._wake()

    def run(self) -> None:
        """Serve all connections until `close`. Body of the thread."""
        try:
            while not self._closing.is_set():
                self.step(_CLOSE_POLL_S)
        finally:
            self.shut()

    def step(self, timeout_s: float) -> None:
        """Wait at most `timeout_s` for something to do, and do it."""
        with self._lock:
            connections = list(self._connections.values())
        for connection in connections:
            if connection.slow:
                self.counters.slow_partners += 1
                self._give_up(connection, "it reads too slowly")
            else:
                self._listen_for(connection)
        size = 0
        for key, events in self._selector.select(timeout_s):
            try:
                if key.fileobj is self._listener:
                    self._accept()
                elif key.fileobj is self._wake_out:
                    with contextlib.suppress(BlockingIOError):
                        self._wake_out.recv(4096)
                else:
                    size += self._serve(key.data, events)
            except Exception:  # the thread's boundary: a fault of ours must not end remote control
                self._bounded_log.warning(self._clock.now_s(), "a stream could not be served", exc_info=True)
                if isinstance(key.data, _Connection):
                    self._drop(key.data)
        rest_s = self._pace.after(size) if size else 0.0
        if rest_s > 0.0:
            self._closing.wait(rest_s)

    def close(self) -> None:
        """End `run`. May be called twice."""
        self._closing.set()
        self._wake()

    def shut(self) -> None:
        """Close every socket, when `run` is over or was never begun. May be called twice."""
        self._closing.set()
        with self._lock:
            connections = list(self._connections.values())
            self._connections.clear()
        for end in (*(connection.socket for connection in connections), self._listener, self._wake_in):
            end.close()
        self._wake_out.close()
        self._selector.close()

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # full: it wakes anyway; closed: nobody is there to wake
            self._wake_in.send(b"\0")

    def _accept(self) -> None:
        try:
            accepted, address = self._listener.accept()
        except OSError:
            return  # it went before it was let in
        sender: Sender = (address[0], address[1])
        if self._allows is not None and not self._allows(sender):
            self.counters.stream_strangers += 1
            self._refuse(accepted, sender, "not in --osc-allow")
        elif len(self._connections) >= CONNECTION_LIMIT:
            self.counters.refused_connections += 1
            self._refuse(accepted, sender, f"there are {CONNECTION_LIMIT} already")
        else:
            accepted.setblocking(False)
            accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            accepted.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
            connection = _Connection(accepted, sender)
            self._selector.register(accepted, selectors.EVENT_READ, connection)
            with self._lock:
                self._connections[sender] = connection
            self.counters.connections += 1

    def _refuse(self, accepted: socket.socket, sender: Sender, why: str) -> None:
        accepted.close()
        self._bounded_log.warning(self._clock.now_s(), "connection from %s:%d refused: %s", *sender, why)

    def _listen_for(self, connection: _Connection) -> None:
        wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if connection.unsent else 0)
        if wanted != connection.wanted:
            connection.wanted = wanted
            self._selector.modify(connection.socket, wanted, connection)

    def _serve(self, connection: _Connection, events: int) -> int:
        """Read and write once; returns how many bytes were read."""
        try:
            if events & selectors.EVENT_WRITE:
                self._write(connection)
            return self._read(connection) if events & selectors.EVENT_READ else 0
        except BlockingIOError:
            return 0
        except FramingError as error:
            self.counters.broken_streams += 1
            self._give_up(connection, one_line(error))
        except OSError:
            self._drop(connection)
        return 0

    def _read(self, connection: _Connection) -> int:
        size = connection.socket.recv_into(self._place)
        if not size:
            self._drop(connection)
            return 0
        source = source_of(connection.sender, WAY)
        for packet in connection.deframer.feed(bytes(self._place[:size])):
            self.counters.stream_packets += 1
            for asked in self.reader.read(packet, source):
                self._post(*asked.commands, at_s=asked.at_s)
        return size

    def _write(self, connection: _Connection) -> None:
        with self._lock:
            sent = connection.socket.send(connection.unsent)
            del connection.unsent[:sent]

    def _give_up(self, connection: _Connection, why: str) -> None:
        self._drop(connection)
        self._bounded_log.warning(
            self._clock.now_s(), "connection of %s:%d closed: %s", *connection.sender, why
        )

    def _drop(self, connection: _Connection) -> None:
        with self._lock:
            known = self._connections.pop(connection.sender, None)
        if known is not None:
            self._selector.unregister(connection.socket)
            connection.socket.close()


def open_listener(port: int, lan: bool = False) -> socket.socket:
    """A socket that OSC over TCP connects to: on loopback only, unless `lan`. Raises NetworkError."""
    host = EVERYWHERE if lan else LOOPBACK
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        if sys.platform != "win32":  # there it would let two programs have the same port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(CONNECTION_LIMIT)
    except (OSError, OverflowError) as error:
        listener.close()
        raise NetworkError(
            f"TCP port {port} on {host} cannot be opened: {error}", "choose another with --osc-tcp-port"
        ) from error
    return listener
