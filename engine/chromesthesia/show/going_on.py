"""A show that goes on from where one ended: what is read before it begins, and kept while it plays."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace

from chromesthesia.control.controller import Controller
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.errors import PackError
from chromesthesia.core.paths import state_folder
from chromesthesia.params.presets import PLAIN
from chromesthesia.show.assembly import Models
from chromesthesia.show.live_show import LiveShow
from chromesthesia.show.live_state import (
    KeptLook,
    LiveState,
    asked_of,
    config_of,
    emotion_of,
    go_on,
    read_state,
    state_file,
    take_look,
)
from chromesthesia.show.performer import state_file as marks_file
from chromesthesia.show.state_keeper import StateKeeper

log = logging.getLogger(__name__)


class GoingOn:
    """What is done about the state of one show, in the order of its methods. Main thread.

    safe_look: play the plain look in the place of the one that is set, which is kept for a better time.
    """

    def __init__(self, config: ShowConfig, safe_look: bool = False) -> None:
        self._asked = config
        self._state: LiveState | None = read_state(config) if config.resume else None
        self._safe_look = safe_look
        self._held: KeptLook | None = None
        self.config = config if self._state is None else config_of(config, self._state)

    def set_room(self, controller: Controller) -> None:
        """Everything that was set, as it was."""
        if self._state is not None:
            go_on(controller, self._asked, self._state)
            log.info("going on from the last show: preset %s", controller.current[0].name)
        if self._safe_look:
            self._held = take_look(controller)
            _, values = controller.current
            room = {path: value for path, value in values.items() if values.declared.params[path].room}
            controller.go_on(PLAIN, (), room)

    def open_models(self, opened: Callable[[ShowConfig], Models]) -> Models:
        """The models of the pack that painted; when it is gone, of the one that was asked for."""
        try:
            return opened(self.config)
        except PackError as error:
            if self.config.pack == self._asked.pack:
                raise
            log.warning("the pack of the last show is left: %s", error)
            self.config = replace(self.config, pack=self._asked.pack)
            return opened(self.config)

    def begin(
        self, show: LiveShow, controller: Controller, pack: Callable[[], str | None]
    ) -> StateKeeper | None:
        """Feel and walk on, and begin to keep the state; None where none is kept."""
        state = self._state
        if state is not None:
            try:
                show.go_on(emotion_of(state), state.walk)
            except (ValueError, KeyError, TypeError) as error:
                log.warning("the walk begins anew: %s", error)
        if not self._asked.resume:
            return None
        show.performer.go_on(marks_file(self._asked.state or state_folder()))
        keeper = StateKeeper(
            state_file(self._asked),
            controller,
            asked_of(self._asked),
            self.config.seed,
            lambda: show.emotion,
            pack,
            show.walk,
            before=state,
            beside=show.performer.keep,
        )
        if self._held is not None:
            keeper.hold(self._held)
        return keeper
