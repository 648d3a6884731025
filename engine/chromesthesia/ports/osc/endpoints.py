"""All ends of OSC for one show: opened together, so that the one knows the other's packets."""

from __future__ import annotations

from contextlib import ExitStack

from chromesthesia.control.controller import Controller
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.errors import UsageError
from chromesthesia.core.protocols import Clock
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.osc.audience import Audience, Ways, handlers
from chromesthesia.ports.osc.input import OscInput
from chromesthesia.ports.osc.output import OscOutput
from chromesthesia.ports.osc.port import OscPort
from chromesthesia.ports.osc.reading import PacketReader
from chromesthesia.ports.osc.senders import AllowedSenders, OwnPackets
from chromesthesia.ports.osc.tcp import OscStreams, open_listener
from chromesthesia.ports.osc.udp import (
    EVERYWHERE,
    UdpDatagrams,
    is_this_machine,
    open_input,
    open_output,
    parse_target,
    sends_from,
)

TARGET_LIMIT = 16
"""Most partners that are told from the start."""


def open_osc(
    config: ShowConfig, tree: ParameterTree, controller: Controller, clock: Clock, opened: ExitStack
) -> OscPort | None:
    """The port as `config` asks; its sockets are closed with `opened`. None without OSC.

    Raises UsageError for an option that makes no sense and NetworkError for a port that cannot be opened.
    """
    allowed = AllowedSenders(config.osc_allow) if config.osc_allow else None
    if config.osc_in_port == 0:
        if config.osc_tcp_port:
            raise UsageError("--osc-tcp-port without OSC", "leave out --osc-in-port 0")
        return None
    if allowed is not None and not config.lan:
        raise UsageError(
            f"--osc-allow {allowed.words}: only this machine is heard without --lan", "add --lan"
        )
    targets = _targets(config)
    incoming = open_input(config.osc_in_port, config.lan, allowed.words if allowed else "")
    opened.callback(incoming.close)
    bound, in_port = incoming.address
    for host, port in targets:
        if port == in_port and (host == bound or (bound == EVERYWHERE and is_this_machine(host))):
            raise UsageError(
                f"OSC goes out to {host}:{port}, the port it comes in by",
                "choose another for --osc-to or --osc-in-port",
            )
    sockets = _open_outputs(targets, opened)
    streams = None
    if config.osc_tcp_port:
        listener = open_listener(config.osc_tcp_port, config.lan)
        streams = OscStreams(listener, PacketReader(tree, clock), controller.post, clock, allowed)
        opened.callback(streams.shut)
    ways = (
        Ways(incoming, in_port, may_name=allowed)
        if streams is None
        else Ways(incoming, in_port, streams, streams.connected, allowed)
    )
    audience = Audience(
        tree, [OscOutput(sockets[sends_from(host)], host, port, tree) for host, port in targets], ways
    )
    for kind, do in handlers(audience).items():
        controller.handle(kind, do)
    own = OwnPackets([socket.address[1] for socket in sockets.values()])
    heard = OscInput(incoming, tree, controller.post, clock, allows=allowed, is_own=own)
    return OscPort(heard, audience, streams)


def _targets(config: ShowConfig) -> list[tuple[str, int]]:
    """Who is told from the start, each once."""
    texts = (config.osc_out,) if isinstance(config.osc_out, str) else config.osc_out
    if len(texts) > TARGET_LIMIT:
        raise UsageError(f"--osc-to is given {len(texts)} times", f"at most {TARGET_LIMIT} are taken")
    return list(dict.fromkeys(parse_target(text) for text in texts))


def _open_outputs(targets: list[tuple[str, int]], opened: ExitStack) -> dict[str, UdpDatagrams]:
    """A socket for each address that is sent from."""
    sockets: dict[str, UdpDatagrams] = {}
    for host, _ in targets:
        if sends_from(host) not in sockets:
            sockets[sends_from(host)] = open_output(host)
            opened.callback(sockets[sends_from(host)].close)
    return sockets
