"""OSC over TCP on real loopback sockets, stepped by hand: no thread, no sleep."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator

import pytest

from chromesthesia.control.commands import Command, SetParameter
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.errors import NetworkError
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.osc.codec import encode_message
from chromesthesia.ports.osc.framing import Framing, frame
from chromesthesia.ports.osc.reading import PacketReader
from chromesthesia.ports.osc.senders import AllowedSenders, Sender
from chromesthesia.ports.osc.tcp import (
    BYTES_A_SECOND,
    CONNECTION_LIMIT,
    UNSENT_LIMIT,
    OscStreams,
    Pace,
    open_listener,
)

GAIN = "/audio/gain_db"
STEPS = 30_000


class Hub:
    """Streams with what they post, and partners that connect to them."""

    def __init__(self) -> None:
        self.posted: list[Command] = []
        self.allowed = True
        self.clock = ManualClock()
        self.partners: list[socket.socket] = []
        self.streams = OscStreams(
            open_listener(0),
            PacketReader(ParameterTree(PARAMETERS), self.clock),
            self._post,
            self.clock,
            lambda sender: self.allowed,
        )

    def _post(self, *commands: Command, at_s: float | None = None) -> None:
        self.posted += commands

    def connect(self) -> socket.socket:
        """A partner whose connection was taken or refused."""
        partner = socket.create_connection(self.streams.address, timeout=20.0)
        self.partners.append(partner)
        counters = self.streams.counters
        before = counters.connections + counters.refused_connections + counters.stream_strangers
        self.until(
            lambda: counters.connections + counters.refused_connections + counters.stream_strangers > before
        )
        return partner

    def until(self, true: Callable[[], object]) -> None:
        """Serve until it is so."""
        for _ in range(STEPS):
            if true():
                return
            self.clock.advance(1.0)  # no rest is due
            self.streams.step(0.05)
        raise AssertionError("it never was so")

    def gone(self, partner: socket.socket) -> bool:
        """True when the engine closed this connection; what it sent before is read."""
        partner.setblocking(False)
        try:
            return partner.recv(1 << 20) == b""
        except BlockingIOError:
            return False
        except ConnectionError:
            return True


@pytest.fixture
def hub() -> Iterator[Hub]:
    made = Hub()
    yield made
    made.streams.close()
    made.streams.shut()
    for partner in made.partners:
        partner.close()


def sender_of(partner: socket.socket) -> Sender:
    host, port = partner.getsockname()
    return host, port


@pytest.mark.parametrize("framing", list(Framing))
def test_what_comes_in_is_done_and_answered_in_the_same_framing(hub: Hub, framing: Framing) -> None:
    partner = hub.connect()
    packets = [encode_message(GAIN, (float(value),)) for value in range(100)]
    stream = b"".join(frame(packet, framing) for packet in packets)
    for start in range(0, len(stream), 777):
        partner.sendall(stream[start : start + 777])
    hub.until(lambda: len(hub.posted) >= 100)
    host, port = sender_of(partner)
    assert hub.posted == [
        SetParameter(GAIN, float(value), f"osc:{host}:{port}/tcp", GAIN) for value in range(100)
    ]
    assert hub.streams.connected((host, port))
    hub.streams.send(b"/a\0\0", host, port)
    hub.streams.send(b"/\xc0\0\0", host, port)
    wanted = frame(b"/a\0\0", framing) + frame(b"/\xc0\0\0", framing)
    partner.setblocking(False)
    heard = b""

    def whole() -> bool:
        nonlocal heard
        try:
            heard += partner.recv(1000)
        except BlockingIOError:
            return False
        return len(heard) >= len(wanted)

    hub.until(whole)
    assert heard == wanted


def test_who_left_is_forgotten(hub: Hub) -> None:
    partner = hub.connect()
    sender = sender_of(partner)
    partner.close()
    hub.until(lambda: not hub.streams.connected(sender))
    with pytest.raises(ConnectionResetError):
        hub.streams.send(b"/a\0\0", *sender)


def test_what_is_no_osc_is_closed_and_the_others_go_on(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    good, browser, lost = hub.connect(), hub.connect(), hub.connect()
    browser.sendall(b"GET / HTTP/1.1\r\n\r\n")
    lost.sendall(frame(b"/a\0\0", Framing.LENGTH) + struct.pack(">I", 1 << 31))
    hub.until(lambda: hub.gone(browser) and hub.gone(lost))
    assert hub.streams.counters.broken_streams == 2
    assert len(caplog.records) == 1, "the log is bounded"
    good.sendall(frame(encode_message(GAIN, (2.0,)), Framing.SLIP))
    hub.until(lambda: hub.posted)


def test_a_packet_that_is_no_osc_costs_itself_alone(hub: Hub) -> None:
    partner = hub.connect()
    for packet in (b"\1\2\3", encode_message(GAIN, (2.0,))):
        partner.sendall(frame(packet, Framing.LENGTH))
    hub.until(lambda: hub.posted)
    assert hub.streams.counts()["stream_malformed"] == 1
    assert hub.streams.counts()["stream_packets"] == 2


def test_connections_are_bounded(hub: Hub) -> None:
    taken = [hub.connect() for _ in range(CONNECTION_LIMIT)]
    more = hub.connect()
    hub.until(lambda: hub.gone(more))
    assert hub.streams.counters.refused_connections == 1
    left = sender_of(taken[0])
    taken[0].close()
    hub.until(lambda: not hub.streams.connected(left))
    hub.connect()
    assert hub.streams.counters.connections == CONNECTION_LIMIT + 1


def test_strangers_are_not_let_in(hub: Hub) -> None:
    hub.allowed = False
    stranger = hub.connect()
    hub.until(lambda: hub.gone(stranger))
    assert hub.streams.counters.stream_strangers == 1
    assert AllowedSenders(["10.0.0.7"])(sender_of(stranger)), "loopback is always heard"


def test_who_does_not_read_is_given_up_and_keeps_nobody_waiting(hub: Hub) -> None:
    partner = hub.connect()
    sender = sender_of(partner)
    partner.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    for _ in range(100_000):
        try:
            hub.streams.send(bytes(1400), *sender)
        except ConnectionResetError:
            break
        hub.streams.step(0.0)
        connection = hub.streams._connections.get(sender)
        assert connection is None or len(connection.unsent) <= UNSENT_LIMIT + 1404
    assert not hub.streams.connected(sender)
    assert hub.streams.counters.slow_partners == 1


def test_a_fault_of_ours_costs_one_connection(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    partner = hub.connect()

    def broken(packet: bytes, source: str) -> list[object]:
        raise RuntimeError("ours")

    monkeypatch.setattr(hub.streams.reader, "read", broken)
    partner.sendall(frame(b"/a\0\0", Framing.LENGTH))
    hub.until(lambda: hub.gone(partner))
    monkeypatch.undo()
    hub.connect().sendall(frame(encode_message(GAIN, (2.0,)), Framing.LENGTH))
    hub.until(lambda: hub.posted)


def test_more_than_a_megabyte_a_second_waits() -> None:
    clock = ManualClock(50.0)
    pace = Pace(clock)
    read = 0
    for _ in range(1000):
        read += 16_384
        clock.advance(pace.after(16_384))
    assert read / (clock.now_s() - 50.0) == pytest.approx(BYTES_A_SECOND, rel=0.02)
    clock.advance(60.0)
    assert pace.after(16_384) == 0.0, "a short burst does not wait"
    assert sum(pace.after(16_384) > 0.0 for _ in range(60)) > 50, "a minute of rest is not saved up"


def test_a_taken_port_is_named_with_the_remedy() -> None:
    with open_listener(0) as first, pytest.raises(NetworkError, match="TCP port") as caught:
        open_listener(first.getsockname()[1])
    assert "--osc-tcp-port" in caught.value.remedy


def test_closing_ends_the_thread_and_frees_the_port() -> None:
    hub = Hub()
    port = hub.streams.address[1]
    thread = threading.Thread(target=hub.streams.run)
    thread.start()
    hub.streams.close()
    thread.join(20.0)
    assert not thread.is_alive()
    hub.streams.close()
    hub.streams.shut()
    open_listener(port).close()
