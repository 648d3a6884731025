"""The ports of a running show: OSC is one of a list; parameters come and go before a partner's eyes."""

from __future__ import annotations

import math
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from pythonosc.osc_packet import OscPacket

from chromesthesia.control.commands import AddParameters, RemoveParameters, SetParameter
from chromesthesia.control.controller import Controller
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.paths import HOME_VARIABLE
from chromesthesia.core.protocols import Clock
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Choice, Number
from chromesthesia.params.presets import PresetLibrary
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.osc.codec import encode_message
from chromesthesia.ports.osc.udp import open_input
from chromesthesia.ports.port import Port, Readings
from chromesthesia.show.control_loop import ControlLoop
from chromesthesia.show.live import run_show
from chromesthesia.testing.models import write_tiny_pack

RIPPLES = (
    Number("/isf/ripples/speed", 1.0, "How fast they run", low=0.0, high=4.0, smoothing_s=0.1, routable=True),
    Choice("/isf/ripples/shape", "ring", "What they are", choices=("ring", "line")),
)
TIMEOUT_S = 60.0


class FakePort:
    """A port that keeps what it was told; `ill` names the calls that raise."""

    next_s = math.inf

    def __init__(self, name: str = "fake", ill: Sequence[str] = ()) -> None:
        self.name = name
        self.calls: list[str] = []
        self.writes: list[SetParameter] = []
        self._ill = ill

    def start(self) -> None:
        self._called("start")

    def publish(self, now_s: float, writes: Sequence[SetParameter], readings: Readings) -> None:
        self.writes += writes
        self._called("publish")

    def health(self) -> Mapping[str, int]:
        return {"failures": 0}

    def stop(self) -> None:
        self._called("stop")

    def _called(self, what: str) -> None:
        self.calls.append(what)
        if what in self._ill:
            raise RuntimeError(f"{what} is ill")


def controlled(*ports: Port) -> tuple[ControlLoop, Controller]:
    controller = Controller(ParameterTree(PARAMETERS), PresetLibrary(()))
    return ControlLoop(controller, ManualClock(), ports), controller


def test_every_port_learns_of_every_write_whatever_becomes_of_the_others() -> None:
    ill, well = FakePort("ill", ["start", "publish", "stop"]), FakePort("well")
    loop, controller = controlled(ill, well)
    write = SetParameter("/audio/gain_db", 6, "panel:1", "/audio/gain_db")
    controller.post(write)
    loop.step(0.0)
    assert ill.writes == well.writes == [write]
    assert loop.heart.failures == 1
    stop = threading.Event()
    stop.set()
    loop.run(stop)
    assert ill.calls[1:] == well.calls[1:] == ["start", "stop"]
    assert loop.heart.failures == 3


def test_readings_are_taken_once_a_step_and_only_when_a_port_asks() -> None:
    asked: list[int] = []

    class Asking(FakePort):
        def publish(self, now_s: float, writes: Sequence[SetParameter], readings: Readings) -> None:
            assert "/status/osc_lost" in readings()

    def readings() -> Mapping[str, float]:
        asked.append(1)
        return {}

    controller = Controller(ParameterTree(PARAMETERS), PresetLibrary(()))
    ControlLoop(controller, ManualClock(), [FakePort()], readings).step(0.0)
    assert asked == []
    loop = ControlLoop(controller, ManualClock(), [Asking(), Asking()], readings)
    loop.step(0.0)
    loop.step(1.0)
    assert asked == [1, 1]


