"""One thread for a library that may hang: calls run there one after the other, and whoever asks waits only so long."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass(eq=False)
class _Job:
    run: Callable[[], Any]
    discard: Callable[[Any], None] | None
    done: threading.Event = field(default_factory=threading.Event)
    given_up: bool = False
    result: Any = None
    error: BaseException | None = None


class Worker:
    """Runs calls on one daemon thread, in order. Use from any thread except from inside a call.

    What waits is bounded by the callers that wait: a call given up before it began is taken out again.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._changed = threading.Condition()
        self._waiting: deque[_Job] = deque()
        self._thread: threading.Thread | None = None

    def call(
        self,
        run: Callable[[], T],
        within_s: float,
        *,
        discard: Callable[[T], None] | None = None,
        keep: bool = False,
        slow: Callable[[], None] | None = None,
        slow_s: float = 0.0,
    ) -> T:
        """What `run` returns or raises; TimeoutError when that takes longer than `within_s`.

        A call under way goes on then, and its late result is handed to `discard` on the worker's thread. keep: even a
        call that has not begun stays in line. slow: called once when the answer takes longer than `slow_s`.
        """
        job = _Job(run, discard)
        with self._changed:
            if self._thread is None:
                thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                thread.start()
                self._thread = thread
            self._waiting.append(job)
            self._changed.notify()
        try:
            left_s = within_s
            if slow is not None and slow_s < within_s and not job.done.wait(slow_s):
                slow()
                left_s -= slow_s
            job.done.wait(left_s)
        finally:
            with self._changed:
                job.given_up = not job.done.is_set()
                if job.given_up and not keep and job in self._waiting:
                    self._waiting.remove(job)
        if job.given_up:
            raise TimeoutError(f"{self._name} gave no answer within {within_s:g} s")
        if job.error is not None:
            raise job.error
        result: T = job.result
        return result

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                job = self._waiting.popleft()
            try:
                job.result = job.run()
            except BaseException as error:  # it is the caller's: raised there
                job.error = error
            with self._changed:
                job.done.set()
                late = job.given_up
            if late:
                self._put_away(job)
            del job

    def _put_away(self, job: _Job) -> None:
        if job.error is not None:
            log.debug("%s failed after nobody waited any more: %s", self._name, job.error)
        elif job.discard is not None:
            try:
                job.discard(job.result)
            except Exception:  # the thread must outlive it: without it nothing is ever opened again
                log.exception("%s: a late result could not be put away", self._name)
