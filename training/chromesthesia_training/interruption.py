"""Ctrl-C between two steps: the step at hand is finished, so that what is saved goes on as if never interrupted."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType

from chromesthesia_training.errors import TrainingError


class InterruptedRunError(TrainingError):
    """A person stopped the run; its checkpoint is whole."""

    exit_code = 130


class Interruption:
    """While entered, the first SIGINT only sets `asked`; a second one interrupts at once. Main thread; else inert."""

    def __init__(self) -> None:
        self.asked = False
        self._earlier: object = None

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            self._earlier = signal.signal(signal.SIGINT, self._ask)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if callable(self._earlier) or isinstance(self._earlier, signal.Handlers):
            signal.signal(signal.SIGINT, self._earlier)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
