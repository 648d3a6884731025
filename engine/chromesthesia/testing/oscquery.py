"""An OSCQuery tree without a show, a server for it on loopback, and the few requests that tests make of one."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from chromesthesia.control.controller import Controller
from chromesthesia.core.clock import SystemClock
from chromesthesia.core.config import ShowConfig
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Value
from chromesthesia.params.presets import Preset, PresetLibrary
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.osc.endpoints import open_osc
from chromesthesia.ports.oscquery.endpoints import listen, open_oscquery
from chromesthesia.ports.oscquery.gate import Gate
from chromesthesia.ports.oscquery.nodes import Item, Node
from chromesthesia.ports.oscquery.port import OscQueryPort
from chromesthesia.ports.oscquery.server import QueryServer
from chromesthesia.ports.oscquery.site import Site
from chromesthesia.ports.port import Port
from chromesthesia.show.control_loop import ControlLoop

TIMEOUT_S = 20.0


@dataclass
class FakeNodes:
    """`nodes.NodeSource` in memory: put another mapping into `tree` to change it, numbers into `values`."""

    tree: Mapping[str, Node]
    values: dict[str, Sequence[Item]] = field(default_factory=dict)

    def nodes(self) -> Mapping[str, Node]:
        """The tree."""
        return self.tree

    def value(self, path: str) -> Sequence[Item] | None:
        """The value, if there is one."""
        return self.values.get(path)


@dataclass
class ServedTree:
    """A running server. packets: what clients sent, with the source of each."""

    server: QueryServer
    port: int
    nodes: FakeNodes
    packets: list[tuple[bytes, str]]

    def ask(
        self, target: str, headers: Mapping[str, str] | None = None, method: str = "GET"
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        """One request, its target sent as it is: status, body, headers."""
        return ask(self.port, target, headers, method)

    def json(self, target: str) -> Any:
        """The object that is answered; the status must be 200."""
        status, body, _ = self.ask(target)
        assert status == 200, (target, status, body)
        return json.loads(body)


def ask(
    port: int, target: str, headers: Mapping[str, str] | None = None, method: str = "GET"
) -> tuple[int, bytes, http.client.HTTPMessage]:
    """One request to a server on loopback: status, body, headers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_S)
    try:
        own_host = any(name.casefold() == "host" for name in headers or {})
        connection.putrequest(method, target, skip_host=own_host, skip_accept_encoding=True)
        for name, value in (headers or {}).items():
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        return response.status, response.read(), response.msg
    finally:
        connection.close()


def raw(port: int, request: bytes, more: bool = False) -> bytes:
    """Send bytes, and read until the server closes. more: it cannot tell that nothing will follow."""
    with socket.create_connection(("127.0.0.1", port), TIMEOUT_S) as connection:
        connection.sendall(request)
        if not more:
            connection.shutdown(socket.SHUT_WR)
        answered = b""
        with suppress(ConnectionResetError):
            while part := connection.recv(65_536):
                answered += part
        return answered


@contextmanager
def served(
    tree: Mapping[str, Node],
    values: Mapping[str, Sequence[Item]] | None = None,
    token: str | None = None,
    lan: bool = False,
    site: Site | None = None,
    fresh_s: float = 0.0,
) -> Iterator[ServedTree]:
    """A server of `tree` on a free port of loopback."""
    listening = listen("127.0.0.1", 0)
    port = int(listening.getsockname()[1])
    nodes = FakeNodes(tree, dict(values or {}))
    packets: list[tuple[bytes, str]] = []
    server = QueryServer(
        listening,
        nodes,
        lambda packet, source: packets.append((packet, source)),
        Gate(port, token, ("studio", "studio.local"), lan=lan),
        lambda address: {
            "NAME": "Fake",
            "OSC_IP": address,
            "OSC_PORT": port,
            "OSC_TRANSPORT": "UDP",
            "WS_PORT": port,
        },
        site,
        fresh_s,
    )
    server.start()
    try:
        yield ServedTree(server, port, nodes, packets)
    finally:
        server.stop()


TWO_PRESETS = PresetLibrary((Preset("Ember"), Preset("Ink")))


@dataclass
class RunningShow:
    """A control loop that runs without picture or sound: OSC over UDP and OSCQuery on the same number of loopback.

    readings: what is told as heard, may be changed at any time.
    """

    port: OscQueryPort
    tree: ParameterTree
    controller: Controller
    number: int
    readings: dict[str, Value]

    def json(self, target: str) -> Any:
        """The object that is answered; the status must be 200."""
        status, body, _ = ask(self.number, target)
        assert status == 200, (target, status, body)
        return json.loads(body)


def free_port() -> int:
    """A TCP port that was free a moment ago."""
    with listen("127.0.0.1", 0) as listening:
        return int(listening.getsockname()[1])


@contextmanager
def running_show(library: PresetLibrary = TWO_PRESETS, site: Site | None = None) -> Iterator[RunningShow]:
    """A `RunningShow`; fails at the end when its control loop met a fault."""
    tree = ParameterTree(PARAMETERS)
    controller = Controller(tree, library)
    number = free_port()
    config = ShowConfig(osc_in_port=number, announce=False)
    readings: dict[str, Value] = {"/status/fps": 30.0}
    clock = SystemClock()
    with ExitStack() as opened:
        port = open_oscquery(config, tree, controller, clock, opened, site)
        osc = open_osc(config, tree, controller, clock, opened)
        assert port is not None
        ports: list[Port] = [port] if osc is None else [port, osc]
        stop = threading.Event()
        loop = ControlLoop(controller, clock, ports, lambda: dict(readings))
        thread = threading.Thread(target=loop.run, args=(stop,))
        thread.start()
        try:
            yield RunningShow(port, tree, controller, number, readings)
        finally:
            stop.set()
            thread.join(TIMEOUT_S)
    assert not thread.is_alive()
    assert loop.heart.failures == 0
