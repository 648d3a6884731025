"""Runs that an earlier version trained: `checkpoint.pt` and `best.pt`, read for export, not gone on with."""

from __future__ import annotations

from pathlib import Path

from chromesthesia_training.errors import TrainingError
from chromesthesia_training.fit.checkpoint import load

BEST = "best.pt"
_LAST = "checkpoint.pt"
_FILES = (BEST, _LAST, "metrics.jsonl")


def finished(run_dir: Path, steps: int) -> bool:
    """Whether a run of an earlier version came to its end here, and none of this version was begun.

    Raises:
        TrainingError: it was interrupted before, or its checkpoint is damaged.
    """
    path = run_dir / _LAST
    if not path.exists() or (run_dir / "checkpoints").exists():
        return False
    done = int(load(path, ("step", "model"))["step"])
    if done >= steps and (run_dir / BEST).exists():
        return True
    raise TrainingError(
        f"{path} is of an earlier version, interrupted at step {done} of {steps}; this one cannot go on with it",
        "train anew with --fresh, or name another --run; its best.pt can still be exported",
    )


def forget(run_dir: Path) -> None:
    """Remove what a run of an earlier version left: it would be taken for this one's."""
    for name in _FILES:
        (run_dir / name).unlink(missing_ok=True)
