"""Runs what may never end: a model that nobody knows yet."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from chromesthesia.core.errors import PackError
from chromesthesia.inference.sessions import first_line, load_runtime, runtime_errors
from chromesthesia.packs.manifest import REMEDY

TRIAL_S = 30.0
"""Longest time that a model may take to be opened and to answer once; those of the default pack take 0.2 s."""
GRACE_S = 2.0
"""So long ONNX Runtime may take to end a run that it was told to end; it looks between two nodes."""

T = TypeVar("T")


def within(work: Callable[[Any], T], name: str, limit_s: float = TRIAL_S) -> T:
    """What `work(run_options)` answers. Raises PackError when it fails in ONNX Runtime or takes more than `limit_s`.

    `work` runs on a thread of its own. One that is not to be ended, a single node that computes for hours, is left
    behind: the thread is a daemon.
    """
    options = load_runtime().RunOptions()
    # What the trial took goes back to the system; the sessions of a show have memory of their own.
    options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    answers: queue.SimpleQueue[tuple[T | None, BaseException | None]] = queue.SimpleQueue()

    def run() -> None:
        try:
            answers.put((work(options), None))
        except BaseException as error:  # handed over to the thread that waits
            answers.put((None, error))

    threading.Thread(target=run, name="trial", daemon=True).start()
    try:
        answer, error = answers.get(timeout=limit_s)
    except queue.Empty:
        options.terminate = True
        with contextlib.suppress(queue.Empty):
            answers.get(timeout=GRACE_S)
        raise PackError(f"{name}: expected an answer within {limit_s:g} s, got none", REMEDY) from None
    if isinstance(error, runtime_errors()):
        raise PackError(f"{name}: expected an answer, got {first_line(error)}", REMEDY) from error
    if error is not None:
        raise error
    return answer  # type: ignore[return-value]
