"""OSCQuery for one show: the socket, who may come in, and what is told of it."""

from __future__ import annotations

import errno
import logging
import socket
from collections.abc import Mapping
from contextlib import ExitStack

from chromesthesia.control.controller import Controller
from chromesthesia.control.notice import OSC_SOURCE
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.errors import NetworkError
from chromesthesia.core.protocols import Clock
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.osc.reading import PacketReader
from chromesthesia.ports.osc.udp import EVERYWHERE, LOOPBACK
from chromesthesia.ports.oscquery.adapter import ShowNodes
from chromesthesia.ports.oscquery.announce import Announced, Announcer
from chromesthesia.ports.oscquery.gate import Gate
from chromesthesia.ports.oscquery.port import OscQueryPort
from chromesthesia.ports.oscquery.server import QueryServer
from chromesthesia.ports.oscquery.site import Site

log = logging.getLogger(__name__)

BACKLOG = 64


def open_oscquery(
    config: ShowConfig,
    tree: ParameterTree,
    controller: Controller,
    clock: Clock,
    opened: ExitStack,
    site: Site | None = None,
    token: str | None = None,
) -> OscQueryPort | None:
    """The port as `config` asks, its socket bound; None when it is off.

    Raises NetworkError for a port that was asked for and cannot be opened. The one that comes with OSC is a help, not a
    condition: when it is taken the show goes on without, and says so. token: what everybody must know who comes in;
    required with `lan`.
    """
    if config.lan and not token:
        raise ValueError("a port that is open to the network needs a token")
    port = config.osc_in_port if config.query_port is None else config.query_port
    if port == 0:
        return None
    try:
        listening = listen(EVERYWHERE if config.lan else LOOPBACK, port)
    except NetworkError as error:
        if config.query_port is not None:
            raise
        log.warning("no OSCQuery and no panel: %s", error)
        return None
    opened.callback(listening.close)
    nodes = ShowNodes(tree, controller)
    announcer = Announcer(
        Announced(f"Chromesthesia on {socket.gethostname()}", port, config.osc_in_port, config.lan)
    )
    reader = PacketReader(tree, clock)

    def receive(packet: bytes, source: str) -> None:
        for asked in reader.read(packet, f"{OSC_SOURCE}{source}"):
            controller.post(*asked.commands, at_s=asked.at_s)

    def host_info(address: str) -> Mapping[str, object]:
        osc: dict[str, object] = {}
        if config.osc_in_port:
            osc = {"OSC_IP": address, "OSC_PORT": config.osc_in_port, "OSC_TRANSPORT": "UDP"}
        return {"NAME": announcer.name, **osc, "WS_IP": address, "WS_PORT": port}

    server = QueryServer(
        listening,
        nodes,
        receive,
        Gate(port, token, _own_names(), lan=config.lan),
        host_info,
        site,
    )
    if config.announce:
        server.also(announcer.running)
    return OscQueryPort(tree, nodes, server, port, (reader,))


def listen(host: str, port: int) -> socket.socket:
    """A TCP socket that listens. Raises NetworkError naming the port when it is taken or not allowed."""
    try:
        return socket.create_server((host, port), backlog=BACKLOG)
    except (OSError, OverflowError) as error:
        number = error.errno if isinstance(error, OSError) else None
        if number == errno.EADDRINUSE:
            raise NetworkError(
                f"TCP port {port} on {host} is taken",
                "stop the other program or choose another with --query-port",
            ) from error
        raise NetworkError(
            f"TCP port {port} on {host} cannot be opened: {error}", "choose another with --query-port"
        ) from error


def _own_names() -> tuple[str, ...]:
    name = socket.gethostname().partition(".")[0]
    return (name, f"{name}.local", socket.gethostname()) if name else ()
