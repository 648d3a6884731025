"""Keeps the live state on the disk while a show runs: at most once a second, and only when it changed."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from chromesthesia.control.controller import Controller
from chromesthesia.core.clock import SystemClock
from chromesthesia.core.logs import BoundedLog
from chromesthesia.core.protocols import Clock
from chromesthesia.core.records import EmotionState
from chromesthesia.core.state_file import StateError, StateFile
from chromesthesia.params.presets import PLAIN
from chromesthesia.show.live_state import Asked, KeptLook, LiveState, Now, table_of, take_look, take_state

log = logging.getLogger(__name__)

PERIOD_S = 1.0
"""Two writes are at least so far apart; the walk is noted as often."""
END_S = 5.0


class StateKeeper:
    """Writes on a thread of its own: a slow disk holds up nothing but the next state.

    `shown` belongs to the main thread, everything else to the keeper's own or, before `start` and after `close`, to the
    caller's. emotion, pack: what is felt, and which pack paints, now.
    """

    def __init__(
        self,
        file: StateFile,
        controller: Controller,
        asked: Asked,
        seed: int,
        emotion: Callable[[], EmotionState | None],
        pack: Callable[[], str | None],
        walk: Callable[[], Mapping[str, Any]],
        clock: Clock | None = None,
        before: LiveState | None = None,
        beside: Callable[[], None] | None = None,
    ) -> None:
        """before: what this show goes on from; its walk and emotion are kept until there are newer ones. beside: writes
        what has a file of its own, if it changed; may raise StateError.
        """
        self._before = before
        self._beside = beside
        self._file = file
        self._asked = asked
        self._seed = seed
        self._controller = controller
        self._emotion = emotion
        self._pack = pack
        self._walk = walk
        self._clock = clock or SystemClock()
        self._noted: Mapping[str, Any] | None = None
        self._note_s = float("-inf")
        self._written: dict[str, Any] | None = None
        self._held: KeptLook | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="state", daemon=True)
        self._log = BoundedLog(log)
        self.writes = 0
        self.failures = 0

    def hold(self, look: KeptLook) -> None:
        """Keep this look for a better time, for as long as the plain one is left as it is."""
        self._held = look

    def counts(self) -> dict[str, int]:
        """Times that the state was written, and could not be."""
        return {"writes": self.writes, "failures": self.failures}

    def shown(self, now_s: float) -> None:
        """A frame was shown: note where the walk is, once a second. Main thread."""
        if now_s >= self._note_s:
            self._note_s = now_s + PERIOD_S
            self._noted = self._walk()

    def start(self) -> None:
        """Begin to keep, from where the walk is now: what is written before the first frame has it too. Main thread."""
        self._noted = self._walk()
        self._thread.start()

    def step(self) -> bool:
        """Write the state if it is another than the last; True when it was written."""
        if self._beside is not None:
            try:
                self._beside()
            except StateError as error:
                self._failed(error)
        state = take_state(
            self._controller,
            self._asked,
            self._seed,
            Now(self._emotion(), self._noted, self._pack()),
            self._held_look(),
        )
        if self._before is not None:
            state = msgspec.structs.replace(
                state, walk=state.walk or self._before.walk, emotion=state.emotion or self._before.emotion
            )
        table = table_of(state)
        if table == self._written:
            return False
        try:
            self._file.write(table)
        except StateError as error:
            self._failed(error)
            return False
        self._written = table
        self.writes += 1
        return True

    def _failed(self, error: StateError) -> None:
        self.failures += 1
        self._log.warning(self._clock.now_s(), "the state of the show is not kept: %s", error)

    def close(self) -> None:
        """Write it a last time, and end."""
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(END_S)
        if not self._thread.is_alive():
            self.step()

    def _held_look(self) -> KeptLook | None:
        if self._held is not None:
            now = take_look(self._controller)
            if now.name != PLAIN.name or now.params or now.routes:
                self._held = None
        return self._held

    def _run(self) -> None:
        while not self._stop.is_set():
            began_s = self._clock.now_s()
            try:
                self.step()
            except Exception:  # the thread's boundary: a state that cannot be taken now may be taken later
                self.failures += 1
                if self.failures & (self.failures - 1) == 0:
                    log.exception("the state cannot be taken, %d times so far", self.failures)
            self._clock.wait_until(began_s + PERIOD_S, self._stop)
