"""Real sockets on loopback."""

from __future__ import annotations

import threading

import pytest

from chromesthesia.errors import NetworkError, UsageError
from chromesthesia.osc.udp import UdpDatagrams, open_input, open_output, parse_target


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
