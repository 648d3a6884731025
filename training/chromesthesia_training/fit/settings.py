"""What a run of training is asked for, and what it reports."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from chromesthesia_training.errors import TrainingError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Mode = Literal["max", "min"]
PRECISIONS = ("32-true", "bf16-mixed", "16-mixed", "64-true")


@dataclass(frozen=True)
class FitSettings:
    """One run. It ends after `max_epochs`, `max_steps` or `max_minutes`, whichever comes first; one is needed.

    Attributes:
        run_dir: holds checkpoints/last.ckpt, checkpoints/best.ckpt, history.jsonl, settings.json, report.json.
        max_steps: training batches, also where a module steps several optimisers on one batch.
        max_minutes: time spent training and validating, summed over resumed parts.
        monitor, mode: the logged validation figure that chooses best.ckpt, and which way is better.
        patience: validations without a better figure before the run ends; None never ends it early.
        gradient_clip: largest norm of all gradients; left to the module where it optimises by hand.
        ema_decay: weight kept of the average of weights at each step, warmed up; 0 keeps no average. With one,
            validation, best.ckpt and the module as `fit` leaves it are the average.
        precision: of Lightning: "32-true", "bf16-mixed", "16-mixed" (GPU), "64-true".
        accelerator, devices: "auto" takes one GPU where there is one. Several need torchrun, whose environment is
            followed: gloo on CPUs, nccl on GPUs. A batch of the loader is then split between the processes, so a run
            means the same on any number of them.
        checkpoint_every_steps: last.ckpt is written every so many batches, and at the end of every epoch.
        checkpoint_every_s: at the end of an epoch only when so long ago the last one was written; the run's end always.
        threads: of torch.
        seed: order of data, and all randomness of items and steps.
    """

    run_dir: Path
    max_epochs: int | None = None
    max_steps: int | None = None
    max_minutes: float | None = None
    monitor: str = "val_macro_f1"
    mode: Mode = "max"
    patience: int | None = None
    gradient_clip: float | None = 1.0
    ema_decay: float = 0.0
    precision: str = "32-true"
    accelerator: str = "auto"
    devices: int | str = "auto"
    checkpoint_every_steps: int = 200
    checkpoint_every_s: float = 0.0
    validate_every_epochs: int = 1
    threads: int = 1
    seed: int = 0

    @property
    def last_path(self) -> Path:
        return self.run_dir / "checkpoints" / "last.ckpt"

    @property
    def best_path(self) -> Path:
        return self.run_dir / "checkpoints" / "best.ckpt"

    def check(self) -> None:
        """Raises TrainingError on a value that cannot work, naming it and the remedy."""
        if self.max_epochs is None and self.max_steps is None and self.max_minutes is None:
            raise TrainingError(
                "none of max_epochs, max_steps and max_minutes is given", "give one: it ends the run"
            )
        if self.max_minutes is not None and not self.max_minutes > 0.0:
            raise TrainingError(f"max_minutes is {self.max_minutes:g}", "give more than 0")
        for name in (
            "max_epochs",
            "max_steps",
            "patience",
            "checkpoint_every_steps",
            "validate_every_epochs",
        ):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise TrainingError(f"{name} is {value}", "give 1 or more")
        if self.threads < 1:
            raise TrainingError(f"threads is {self.threads}", "give 1 or more")
        if self.mode not in get_args(Mode):
            raise TrainingError(f"mode is {self.mode!r}", 'give "max" or "min"')
        if self.precision not in PRECISIONS:
            raise TrainingError(f"precision is {self.precision!r}", f"give one of {', '.join(PRECISIONS)}")
        if not 0.0 <= self.ema_decay < 1.0:
            raise TrainingError(
                f"ema_decay is {self.ema_decay:g}", "give 0 for none, else less than 1: 0.995"
            )
        if self.gradient_clip is not None and self.gradient_clip <= 0:
            raise TrainingError(f"gradient_clip is {self.gradient_clip:g}", "give None, or more than 0")
        if self.seed < 0:
            raise TrainingError(f"seed is {self.seed}", "give 0 or more")


@dataclass(frozen=True)
class FitReport:
    """A finished run. `minutes` is time spent training and validating, summed over resumed parts.

    `history` has a row an epoch: "epoch" and "step" reached, means of what the module logged while training, and its
    validation figures where it validated. history.jsonl holds the same.
    """

    best_path: Path
    last_path: Path
    epochs: int
    steps: int
    minutes: float
    history: list[dict[str, float]]


def plain_settings(settings: DataclassInstance) -> dict[str, Any]:
    """The settings that shape a run, without its paths and what is not set, as plain values."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(settings).items()
        if not isinstance(value, Path) and value is not None
    }
