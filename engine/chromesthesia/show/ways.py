"""Every way into a show and out of it, opened as its configuration asks."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass

from chromesthesia.control.controller import Controller
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.paths import resource_dirs
from chromesthesia.core.protocols import Clock, FrameSink
from chromesthesia.display.outputs import OpenOutputs
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.cues.player import open_cues
from chromesthesia.ports.osc.endpoints import open_osc
from chromesthesia.ports.osc.track import replaying
from chromesthesia.ports.panel.endpoints import Panel, open_panel
from chromesthesia.ports.port import Port, PortMaker
from chromesthesia.ports.stage.handover import with_programs
from chromesthesia.ports.stage.port import StagePort
from chromesthesia.show.more_ports import open_more_ports
from chromesthesia.show.osc_recording import open_recorder
from chromesthesia.show.preset_watch import PresetWatch


@dataclass(frozen=True, slots=True)
class Ways:
    """ports: in the order in which they are served. outputs: opens what shows every frame beside the surface. sinks:
    take frames and sound beside the files that the configuration names."""

    ports: list[Port]
    panel: Panel | None
    outputs: OpenOutputs
    sinks: tuple[FrameSink, ...]


def open_ways(
    config: ShowConfig,
    tree: ParameterTree,
    controller: Controller,
    clock: Clock,
    opened: ExitStack,
    outputs: OpenOutputs,
    sinks: tuple[FrameSink, ...],
    stage: StagePort | None,
    ready: Sequence[Port],
    makers: Sequence[PortMaker],
) -> Ways:
    """Open sockets, devices and files. stage, ready: ports whose parameters are in `tree` already; makers: of others.

    Raises a ChromesthesiaError for whatever cannot be opened and is not waited for.
    """
    osc = open_osc(config, tree, controller, clock, opened)
    panel = open_panel(config, tree, controller, clock, opened)
    ports: list[Port] = [] if osc is None else [osc]
    ports += [] if panel is None else [panel.port]
    if stage is not None and stage.programs:
        outputs = with_programs(outputs, stage.programs)
    more = open_more_ports(config, tree, controller, clock, outputs)
    ports += more.ports
    if stage is not None:
        ports.append(stage)
        sinks = (*sinks, stage.frames) if stage.spec.has_windows else sinks
    ports += [make(tree, controller, clock) for make in makers]
    ports += [*ready, PresetWatch(tree, controller, lambda: resource_dirs("presets"))]
    if config.cues is not None:
        ports.append(open_cues(config.cues, tree, controller, clock))
    if config.osc_replay is not None:
        ports.append(replaying(config.osc_replay)(tree, controller, clock))
    if config.record_osc is not None:
        ports.insert(0, open_recorder(config.record_osc, clock, ports))
    return Ways(ports, panel, more.outputs, sinks)