class Partner:
    """A program on this machine that listens to OSC and steers, over real UDP."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(TIMEOUT_S)
        self.port: int = self._socket.getsockname()[1]

    def bundle(self) -> list[tuple[str, list[object]]]:
        """The messages of the next packet."""
        payload = self._socket.recv(65_535)
        messages = [timed.message for timed in OscPacket(payload).messages]
        return [(message.address, list(message.params)) for message in messages]

    def hear(self, *expected: tuple[str, list[object]]) -> list[str]:
        """Listen until all of `expected` was told; the addresses of everything told meanwhile."""
        missing, addresses = list(expected), []
        while missing:
            told = self.bundle()
            addresses += [address for address, _ in told]
            missing = [message for message in missing if message not in told]
        return addresses

    def send(self, port: int, address: str, value: float) -> None:
        self._socket.sendto(encode_message(address, (value,)), ("127.0.0.1", port))

    def say(self, port: int, address: str, words: str) -> None:
        self._socket.sendto(encode_message(address, (words,)), ("127.0.0.1", port))

    def close(self) -> None:
        self._socket.close()


@pytest.fixture
def partner() -> Iterator[Partner]:
    partner = Partner()
    yield partner
    partner.close()


@pytest.mark.gl
def test_a_partner_sees_parameters_come_and_go_in_a_running_show(partner: Partner, tmp_path: Path) -> None:
    free = open_input(0)
    free.close()
    in_port = free.address[1]
    trees: list[ParameterTree] = []
    controllers: list[Controller] = []
    ours = FakePort()

    def make(tree: ParameterTree, controller: Controller, clock: Clock) -> Port:
        trees.append(tree)
        controllers.append(controller)
        return ours

    config = ShowConfig(
        source="demo",
        headless=True,
        width=160,
        height=90,
        duration_s=600.0,
        pack=write_tiny_pack(tmp_path / "tiny"),
        osc_in_port=in_port,
        osc_out=f"127.0.0.1:{partner.port}",
    )
    stop = threading.Event()
    show = threading.Thread(target=run_show, args=(config, stop), kwargs={"ports": (make,)})
    show.start()
    try:
        before = partner.hear(("/status/parameters", [0]))
        assert not any(address.startswith("/isf") for address in before)
        (tree,), (controller,) = trees, controllers
        controller.post(AddParameters("/isf/ripples", RIPPLES, "test"))
        partner.hear(
            ("/parameters/added", ["/isf/ripples"]),
            ("/isf/ripples/speed", [1.0]),
            ("/isf/ripples/shape", ["ring"]),
            ("/isf/ripples/shape_index", [0]),
            ("/status/parameters", [1]),
        )
        partner.send(in_port, "/isf/ripples/s[p]eed", 2.5)
        partner.hear(("/isf/ripples/speed", [2.5]))
        assert tree.snapshot()["/isf/ripples/speed"] == 2.5
        controller.post(RemoveParameters("/isf/ripples", "test"))
        partner.hear(("/parameters/removed", ["/isf/ripples"]))
        partner.send(in_port, "/isf/ripples/speed", 3.0)
        partner.send(in_port, "/look/flow/[a]mount", 0.75)
        after = partner.hear(("/status/parameters", [2]), ("/look/flow/amount", [0.75]))
        assert not any(address.startswith("/isf") for address in after)
        assert "/isf/ripples/speed" not in tree.snapshot()
    finally:
        stop.set()
        show.join(TIMEOUT_S)
    assert not show.is_alive()
    assert (ours.calls[0], ours.calls[-1]) == ("start", "stop")


@pytest.mark.gl
def test_a_partner_asks_for_another_pack_in_a_running_show(
    partner: Partner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (write_tiny_pack(tmp_path / name, name=name) for name in ("tiny", "second"))
    monkeypatch.setattr(
        "chromesthesia.show.pack_swap.PackSwap.__init__.__defaults__", (lambda: [first, second],)
    )
    free = open_input(0)
    free.close()
    in_port = free.address[1]
    config = ShowConfig(
        source="demo",
        headless=True,
        width=160,
        height=90,
        duration_s=600.0,
        pack=first,
        osc_in_port=in_port,
        osc_out=f"127.0.0.1:{partner.port}",
    )
    stop = threading.Event()
    show = threading.Thread(target=run_show, args=(config, stop))
    show.start()
    try:
        partner.hear(("/status/pack", ["tiny"]))
        partner.say(in_port, "/pack/load", "second")
        partner.hear(("/status/pack", ["second"]))
        partner.say(in_port, "/pack/load", "third")
        partner.say(in_port, "/pack/load", "tiny")
        partner.hear(("/status/pack", ["tiny"]))
    finally:
        stop.set()
        show.join(TIMEOUT_S)
    assert not show.is_alive()


@pytest.mark.gl
def test_a_performer_is_learned_in_a_running_show_and_known_in_the_next(
    partner: Partner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOME_VARIABLE, str(tmp_path / "home"))
    config = ShowConfig(
        source="demo",
        headless=True,
        width=160,
        height=90,
        duration_s=600.0,
        pack=write_tiny_pack(tmp_path / "tiny"),
        osc_out=f"127.0.0.1:{partner.port}",
        resume=True,
    )

    def played(config: ShowConfig, *hears: tuple[str, list[object]], ask: Callable[[int], None]) -> None:
        free = open_input(0)
        free.close()
        in_port = free.address[1]
        stop = threading.Event()
        show = threading.Thread(target=run_show, args=(replace(config, osc_in_port=in_port), stop))
        show.start()
        try:
            ask(in_port)
            partner.hear(*hears)
        finally:
            stop.set()
            show.join(TIMEOUT_S)
        assert not show.is_alive()

    def mark(in_port: int) -> None:
        """Until one is taken: before the first second of sound they are refused."""
        while not any(address == "/learn/marks/happy" and told != [0] for address, told in partner.bundle()):
            partner.say(in_port, "/learn/mark", "happy")
        partner.say(in_port, "/learn/save", "Ann")

    played(config, ("/learn/performer", ["Ann"]), ask=mark)
    assert (tmp_path / "home" / "performers" / "ann.json").is_file()
    played(config, ("/learn/performer", ["Ann"]), ask=lambda in_port: None)
