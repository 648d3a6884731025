"""Both ends of OSC for one show: opened together, so that the one knows the other's packets."""

from __future__ import annotations

from contextlib import ExitStack

from chromesthesia.control.controller import Controller
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.errors import UsageError
from chromesthesia.core.protocols import Clock
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.osc.input import OscInput
from chromesthesia.ports.osc.output import OscOutput
from chromesthesia.ports.osc.port import OscPort
from chromesthesia.ports.osc.senders import AllowedSenders, OwnPackets
from chromesthesia.ports.osc.udp import EVERYWHERE, is_this_machine, open_input, open_output, parse_target


def open_osc(
    config: ShowConfig, tree: ParameterTree, controller: Controller, clock: Clock, opened: ExitStack
) -> OscPort | None:
    """The port as `config` asks; their sockets are closed with `opened`. None without OSC.

    Raises UsageError for an option that makes no sense and NetworkError for a port that cannot be opened.
    """
    allowed = AllowedSenders(config.osc_allow) if config.osc_allow else None
    if config.osc_in_port == 0:
        return None
    if allowed is not None and not config.lan:
        raise UsageError(
            f"--osc-allow {allowed.words}: only this machine is heard without --lan", "add --lan"
        )
    host, port = parse_target(config.osc_out)
    incoming = open_input(config.osc_in_port, config.lan, allowed.words if allowed else "")
    opened.callback(incoming.close)
    bound, in_port = incoming.address
    if port == in_port and (host == bound or (bound == EVERYWHERE and is_this_machine(host))):
        raise UsageError(
            f"OSC goes out to {host}:{port}, the port it comes in by",
            "choose another for --osc-out or --osc-in-port",
        )
    outgoing = open_output(host)
    opened.callback(outgoing.close)
    return OscPort(
        OscInput(
            incoming,
            tree,
            controller.post,
            clock,
            allows=allowed,
            is_own=OwnPackets(outgoing.address[1]),
        ),
        OscOutput(outgoing, host, port, tree),
    )
