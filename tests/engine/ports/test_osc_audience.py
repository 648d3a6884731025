"""Who is told: partners named at the start and those that subscribed, each for its time, and nobody's echo."""

from __future__ import annotations

import logging
import math

import pytest

from chromesthesia.control.commands import Command, LoadPreset, SetParameter, Subscribe, Unsubscribe
from chromesthesia.control.controller import Controller
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.errors import NetworkError
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import Preset, PresetLibrary
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.osc.audience import FIRST_NEWS_S, SUBSCRIBER_LIMIT, USUAL_S, Audience, Ways, handlers
from chromesthesia.ports.osc.codec import OscBundle, OscMessage, decode
from chromesthesia.ports.osc.output import HAND_S, PACKET_LIMIT, OscOutput
from chromesthesia.ports.osc.port import OscPort
from chromesthesia.ports.osc.senders import AllowedSenders, Sender
from chromesthesia.show.control_loop import ControlLoop
from chromesthesia.testing.network import FakeDatagrams

GAIN = "/audio/gain_db"
IN_PORT = 9000
FRAME_S = 1 / 30


class Room:
    """A show's control with an audience, stepped by hand."""

    def __init__(self, fixed: tuple[Sender, ...] = (), may_name: AllowedSenders | None = None) -> None:
        self.tree = ParameterTree(PARAMETERS)
        library = PresetLibrary((Preset("Gallery"), Preset("Ink", {"/look/flow/amount": 0.75})))
        self.controller = Controller(self.tree, library)
        self.udp, self.tcp = FakeDatagrams(), FakeDatagrams()
        self.here: set[Sender] = set()
        ways = Ways(
            self.udp,
            IN_PORT,
            self.tcp,
            lambda sender: sender in self.here,
            may_name,
            lambda host: host.startswith("127."),
        )
        self.audience = Audience(
            self.tree, [OscOutput(self.udp, *target, self.tree) for target in fixed], ways
        )
        for kind, do in handlers(self.audience).items():
            self.controller.handle(kind, do)
        self.clock = ManualClock(100.0)
        self.loop = ControlLoop(self.controller, self.clock, [OscPort(None, self.audience)])

    def ask(self, *commands: Command) -> None:
        self.controller.post(*commands)

    def step(self, seconds: float = FRAME_S) -> dict[Sender, dict[str, object]]:
        """Go on; what each partner was told, by where."""
        self.udp.sent.clear()
        self.tcp.sent.clear()
        until_s = self.clock.now_s() + seconds
        while self.clock.now_s() < until_s - 1e-9:
            self.loop.step(self.clock.now_s())
            self.clock.advance(FRAME_S)
        told: dict[Sender, dict[str, object]] = {}
        for payload, host, port in (*self.udp.sent, *self.tcp.sent):
            assert len(payload) <= PACKET_LIMIT
            for message in messages(decode(payload)):
                told.setdefault((host, port), {})[message.address] = message.arguments[0]
        return told

    def refused(self, command: Subscribe | Unsubscribe) -> str:
        """Why it is refused."""
        with pytest.raises(NetworkError) as caught:
            handlers(self.audience)[type(command)](command, self.clock.now_s())
        assert str(caught.value).isprintable()
        return caught.value.message


def messages(packet: OscMessage | OscBundle) -> list[OscMessage]:
    if isinstance(packet, OscMessage):
        return [packet]
    return [message for element in packet.elements for message in messages(element)]


def moved(value: float, source: str) -> SetParameter:
    return SetParameter(GAIN, value, source, GAIN)


def test_who_subscribes_is_told_everything_and_then_what_changes_until_it_is_over() -> None:
    room = Room()
    assert room.step() == {}
    room.ask(Subscribe("127.0.0.1", 7000, 5.0, "osc:127.0.0.1:40000"))
    assert set(room.step()[("127.0.0.1", 7000)]) > {GAIN, "/look/flow/amount"}
    room.ask(moved(3.0, "keyboard"))
    assert room.step() == {("127.0.0.1", 7000): {GAIN: 3.0}}
    room.step(4.0)
    room.ask(moved(4.0, "keyboard"))
    assert room.step() != {}
    room.step(1.0)
    room.ask(moved(5.0, "keyboard"))
    assert room.step(3.0) == {}
    assert not room.audience.targets
    assert room.audience.counts()["packets_out"] > 0, "what was sent to those that left still counts"


def test_asking_again_is_longer_and_unsubscribing_is_at_once() -> None:
    room = Room()
    again = Subscribe("127.0.0.1", 7000, None, "osc:127.0.0.1:40000")
    room.ask(again)
    room.step(USUAL_S - 1.0)
    room.ask(again)
    room.step(USUAL_S - 1.0)
    assert len(room.audience.outputs) == 1
    room.ask(Unsubscribe("localhost", 7000, "osc:127.0.0.1:40001"))
    room.step()
    assert not room.audience.targets
    assert "is not subscribed" in room.refused(Unsubscribe("localhost", 7000, "osc:127.0.0.1:40001"))


def test_who_names_nothing_is_told_the_way_it_asked() -> None:
    room = Room()
    room.here.add(("10.0.0.7", 5000))
    room.ask(
        Subscribe(None, None, None, "osc:10.0.0.7:4000"), Subscribe(None, None, None, "osc:10.0.0.7:5000/tcp")
    )
    room.step(1.0)
    assert {(host, port) for _, host, port in room.udp.sent} == {("10.0.0.7", 4000)}
    assert {(host, port) for _, host, port in room.tcp.sent} == {("10.0.0.7", 5000)}
    room.here.clear()
    room.step()
    assert [str(target) for target in room.audience.targets] == ["10.0.0.7:4000"]
    for source in ("keyboard", "oscquery:10.0.0.7:4000", "osc:10.0.0.7:4000/pigeon"):
        assert "no address" in room.refused(Subscribe(None, None, None, source))


