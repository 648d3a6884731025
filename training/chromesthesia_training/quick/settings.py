"""Settings of one distillation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chromesthesia_training.errors import TrainingError


@dataclass(frozen=True)
class QuickSettings:
    """One run. It ends after `minutes`, or after `steps` where given.

    Attributes:
        run_dir: as `fit` keeps it, and sheets; a run found there is resumed unless `fresh`.
        inner: inner channels of each block's narrow convolution, see `quick.model.QuickShape`; no more than its maps.
        head: channels of the head's inner maps.
        rate, begun_rate: of the head, which begins with nothing, and of what begins as the teacher's.
        pixel_pull, coarse_pull, edge_pull: weights of the pictures' likeness: as they are, at a sixteenth of their
            side, and of the differences of neighbours.
        deep_pull: weight of the likeness of frozen features.
        hint_pull: weight of the likeness of the maps after every block; it fades over the run.
        feature_side: side of what the frozen net sees: the picture shrunk to it, or a square cut out, in turns.
        decay_share: the rate falls to a twentieth over this last share of the run.
    """

    run_dir: Path = Path("runs/quick")
    minutes: float = 60.0
    steps: int | None = None
    fresh: bool = False
    seed: int = 0
    threads: int = 1
    batch: int = 4
    inner: tuple[int, ...] = (64, 24, 16, 12)
    head: int = 16
    rate: float = 2e-3
    begun_rate: float = 3e-4
    decay_share: float = 0.5
    average: float = 0.995
    pixel_pull: float = 1.0
    coarse_pull: float = 1.0
    edge_pull: float = 1.0
    deep_pull: float = 0.3
    hint_pull: float = 0.1
    feature_side: int = 128
    log_every: int = 25
    checkpoint_every_s: float = 120.0
    sheet_every_s: float = 600.0

    def check(self) -> None:
        """Raises TrainingError on a value that cannot work, naming it."""
        for name in ("minutes", "threads", "batch", "head", "rate", "log_every"):
            if getattr(self, name) <= 0:
                raise TrainingError(f"{name} is {getattr(self, name)}", "give a number above 0")
        if self.steps is not None and self.steps <= 0:
            raise TrainingError(f"steps is {self.steps}", "give a number above 0, or none")
