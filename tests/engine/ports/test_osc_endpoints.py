"""Both ends of OSC as a show opens them: whose packets are heard, and never our own."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from chromesthesia.control.controller import Controller
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.errors import UsageError
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import PresetLibrary
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.osc import endpoints
from chromesthesia.ports.osc.codec import encode_message
from chromesthesia.ports.osc.endpoints import TARGET_LIMIT, open_osc
from chromesthesia.ports.osc.port import OscPort
from chromesthesia.ports.osc.senders import ALLOWED_LIMIT, AllowedSenders, OwnPackets
from chromesthesia.ports.osc.tcp import open_listener
from chromesthesia.ports.osc.udp import is_this_machine, open_input, open_output


def free_port() -> int:
    """A port that was free a moment ago."""
    datagrams = open_input(0)
    datagrams.close()
    return datagrams.address[1]


def free_stream_port() -> int:
    """The same over TCP."""
    with open_listener(0) as listener:
        return int(listener.getsockname()[1])


def opened(config: ShowConfig, stack: ExitStack) -> OscPort | None:
    tree = ParameterTree(PARAMETERS)
    return open_osc(config, tree, Controller(tree, PresetLibrary(())), ManualClock(), stack)


def test_without_a_port_there_is_no_osc() -> None:
    with ExitStack() as stack:
        assert opened(ShowConfig(osc_in_port=0), stack) is None


@pytest.mark.parametrize("lan", [False, True])
def test_out_to_the_port_it_comes_in_by_is_refused(lan: bool) -> None:
    port = free_port()
    with ExitStack() as stack, pytest.raises(UsageError, match="the port it comes in by") as caught:
        opened(ShowConfig(osc_in_port=port, osc_out=f"127.0.0.1:{port}", lan=lan), stack)
    assert "--osc-to" in caught.value.remedy
    open_input(port).close()


def test_out_to_everybodys_port_that_is_also_ours_is_heard_by_others_only(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent_from: list[int] = []

    def noted(host: str) -> object:
        datagrams = open_output(host)
        sent_from.append(datagrams.address[1])
        return datagrams

    monkeypatch.setattr(endpoints, "open_output", noted)
    port = free_port()
    with ExitStack() as stack:
        port_opened = opened(ShowConfig(osc_in_port=port, osc_out=f"127.255.255.255:{port}", lan=True), stack)
        assert port_opened is not None
        incoming = port_opened.input
        assert incoming is not None
        caplog.clear()
        for _ in range(3):
            incoming.handle(encode_message("/emotion/valence", (0.5,)), ("127.0.0.1", sent_from[0]))
    assert incoming.counters.own == 3
    assert len(caplog.records) == 1


def test_a_list_of_senders_is_checked_before_anything_opens() -> None:
    port = free_port()
    with ExitStack() as stack:
        for config, said in (
            (ShowConfig(osc_in_port=port, lan=True, osc_allow=("everybody",)), "no IPv4 address"),
            (ShowConfig(osc_in_port=port, osc_allow=("10.0.0.7",)), "without --lan"),
        ):
            with pytest.raises(UsageError, match=said):
                opened(config, stack)
        osc = opened(ShowConfig(osc_in_port=port, lan=True, osc_allow=("10.0.0.7",)), stack)
        assert osc is not None
        incoming = osc.input
        assert incoming is not None
        incoming.handle(encode_message("/reset"), ("10.0.0.8", 1))
        incoming.handle(encode_message("/reset"), ("10.0.0.7", 1))
        assert (incoming.counters.strangers, incoming.counters.messages) == (1, 1)


def test_several_partners_and_a_stream_are_opened_together() -> None:
    partners = [open_input(0) for _ in range(2)]
    targets = [f"127.0.0.1:{partner.address[1]}" for partner in partners]
    config = ShowConfig(
        osc_in_port=free_port(),
        osc_out=(*targets, targets[0], "239.1.1.1:9001", "127.255.255.255:9001"),
        osc_tcp_port=free_stream_port(),
    )
    with ExitStack() as stack:
        osc = opened(config, stack)
        assert osc is not None
        assert osc.audience is not None
        assert osc.streams is not None
        assert len(osc.audience.outputs) == 4, "each once"
        osc.publish(0.0, [], dict)
        for partner in partners:
            heard = partner.receive()
            assert heard is not None
            assert heard[0].startswith(b"#bundle")
    for partner in partners:
        partner.close()
    open_input(config.osc_in_port).close()
    open_listener(config.osc_tcp_port).close()


def test_who_subscribes_is_answered_from_the_port_that_was_asked() -> None:
    partner = open_input(0)
    config = ShowConfig(osc_in_port=free_port(), osc_out=())
    tree = ParameterTree(PARAMETERS)
    controller = Controller(tree, PresetLibrary(()))
    with ExitStack() as stack:
        osc = open_osc(config, tree, controller, ManualClock(), stack)
        assert osc is not None
        assert osc.input is not None
        osc.input.handle(encode_message("/osc/subscribe"), partner.address)
        controller.step(0.0)
        osc.publish(0.0, [], dict)
        heard = partner.receive()
    partner.close()
    assert heard is not None
    assert heard[1] == ("127.0.0.1", config.osc_in_port)


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (ShowConfig(osc_in_port=0, osc_tcp_port=9010), "without OSC"),
        (ShowConfig(osc_out=("127.0.0.1:9001",) * (TARGET_LIMIT + 1)), "17 times"),
        (ShowConfig(osc_out=("127.0.0.1:9001", "nonsense")), "nonsense"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anything_opens(config: ShowConfig, said: str) -> None:
    with ExitStack() as stack, pytest.raises(UsageError, match=said):
        opened(config, stack)


@pytest.mark.parametrize(
    ("texts", "inside", "outside"),
    [
        (["192.168.1.20"], "192.168.1.20", "192.168.1.21"),
        (["192.168.1.20/24"], "192.168.1.255", "192.168.2.0"),
        (["10.0.0.0/255.0.0.0"], "10.255.1.1", "11.0.0.1"),
        (["10.1.1.1", " 10.2.2.0/30 "], "10.2.2.3", "10.2.2.4"),
        (["0.0.0.0/0"], "8.8.8.8", ""),
    ],
)
def test_addresses_and_networks(texts: list[str], inside: str, outside: str) -> None:
    allowed = AllowedSenders(texts)
    assert allowed((inside, 1))
    assert not outside or not allowed((outside, 1))
    assert allowed(("127.0.0.1", 1)), "this machine's loopback always"


@pytest.mark.parametrize(
    "text", ["", "300.1.1.1", "10.0.0.0/33", "::1", "ipad.local", "10.0.0.1:9000", "\x1b\n"]
)
def test_what_is_no_address_is_refused_on_one_line(text: str) -> None:
    with pytest.raises(UsageError, match="--osc-allow") as caught:
        AllowedSenders([text])
    assert caught.value.message.isprintable()


def test_the_list_is_bounded() -> None:
    with pytest.raises(UsageError, match="at most"):
        AllowedSenders(["10.0.0.1"] * (ALLOWED_LIMIT + 1))


def test_own_packets_are_known_by_port_and_machine() -> None:
    asked: list[str] = []

    def is_ours(host: str) -> bool:
        asked.append(host)
        return host == "10.0.0.5"

    own = OwnPackets([5000], is_ours)
    assert [own(sender) for sender in (("10.0.0.5", 5000), ("10.0.0.5", 5001), ("10.0.0.6", 5000))] == [
        True,
        False,
        False,
    ]
    for number in range(1000):
        own((f"10.1.{number // 250}.{number % 250}", 5000))
        own(("10.0.0.6", 5001))
    assert asked[:2] == ["10.0.0.5", "10.0.0.6"]
    assert len(asked) == 1002


def test_this_machine_knows_itself() -> None:
    assert is_this_machine("127.0.0.1")
    assert is_this_machine("127.0.0.77")
    for other in ("203.0.113.7", "127.255.255.255", "255.255.255.255", "239.1.1.1"):
        assert not is_this_machine(other)
