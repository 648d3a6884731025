"""The PortAudio library itself: loaded, started anew and left on a thread of its own, so that nobody hangs with it.

A sound server that is frozen or out of reach holds PortAudio's start, opening and closing for minutes or for ever.
"""

from __future__ import annotations

import atexit
import logging
from collections.abc import Callable
from typing import Any, TypeVar

from chromesthesia.audio.quiet import quiet_libraries
from chromesthesia.audio.worker import Worker
from chromesthesia.core.errors import AudioError
from chromesthesia.core.user_files import one_line

log = logging.getLogger(__name__)

T = TypeVar("T")

ANSWER_WITHIN_S = 6.0
"""Longest wait for devices to be listed or one to be opened; a Bluetooth headset needs up to 3 s."""
SLOW_S = 2.0
"""After this long a person is told what is waited for."""
LEAVE_WITHIN_S = 1.0
"""Longest wait for streams to be closed, and for PortAudio itself when the process ends."""


def load_sounddevice() -> Any:
    """Import the binding, which starts PortAudio. Raises AudioError when that cannot be done."""
    try:
        import sounddevice
    except OSError as error:
        raise AudioError(
            f"PortAudio cannot be loaded: {one_line(error)}",
            "Debian: apt install libportaudio2; macOS and Windows: pip install --force-reinstall sounddevice",
        ) from error
    except Exception as error:  # its PortAudioError, whose class is not to be had when the import fails
        raise AudioError(f"PortAudio cannot be started: {one_line(error)}") from error
    return sounddevice


class PortAudio:
    """Everything that is asked of PortAudio, one call at a time on one thread; only reading a stream goes past it.

    Use from any thread. load: gives the sounddevice module.
    """

    def __init__(
        self, load: Callable[[], Any] = load_sounddevice, answer_within_s: float = ANSWER_WITHIN_S
    ) -> None:
        self._load = load
        self.answer_within_s = answer_within_s
        self._worker = Worker("PortAudio")
        self._library: Any = None
        self._open_streams = 0
        self._told = False

    def use(
        self,
        job: Callable[[Any], T],
        *,
        refresh: bool = False,
        discard: Callable[[T], None] | None = None,
    ) -> T:
        """What `job`, given the sounddevice module, returns on PortAudio's thread.

        refresh: start PortAudio anew when nothing is open, the only way to make it see devices that came or went.
        discard: takes, on that thread, a result that came too late. Raises AudioError when the library is not
        installed, does not start, refuses, or gives no answer in time.
        """
        try:
            result = self._worker.call(
                lambda: self._run(job, refresh),
                self.answer_within_s,
                discard=discard,
                slow=self._tell_slow,
                slow_s=SLOW_S,
            )
        except TimeoutError as error:
            raise AudioError(
                f"the sound system has given no answer for {self.answer_within_s:g} s",
                "is its sound server frozen or out of reach (PULSE_SERVER)? restart it; --source demo needs none",
            ) from error
        self._told = False
        return result

    def opened(self) -> None:
        """Count a stream that keeps PortAudio from being started anew. From inside a job."""
        self._open_streams += 1

    def close(self, job: Callable[[], None]) -> None:
        """Run `job`, which closes a counted stream; comes back after a second even if the closing hangs."""
        try:
            self._worker.call(lambda: self.close_now(job), LEAVE_WITHIN_S, keep=True)
        except TimeoutError:
            log.debug("a stream is still being closed")

    def close_now(self, job: Callable[[], None]) -> None:
        """The same from inside a job."""
        try:
            with quiet_libraries():
                job()
        finally:
            self._open_streams -= 1

    def leave(self) -> None:
        """Give PortAudio back at the end of the process, unless it hangs."""
        try:
            self._worker.call(self._library._exit_handler, LEAVE_WITHIN_S)
        except TimeoutError:
            log.debug("PortAudio hangs and is left as it is")
        except self._library.PortAudioError as error:
            log.debug("PortAudio was not ended: %s", one_line(error))

    def _tell_slow(self) -> None:
        if not self._told:
            self._told = True
            log.warning("waiting for the sound system, which gives no answer")

    def _run(self, job: Callable[[Any], T], refresh: bool) -> T:
        with quiet_libraries():
            library = self._started(refresh)
            try:
                return job(library)
            except library.PortAudioError as error:
                raise AudioError(f"PortAudio refuses: {one_line(error)}") from error

    def _started(self, refresh: bool) -> Any:
        if self._library is None:
            library = self._load()
            # Its own would wait at the exit for as long as a sound server hangs.
            atexit.unregister(library._exit_handler)
            atexit.register(self.leave)
            self._library = library
        elif refresh and self._open_streams == 0:
            self._terminate()
            try:
                self._library._initialize()
            except self._library.PortAudioError as error:
                raise AudioError(f"PortAudio cannot be started: {one_line(error)}") from error
        return self._library

    def _terminate(self) -> None:
        try:
            self._library._terminate()
        except self._library.PortAudioError as error:  # after a start that failed there is nothing to end
            log.debug("PortAudio was not ended: %s", one_line(error))


PORTAUDIO = PortAudio()
"""The one of this process."""
