"""Run by torchrun and by tests of interruption: FOLDER MODULE BATCH MAX_STEPS [kill STEP | ctrl-c STEP]."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import torch
from tests.training.fit.toys import At, Classifier, Duel, loaders, settings_in

from chromesthesia_training.fit import fit


def main() -> None:
    folder, name, batch, steps = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    module = Classifier(dropout=0.0) if name == "classifier" else Duel()
    callbacks: tuple[At, ...] = ()
    if len(sys.argv) > 5:
        number = signal.SIGKILL if sys.argv[5] == "kill" else signal.SIGINT
        callbacks = (At(int(sys.argv[6]), lambda: os.kill(os.getpid(), number)),)
    settings = settings_in(folder, max_epochs=None, max_steps=steps, checkpoint_every_steps=2)
    fit(module, *loaders(batch), settings, callbacks=callbacks)
    torch.save(module.state_dict(), folder / f"rank{os.environ.get('RANK', '0')}.pt")


if __name__ == "__main__":
    main()
