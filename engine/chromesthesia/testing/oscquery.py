"""An OSCQuery tree without a show, a server for it on loopback, and the few requests that tests make of one."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from chromesthesia.ports.oscquery.endpoints import listen
from chromesthesia.ports.oscquery.gate import Gate
from chromesthesia.ports.oscquery.nodes import Item, Node
from chromesthesia.ports.oscquery.server import QueryServer
from chromesthesia.ports.oscquery.site import Site

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
