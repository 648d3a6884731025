"""The engine's side of a life line: what it tells, four times a second and with every line of the log."""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import os
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from chromesthesia.core.clock import SystemClock
from chromesthesia.core.user_files import one_line
from chromesthesia.supervise.last_picture import LastPicture, PictureMemory
from chromesthesia.supervise.usage import VideoMemory, handles, rss_mib, threads
from chromesthesia.supervise.wire import (
    BEAT_S,
    STACK_SIGNAL,
    Beat,
    First,
    LogLine,
    LoopBeat,
    Message,
    Orders,
    Phase,
    encode,
)

if TYPE_CHECKING:
    from chromesthesia.core.records import UInt8

    # What these import is loaded later: the pulse comes first.
    from chromesthesia.health.status import ShowStatus

LOGGER = "chromesthesia"
LONGEST_LINE = 2000
LOG_PARTS = 16
"""Most lines that one message of the log is told in: a traceback."""
TAKES_EVERY = 4
"""What the process takes is asked every so many beats: once a second."""


class LifeLine(logging.Handler):
    """Writes whole lines into the pipe and never waits: what does not fit is left out and counted. Any thread.

    gone: called once when nobody reads any more, on the thread that found out.
    """

    def __init__(self, descriptor: int, gone: Callable[[], None] = lambda: None) -> None:
        super().__init__(logging.INFO)
        self.dropped = 0
        self.on_gone = gone
        self._descriptor: int | None = descriptor
        with contextlib.suppress(
            OSError
        ):  # Windows cannot before Python 3.12: a pipe that is full then waits
            os.set_blocking(descriptor, False)

    def tell(self, message: Message) -> None:
        """One message."""
        descriptor = self._descriptor
        if descriptor is None:
            return
        try:
            os.write(descriptor, encode(message))
        except BlockingIOError:
            self.dropped += 1
        except OSError:
            # The supervisor is gone: a show that nobody watches would stay in the way of the next.
            self._descriptor = None
            self.on_gone()

    def emit(self, record: logging.LogRecord) -> None:
        """One line of the log, and its traceback. A message that cannot be made is told as that."""
        try:
            lines = self.format(record).splitlines()[-LOG_PARTS:]
        except Exception as error:  # as logging itself: a bad line must not harm who logs it
            lines = [f"a line that cannot be told: {type(error).__name__}"]
        for line in lines:
            self.tell(LogLine(record.created, record.levelname, one_line(line, LONGEST_LINE)))


class Pulse:
    """Beats on a thread of its own from the first import to the end of the process.

    Made before anything heavy is loaded; `playing` and `ending` tell where the show is.
    """

    def __init__(self, orders: Orders) -> None:
        self.safe_look = orders.safe_look
        self._memory = PictureMemory(_descriptor(orders.picture))
        self.last_picture = self._memory.read()
        """What the engine before showed last; None when there was none."""
        self._clock = SystemClock()
        self.line = LifeLine(_descriptor(orders.lifeline))
        self._stack = _descriptor(orders.stack)
        self._phase: Phase = "starting"
        self._status: Callable[[], ShowStatus] | None = None
        self._shown_s: float | None = None
        self._video: VideoMemory | None = None
        self._beats = 0
        self._takes: tuple[float | None, float | None, int | None, int | None] = (None, None, None, None)
        faulthandler.enable(self._stack, all_threads=True)
        if STACK_SIGNAL is not None:
            faulthandler.register(STACK_SIGNAL, self._stack, all_threads=True)
        logging.getLogger(LOGGER).addHandler(self.line)
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)
        self._thread.start()

    def playing(self, status: Callable[[], ShowStatus], stop: threading.Event) -> None:
        """The show begins; from now on its loops are told. stop: set when the supervisor is gone."""
        self._status = status
        self.line.on_gone = stop.set
        self._phase = "playing"

    def shown(self, now_s: float) -> None:
        """A frame was shown at `now_s`. Main thread, once a frame."""
        first, self._shown_s = self._shown_s is None, now_s
        if first:
            self.line.tell(First(now_s))

    def keep_picture(self, pixels: UInt8) -> None:
        """Leave a small copy uint8 [h, w, 3] of what is shown for the engine that may follow. Main thread."""
        height, width, _ = pixels.shape
        self._memory.write(LastPicture(width, height, pixels.tobytes()))

    def ending(self) -> None:
        """The show is over; its files are finished."""
        self._phase = "ending"

    def _run(self) -> None:
        stop = threading.Event()
        due_s = self._clock.now_s()
        while True:
            self.line.tell(self._beat())
            self._beats += 1
            due_s = max(due_s + BEAT_S, self._clock.now_s())
            self._clock.wait_until(due_s, stop)

    def _beat(self) -> Beat:
        status = None if self._status is None or self._phase != "playing" else self._status()
        if self._beats % TAKES_EVERY == 0:
            if self._video is None and status is not None:
                self._video = VideoMemory()
            video_mib = None if self._video is None else self._video.mib()
            self._takes = rss_mib(), video_mib, handles(), threads()
        rss, video, open_files, running = self._takes
        loops = () if status is None else status.loops
        return Beat(
            at_s=self._clock.now_s(),
            phase=self._phase,
            frames=0 if status is None else status.frames,
            shown_s=self._shown_s,
            loops={loop.name: LoopBeat(str(loop.state), loop.beats) for loop in loops},
            rss_mib=rss,
            vram_mib=video,
            handles=open_files,
            threads=running,
            picture="" if status is None else status.figures.picture,
        )


def _descriptor(number: int) -> int:
    """The descriptor behind what the supervisor handed over; not handed on."""
    if sys.platform == "win32":
        import msvcrt

        return msvcrt.open_osfhandle(number, os.O_APPEND)
    os.set_inheritable(number, False)
    return number
