"""The ports beside OSC that a configuration asks for; what nobody asks for is not imported."""

from __future__ import annotations

from dataclasses import dataclass, field

from chromesthesia.control.commands import SetParameter
from chromesthesia.control.controller import Controller
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.protocols import Clock
from chromesthesia.core.wall import Fade, parse_hours
from chromesthesia.display.outputs import OpenOutputs
from chromesthesia.params.tempo import TEMPO_FOLLOW, TEMPO_OWN_BPM
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.port import Port
from chromesthesia.tempo.clock import OWN


@dataclass(frozen=True, slots=True)
class MorePorts:
    """What was opened. outputs: opens what shows every frame, lamps included."""

    outputs: OpenOutputs
    ports: list[Port] = field(default_factory=list)


def open_more_ports(
    config: ShowConfig, tree: ParameterTree, controller: Controller, clock: Clock, outputs: OpenOutputs
) -> MorePorts:
    """MIDI, Link, timecode and lamps as `config` asks. outputs: what else shows every frame.

    Raises a ChromesthesiaError for a missing library, and for a file or an option that makes no sense; a device that is
    not there is waited for.
    """
    ports: list[Port | None] = []
    if config.midi_in or config.midi_clock_out or config.midi_out:
        from chromesthesia.ports.midi.endpoints import open_midi

        ports.append(
            open_midi(
                config.midi_in,
                config.midi_clock_out,
                config.midi_out,
                config.midi_map,
                tree,
                controller,
                clock,
            )
        )
    if config.link:
        from chromesthesia.ports.link.port import open_link

        ports.append(open_link(controller.tempo, clock))
    if config.ltc:
        from chromesthesia.ports.ltc.port import open_ltc

        ports.append(open_ltc(config.ltc, config.ltc_channel, controller.tempo, clock))
    if config.hours:
        from chromesthesia.ports.hours.port import HoursPort

        ports.append(HoursPort(controller, Fade(parse_hours(config.hours), config.fade_s)))
    if config.silence_preset is not None:
        from chromesthesia.ports.hours.port import SilencePort

        controller.library.choose(config.silence_preset)
        ports.append(SilencePort(controller, config.silence_preset, config.silence_after_s))
    if config.dmx is not None:
        from chromesthesia.ports.dmx.picture import with_small_pictures
        from chromesthesia.ports.dmx.port import open_dmx

        lamps = open_dmx(config.dmx, clock, config.flash_limiter)
        if lamps is not None:
            outputs = with_small_pictures(outputs, lamps.pictures, clock, lamps.patch.rate_hz)
            ports.append(lamps)
    return MorePorts(outputs, [port for port in ports if port is not None])


def set_bpm(controller: Controller, bpm: float) -> None:
    """Let the engine's own beat run at `bpm` from the start."""
    controller.post(
        SetParameter(TEMPO_OWN_BPM.path, bpm, "command line"),
        SetParameter(TEMPO_FOLLOW.path, OWN, "command line"),
    )
