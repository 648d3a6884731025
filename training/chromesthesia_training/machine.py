"""Times of a model on one thread, beside others in the same run; what the machine and the runtime are called."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import numpy as np
import onnxruntime

WARM_UP = 5


def thread_times_ms(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Median of each call in milliseconds of the calling thread's own time.

    The calls take turns, so that whatever else the machine does weighs on all alike; thread time leaves out what other
    processes took. Only what runs on the calling thread is counted: give sessions one thread.
    """
    times_s: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(WARM_UP + rounds):
        for name, call in calls.items():
            began_s = time.thread_time()
            call()
            if turn >= WARM_UP:
                times_s[name].append(time.thread_time() - began_s)
    return {name: 1_000.0 * float(np.median(values)) for name, values in times_s.items()}


def runtime_name() -> str:
    """ONNX Runtime and its version."""
    return f"onnxruntime {onnxruntime.__version__}"
