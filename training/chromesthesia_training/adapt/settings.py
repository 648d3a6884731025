"""Settings of one adaptation."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chromesthesia_training.errors import TrainingError


@dataclass(frozen=True)
class AdaptSettings:
    """One adaptation. It ends after `minutes`, or after `steps` where given.

    Attributes:
        run_dir: sheets, a line of figures a minute, the newest weights.
        frozen: parts of the generator that stay as they are: how an emotion becomes a style.
        views: squares of the pictures that palette and layout are measured on.
        keep_pull: weight of a picture's small version being the layout that was asked for.
        sheet_every_s: a sheet is written after the first so many seconds, and then every so many.
    """

    run_dir: Path
    minutes: float = 30.0
    steps: int | None = None
    seed: int = 0
    threads: int = 1
    batch: int = 4
    views: int = 1440
    rate: float = 1.5e-4
    critic_rate: float = 4e-4
    average: float = 0.99
    decay_share: float = 0.4
    patch_pull: float = 2.0
    critic_pull: float = 0.5
    keep_pull: float = 2.0
    slope_pull: float = 0.5
    slope_every: int = 8
    frozen: tuple[str, ...] = ("read_condition.", "to_style.")
    sheet_every_s: float = 60.0

    def check(self) -> None:
        """Raises TrainingError on a value that cannot work, naming it."""
        for name in ("minutes", "threads", "batch", "views", "sheet_every_s"):
            if getattr(self, name) <= 0:
                raise TrainingError(f"{name} is {getattr(self, name)}", "give a number above 0")
        if self.steps is not None and self.steps <= 0:
            raise TrainingError(f"steps is {self.steps}", "give a number above 0, or none")
