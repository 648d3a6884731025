"""A sound file that plays again and again outlives its absence, as a microphone outlives its device."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from chromesthesia.core.errors import AudioError
from chromesthesia.core.protocols import AudioSource, Clock
from chromesthesia.core.records import AudioBlock
from chromesthesia.core.user_files import one_line

log = logging.getLogger(__name__)

BACK_OFF_S = (0.5, 5.0)
"""First and longest pause between two attempts to open the file again; each pause doubles."""


class PatientSource:
    """AudioSource of a file in a loop that may be deleted, emptied, replaced or out of reach while it plays.

    first: the file, open already: what is wrong at the start is an error, because then somebody is there to read it.
    Later, `read` waits (no silence is invented) and tries `open_again` with a growing pause for as long as it takes;
    the file then begins anew. `losses` counts.
    """

    live = False
    overruns = 0

    def __init__(
        self,
        first: AudioSource,
        open_again: Callable[[], AudioSource],
        clock: Clock,
        back_off_s: tuple[float, float] = BACK_OFF_S,
    ) -> None:
        self._open_again = open_again
        self._clock = clock
        self._back_off_s = back_off_s
        self._pause_s = back_off_s[0]
        self._closed = threading.Event()
        self.losses = 0
        self.last_error: str | None = None
        """Why the file was last lost or could not be opened."""
        self._playing: AudioSource | None = first
        self.name = first.name

    def read(self) -> AudioBlock | None:
        """The next block; waits while the file is away; None once closed. One thread only."""
        while not self._closed.is_set():
            playing = self._playing or self._reopened()
            if playing is None:
                continue
            try:
                block = playing.read()
            except (AudioError, OSError) as error:
                self._lose(playing, one_line(error))
                continue
            if block is not None:
                self._pause_s = self._back_off_s[0]
                return block
            if not self._closed.is_set():
                self._lose(playing, "it ended")
        return None

    def close(self) -> None:
        """Stop; a `read` that waits returns None at once. Safe from any thread, and twice."""
        self._closed.set()
        if (playing := self._playing) is not None:
            playing.close()

    def _lose(self, playing: AudioSource, reason: str) -> None:
        self._playing = None
        playing.close()
        self.losses += 1
        self.last_error = reason
        log.warning("%s cannot be played: %s; waiting for it to come back", self.name, reason)

    def _reopened(self) -> AudioSource | None:
        if self._clock.wait_until(self._clock.now_s() + self._pause_s, self._closed):
            return None
        self._pause_s = min(2 * self._pause_s, self._back_off_s[1])
        try:
            self._playing = playing = self._open_again()
        except (AudioError, OSError) as error:
            self.last_error = one_line(error)
            log.debug("still no sound: %s", self.last_error)
            return None
        if self._closed.is_set():
            playing.close()
        log.info("%s plays again", self.name)
        return playing
