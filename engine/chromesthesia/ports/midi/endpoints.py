"""The MIDI port as the configuration asks for it."""

from __future__ import annotations

from pathlib import Path

from chromesthesia.control.actions import BY_PATH
from chromesthesia.control.controller import Controller
from chromesthesia.core.protocols import Clock
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.midi.bindings import load_bindings, save_bindings
from chromesthesia.ports.midi.clock_out import ClockOut
from chromesthesia.ports.midi.devices import MidiBackend, open_backend
from chromesthesia.ports.midi.feedback import Feedback
from chromesthesia.ports.midi.input import MidiInput
from chromesthesia.ports.midi.port import MidiPort


def open_midi(
    inputs: tuple[str, ...],
    clock_to: str,
    feedback_to: str,
    bindings: Path,
    tree: ParameterTree,
    controller: Controller,
    clock: Clock,
    backend: MidiBackend | None = None,
) -> MidiPort | None:
    """The port; None when no device is asked for. backend: None for the system's.

    Raises MidiError for missing libraries, a system without MIDI, and a file of bindings that is wrong. A device that
    is not there is waited for.
    """
    if not inputs and not clock_to and not feedback_to:
        return None
    known = load_bindings(bindings, {*tree.params, *BY_PATH})
    backend = open_backend() if backend is None else backend
    heard = MidiInput(
        tree, controller.post, controller.tempo, clock, known, lambda now: save_bindings(bindings, now)
    )
    return MidiPort(
        backend,
        heard,
        clock,
        inputs,
        ClockOut(controller.beat) if clock_to else None,
        clock_to,
        Feedback(tree, lambda: heard.bindings, heard.hand) if feedback_to else None,
        feedback_to,
    )
