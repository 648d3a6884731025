"""A worker of a search, as a process of its own: STORAGE TRIALS [kill NUMBER]."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from chromesthesia_training.tune import Attempt, Number, tune


def bowl(attempt: Attempt) -> float:
    if len(sys.argv) > 3 and attempt.number == int(sys.argv[4]):
        os.kill(os.getpid(), signal.SIGKILL)
    attempt.note(process=os.getpid())
    return float(attempt.values["x"]) ** 2


if __name__ == "__main__":
    tune(bowl, {"x": Number(-3, 3)}, "bowl", Path(sys.argv[1]), int(sys.argv[2]), mode="min", prune=False)
