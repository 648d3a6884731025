"""Run by tests of interruption: FOLDER MAX_STEPS kill|ctrl-c STEP."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from tests.training.fit.toys import At, Classifier, loaders, settings_in

from chromesthesia_training.fit import fit


def main() -> None:
    folder, steps, step = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[4])
    number = signal.SIGKILL if sys.argv[3] == "kill" else signal.SIGINT
    settings = settings_in(folder, max_epochs=None, max_steps=steps, checkpoint_every_steps=2)
    at = At(step, lambda: os.kill(os.getpid(), number))
    fit(Classifier(dropout=0.0), *loaders(4), settings, callbacks=(at,))


if __name__ == "__main__":
    main()
