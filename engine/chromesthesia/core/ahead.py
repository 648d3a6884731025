"""Work begun before its answer is needed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Ahead(Generic[T]):
    """Runs `work()` at once on a thread of its own; `result` waits for it and gives, or raises, what came of it."""

    def __init__(self, work: Callable[[], T], name: str) -> None:
        """name: of the thread, which does not keep a process from ending."""
        self._work = work
        self._answer: T | None = None
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def result(self) -> T:
        """What `work` gave. Raises what it raised. Any thread, any number of times."""
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._answer  # type: ignore[return-value]

    def _run(self) -> None:
        try:
            self._answer = self._work()
        except BaseException as error:  # handed over to the thread that waits
            self._error = error
