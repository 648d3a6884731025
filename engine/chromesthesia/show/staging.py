"""The stage of a show, where its configuration names a file of outputs: opened, and heard at its windows."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import replace

from chromesthesia.control.controller import Controller
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.errors import UsageError
from chromesthesia.core.protocols import Clock
from chromesthesia.display.stage_file import StageSpec, read_stage
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.eye.port import EyePort
from chromesthesia.ports.stage.port import StagePort

log = logging.getLogger(__name__)


def staged(config: ShowConfig) -> tuple[ShowConfig, StageSpec | None]:
    """The configuration of a show with the outputs that it names, and those; None where it names none.

    With windows among them the picture is drawn off screen, at the size of the canvas where no other is asked for.
    Raises StageError.
    """
    if config.outputs is None:
        return config, None
    spec = read_stage(config.outputs)
    if not spec.has_windows:
        return config, spec
    width, height = (config.width, config.height) if config.width and config.height else spec.canvas
    return replace(config, headless=True, width=width, height=height), spec


def open_stage(
    config: ShowConfig,
    spec: StageSpec | None,
    tree: ParameterTree,
    controller: Controller,
    clock: Clock,
    stop: threading.Event,
) -> StagePort | None:
    """The port of the outputs; None without any. Their parameters are in `tree` from here on."""
    if spec is None or config.outputs is None:
        return None
    return StagePort(
        spec, config.outputs, tree, controller, clock, presser(controller, stop), fps=config.fps or 60.0
    )


def open_eye_port(config: ShowConfig, tree: ParameterTree, clock: Clock) -> EyePort | None:
    """The eye, where one is asked for; its parameters are in `tree` from here on.

    Raises UsageError for a file that is not there, and beside a score or an ear: neither carries what is seen.
    """
    if config.eye is None:
        return None
    for option, given in (("--score", config.score), ("--ear", config.ear)):
        if given is not None:
            raise UsageError(
                f"--eye beside {option}", "what is seen is kept nowhere and sent nowhere: leave one out"
            )
    return EyePort(config.eye, tree, clock)


def presser(controller: Controller, stop: threading.Event) -> Callable[[str], None]:
    """Does what a person asked for at a window of the stage, by the name of its event. Any thread."""

    def pressed(event: str) -> None:
        # pygame is slow to import, and only a person at a window needs its keys.
        from chromesthesia.display.window import WindowEvent
        from chromesthesia.show.keys import COMMANDS

        asked = WindowEvent.__members__.get(event)
        if asked is WindowEvent.QUIT:
            stop.set()
        elif asked in COMMANDS:
            controller.post(COMMANDS[asked])

    return pressed
