"""Real sockets on loopback."""

from __future__ import annotations

import socket
import sys
import threading

import pytest

from chromesthesia.core.errors import NetworkError, UsageError
from chromesthesia.ports.osc.udp import UdpDatagrams, open_input, open_output, parse_target


def test_a_datagram_arrives_with_its_sender() -> None:
    receiver, sender = open_input(0), open_output("127.0.0.1")
    try:
        sender.send(b"hello", *receiver.address)
        assert receiver.receive() == (b"hello", sender.address)
    finally:
        receiver.close()
        sender.close()


def test_closing_ends_a_waiting_receive_and_frees_the_port() -> None:
    datagrams = open_input(0)
    port = datagrams.address[1]
    received: list[object] = []
    waiting = threading.Thread(target=lambda: received.append(datagrams.receive()))
    waiting.start()
    datagrams.close()
    datagrams.close()
    waiting.join(20.0)
    assert received == [None]
    assert datagrams.receive() is None
    open_input(port).close()


def test_a_taken_port_is_named_with_the_remedy() -> None:
    first = open_input(0)
    try:
        with pytest.raises(NetworkError) as caught:
            UdpDatagrams("127.0.0.1", first.address[1])
    finally:
        first.close()
    assert f"UDP port {first.address[1]} on 127.0.0.1 is taken" in str(caught.value)
    assert "--osc-in-port" in caught.value.remedy


def test_a_port_that_cannot_be_is_an_error_of_ours() -> None:
    with pytest.raises(NetworkError, match="UDP port 70000"):
        open_input(70_000)


def test_only_lan_opens_to_the_network_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    local = open_input(0)
    local.close()
    assert local.address[0] == "127.0.0.1"
    assert caplog.records == []
    everywhere = open_input(0, lan=True)
    everywhere.close()
    assert everywhere.address[0] == "0.0.0.0"
    assert f"OSC port {everywhere.address[1]} is OPEN TO THE WHOLE NETWORK" in caplog.text


@pytest.mark.parametrize(("host", "bound"), [("127.0.0.1", "127.0.0.1"), ("192.168.1.20", "0.0.0.0")])
def test_sending_to_the_network_needs_no_open_input(host: str, bound: str) -> None:
    sender = open_output(host)
    sender.close()
    assert sender.address[0] == bound


def test_targets_are_read_and_checked() -> None:
    assert parse_target("127.0.0.1:9001") == ("127.0.0.1", 9001)
    assert parse_target("localhost:9001") == ("127.0.0.1", 9001)
    for bad in ("", "9001", ":9001", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:99999", "127.0.0.1:x", "h:²"):
        with pytest.raises(UsageError, match="host:port"):
            parse_target(bad)
    with pytest.raises(NetworkError, match="no IPv4 address"):
        parse_target("nobody.invalid:9001")


def everywhere() -> socket.socket:
    """A plain socket on every address of this machine, as a partner's."""
    partner = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    partner.bind(("", 0))
    partner.settimeout(20.0)
    return partner


def test_packets_arrive_at_a_broadcast_address() -> None:
    host, _ = parse_target("127.255.255.255:9101")
    sender = open_output(host)
    with everywhere() as partner:
        try:
            sender.send(b"to all", host, partner.getsockname()[1])
            assert partner.recv(100) == b"to all"
        finally:
            sender.close()


def test_packets_arrive_at_a_multicast_address() -> None:
    group, here = socket.inet_aton("239.10.10.10"), socket.inet_aton("127.0.0.1")
    host, _ = parse_target("239.10.10.10:9101")
    sender = open_output(host)
    with everywhere() as partner:
        try:
            partner.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group + here)
            # Which network it goes to is the system's choice; here it is loopback.
            sender._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, here)
            sender.send(b"to the group", host, partner.getsockname()[1])
            assert partner.recv(100) == b"to the group"
        finally:
            sender.close()


@pytest.mark.parametrize("target", ["0.0.0.0:9001", "240.0.0.1:9001", "250.1.2.3:9001"])
def test_a_target_that_nobody_can_have_is_refused(target: str) -> None:
    with pytest.raises(UsageError, match="no address of a machine") as caught:
        parse_target(target)
    assert "192.168.1.255:9001" in caught.value.remedy
    assert parse_target("255.255.255.255:9001") == ("255.255.255.255", 9001)


def test_a_target_of_many_digits_or_lines_is_one_line() -> None:
    for bad in ("127.0.0.1:" + "9" * 5000, "a\n\x1bb:x"):
        with pytest.raises(UsageError) as caught:
            parse_target(bad)
        assert len(caught.value.message) < 200
        assert caught.value.message.isprintable()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what it dropped")
def test_what_the_system_drops_is_counted() -> None:
    receiver, sender = open_input(0), open_output("127.0.0.1")
    try:
        receiver._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(1000):
            sender.send(b"x" * 100, *receiver.address)
        assert receiver.lost == 0, "not known before the next datagram"
        first_left = receiver.receive()
        # Empty the buffer: with the first of the next burst the system tells of the last.
        while True:
            try:
                receiver._receive_now()
            except BlockingIOError:
                break
        sender.send(b"after", *receiver.address)
        assert first_left is not None
        assert receiver.receive() == (b"after", sender.address)
        assert 900 <= receiver.lost < 1000
    finally:
        receiver.close()
        sender.close()


def test_a_burst_has_more_room_than_the_system_gives_by_itself() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plain:
        usual = plain.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF)
    receiver = open_input(0)
    try:
        assert receiver._socket.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) > usual
    finally:
        receiver.close()


def test_sending_never_waits() -> None:
    sender = open_output("127.0.0.1")
    try:
        assert not sender._socket.getblocking()
    finally:
        sender.close()


def test_a_socket_that_fails_on_and_on_is_not_a_line_each_time(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    receiver = open_input(0)
    failures = 0

    def failing() -> tuple[bytes, tuple[str, int]]:
        nonlocal failures
        failures += 1
        if failures > 100:
            return b"", ("127.0.0.1", 1)
        raise OSError(5, "the card is gone")

    monkeypatch.setattr(receiver, "_receive_now", failing)
    monkeypatch.setattr(receiver._closing, "wait", lambda timeout: False)
    assert receiver.receive() == (b"", ("127.0.0.1", 1))
    receiver.close()
    assert len(caplog.records) == 7


def test_the_wide_open_port_names_the_list_and_a_list_is_named(caplog: pytest.LogCaptureFixture) -> None:
    open_input(0, lan=True).close()
    assert "--osc-allow" in caplog.text
    caplog.clear()
    open_input(0, lan=True, senders="10.0.0.7").close()
    assert "for 10.0.0.7 only" in caplog.text
    assert "WHOLE NETWORK" not in caplog.text