def test_a_move_is_heard_by_all_others_at_once_and_by_its_partner_never() -> None:
    fixed, one, two = ("127.0.0.1", 9001), ("127.0.0.1", 7001), ("127.0.0.1", 7002)
    room = Room((fixed,))
    # One sends from another port than it listens on, and all are on one machine.
    room.ask(
        Subscribe(*one, 600.0, "osc:127.0.0.1:40001"),
        Subscribe(*two, 600.0, "osc:127.0.0.1:7002"),
    )
    room.step(1.0)
    for source, others in (
        ("osc:127.0.0.1:40001", {fixed, two}),
        ("osc:127.0.0.1:7001", {fixed, two}),
        ("osc:127.0.0.1:7002", {fixed, one}),
        ("osc:127.0.0.1:9001", {one, two}),
        ("midi", {fixed, one, two}),
    ):
        value = room.controller.current[1].number(GAIN) + 0.5
        room.ask(moved(value, source))
        assert room.step() == {other: {GAIN: value} for other in others}, source
        told = room.step(3.0)
        assert {who for who, heard in told.items() if GAIN in heard} == others, f"{source}: after a refresh"


def test_a_recalled_preset_is_heard_by_every_partner_at_once_whoever_recalled_it() -> None:
    one, two = ("127.0.0.1", 7001), ("127.0.0.1", 7002)
    room = Room((one,))
    room.ask(Subscribe(*two, 600.0, "osc:127.0.0.1:7002"))
    room.step(1.0)
    room.ask(SetParameter("/look/flow/amount", 0.75, "osc:127.0.0.1:7002", "/look/flow/amount"))
    room.step()
    room.ask(SetParameter("/look/flow/amount", 0.5, "midi", "/look/flow/amount"))
    room.step()
    room.ask(LoadPreset("Ink", "osc:127.0.0.1:7002"))
    told = room.step()
    assert told[one]["/look/flow/amount"] == told[two]["/look/flow/amount"] == 0.75


def test_a_hand_of_nobody_known_is_told_when_it_rests() -> None:
    fixed = ("127.0.0.1", 9001)
    room = Room((fixed,))
    room.step(1.0)
    room.ask(moved(1.5, "osc:127.0.0.1:55555"))
    assert GAIN not in room.step().get(fixed, {})
    assert room.step(HAND_S + 2 * FRAME_S)[fixed][GAIN] == 1.5


@pytest.mark.parametrize(
    ("host", "asker", "said"),
    [
        ("10.0.0.9", "osc:10.0.0.7:4000", "only its own address"),
        ("10.0.0.9", "osc:127.0.0.1:4000", "only its own address"),
        ("127.0.0.1", "osc:10.0.0.7:4000", "only its own address"),
        ("10.0.0.9", "keyboard", "only its own address"),
        ("239.1.1.1", "osc:10.0.0.7:4000", "no address of one machine"),
        ("255.255.255.255", "osc:10.0.0.7:4000", "no address of one machine"),
        ("0.0.0.0", "osc:10.0.0.7:4000", "no address of one machine"),
        ("show.example", "osc:10.0.0.7:4000", "no IPv4 address"),
        ("::1", "osc:10.0.0.7:4000", "no IPv4 address"),
        ("\x1b[2J\n", "osc:10.0.0.7:4000", "no IPv4 address"),
    ],
)
def test_nobody_subscribes_somebody_else(host: str, asker: str, said: str) -> None:
    assert said in Room().refused(Subscribe(host, 7000, None, asker))


def test_who_may_be_named_is_who_the_user_allowed() -> None:
    room = Room(may_name=AllowedSenders(["10.0.0.0/24"]))
    room.ask(Subscribe("10.0.0.9", 7000, None, "osc:10.0.0.7:4000"))
    room.step()
    assert [str(target) for target in room.audience.targets] == ["10.0.0.9:7000"]
    assert "only its own" in room.refused(Subscribe("10.0.1.9", 7000, None, "osc:10.0.0.7:4000"))
    assert "only its own" in room.refused(Subscribe("127.0.0.1", 7000, None, "osc:10.0.0.7:4000"))


def test_nobody_subscribes_our_own_ear() -> None:
    said = Room().refused(Subscribe("127.0.0.1", IN_PORT, None, "osc:127.0.0.1:4000"))
    assert "the port that OSC comes in by" in said


def test_subscriptions_are_bounded_and_a_flood_of_them_sends_little(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    room = Room()
    sent = 0
    seconds = 5
    for number in range(seconds * 30):
        port = 7000 + number
        who = f"osc:10.0.0.7:{port}"
        room.ask(*(Subscribe("10.0.0.7", each, 600.0, who) for each in range(port, port + 20)))
        room.ask(*(Unsubscribe("10.0.0.7", each, who) for each in range(port, port + 10)))
        room.step()
        sent += len(room.udp.sent)
        assert len(room.audience.targets) <= SUBSCRIBER_LIMIT
    everything = math.ceil(len(PARAMETERS) * 40 / PACKET_LIMIT) + 2
    assert sent <= everything * (seconds / FIRST_NEWS_S + SUBSCRIBER_LIMIT * seconds)
    assert room.audience.counts()["packets_out"] >= sent
    assert len(caplog.records) < 4 * seconds


def test_renewing_from_ever_other_ports_keeps_one_source() -> None:
    room = Room()
    for port in range(40_000, 41_000):
        room.ask(Subscribe("127.0.0.1", 7000, None, f"osc:127.0.0.1:{port}"))
    room.step()
    (output,) = room.audience.outputs
    assert output.sources == {"osc:127.0.0.1:7000", "osc:127.0.0.1:40999"}
