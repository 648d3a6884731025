"""One incoming OSC message: ours beside python-osc and liblo's Python binding, at 10, 100, 500 and 2,000 addresses.

    python -m benchmarks osc_dispatch [--quick]

`decode and dispatch`: every contender gets the same packets (one float to an exact address), decodes them and hands the
value to an empty handler; ours also carries the source and counts. python-osc's dispatcher is the peer. `receive`: a
datagram is fetched from a loopback socket and then the same is done; pyliblo3, which has no other way in, is the peer.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

from benchmarks import peers
from benchmarks.rows import Absent, Row, Times, compared, in_turns, times
from chromesthesia.control.commands import Command
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.protocols import Datagrams
from chromesthesia.params.declaration import Param
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.osc.codec import encode_message
from chromesthesia.ports.osc.input import OscInput
from chromesthesia.ports.osc.udp import LOOPBACK, UdpDatagrams
from chromesthesia.testing.network import FakeDatagrams

COUNTS = (10, 100, 500, 2000)
MESSAGES = 100
"""In one block; so many wait in a socket at most."""
SENDER = (LOOPBACK, 50_000)


def rows(quick: bool) -> list[Row]:
    """A message in microseconds, by number of addresses."""
    rounds = 5 if quick else 41
    found: list[Row] = []
    for count in COUNTS:
        params = [
            Param(f"/look/group{number % 10}/value{number}", 0.0, "", low=0.0, high=1.0)
            for number in range(count)
        ]
        packets = [encode_message(param.path, (0.5,)) for param in params]
        found += _dispatch(count, params, packets, rounds)
        found += _receive(count, params, packets, rounds)
    return found


def _desk(datagrams: Datagrams, params: list[Param]) -> OscInput:
    """Our receiving end with nothing behind it."""

    def post(*commands: Command, at_s: float | None = None) -> None:
        pass

    return OscInput(datagrams, ParameterTree(params), post, ManualClock())


def _dispatch(count: int, params: list[Param], packets: list[bytes], rounds: int) -> list[Row]:
    desk = _desk(FakeDatagrams(), params)
    chosen = [packets[number % len(packets)] for number in range(MESSAGES)]

    def block(handle: Callable[[bytes], object]) -> Callable[[], object]:
        def run() -> None:
            for packet in chosen:
                handle(packet)

        return run

    contenders = {"ours": block(lambda packet: desk.handle(packet, SENDER))}
    others: dict[str, Times | Absent] = {}
    peer = peers.load("pythonosc.dispatcher")
    if isinstance(peer, Absent):
        others["python-osc"] = peer
    else:
        dispatcher = peer.Dispatcher()
        for param in params:
            dispatcher.map(param.path, lambda address, *values: None)
        contenders["python-osc"] = block(lambda packet: dispatcher.call_handlers_for_packet(packet, SENDER))
    spent = {name: _each(one) for name, one in in_turns(contenders, rounds, warm_up=1).items()}
    ours = spent.pop("ours")
    return compared(f"OSC decode and dispatch, {count} addresses", ours, {**spent, **others}, "us")


def _receive(count: int, params: list[Param], packets: list[bytes], rounds: int) -> list[Row]:
    datagrams = UdpDatagrams(LOOPBACK, 0)
    desk = _desk(datagrams, params)

    def ours() -> None:
        received = datagrams.receive()
        assert received is not None
        desk.handle(*received)

    ends: dict[str, tuple[int, Callable[[], object]]] = {"ours": (datagrams.address[1], ours)}
    others: dict[str, Times | Absent] = {}
    liblo: Any = peers.load("pyliblo3")
    if isinstance(liblo, Absent):
        others["pyliblo3"] = liblo
    else:
        server = liblo.Server(proto=liblo.LO_UDP)
        for param in params:
            server.add_method(param.path, "f", lambda path, values: None)
        ends["pyliblo3"] = (server.port, lambda: server.recv(1000))
    spent: dict[str, list[float]] = {name: [] for name in ends}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        for turn in range(-1, rounds):
            for name, (port, receive_one) in ends.items():
                for number in range(MESSAGES):
                    sender.sendto(packets[number % len(packets)], (LOOPBACK, port))
                started_s = time.perf_counter()
                for _ in range(MESSAGES):
                    receive_one()
                if turn >= 0:
                    spent[name].append((time.perf_counter() - started_s) / MESSAGES)
    datagrams.close()
    found = {name: times(values) for name, values in spent.items()}
    own = found.pop("ours")
    return compared(f"OSC receive and dispatch, {count} addresses", own, {**found, **others}, "us")


def _each(block: Times) -> Times:
    return Times(block.p50_s / MESSAGES, block.p99_s / MESSAGES)
