"""The checkpoint callback of a run: counts, seeds, watches for NaN, writes history and checkpoints, ends it in time."""

from __future__ import annotations

import json
import logging
import math
import time
from collections.abc import Callable
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback

from chromesthesia_training.errors import TrainingError
from chromesthesia_training.fit.checkpoint import save, write_whole
from chromesthesia_training.fit.randomness import Draw, seed_of, set_seed
from chromesthesia_training.fit.settings import FitSettings
from chromesthesia_training.fit.tally import Tally

logger = logging.getLogger(__name__)

STATE_KEY = "Keeper"
_OF_LAST = ("current_model_state", "averaging_state")
"""What callbacks put beside the weights for going on."""


class Interrupted(BaseException):
    """Ctrl-C was pressed, and the checkpoint is written; no Exception, so that nothing takes it for a fault."""


class CheckpointCallback(Callback):
    """State of a run beside weights and optimisers. last.ckpt is always on the path of an uninterrupted run.

    It is written within an epoch every `checkpoint_every_steps` batches, and when an epoch is over, its validation
    included; the final validation of a run that `max_steps` ends within an epoch is in no checkpoint but best.ckpt.
    """

    def __init__(self, settings: FitSettings, rank: int, interrupted: Callable[[], bool]) -> None:
        self.settings = settings
        self.rank = rank
        self.interrupted = interrupted
        self.tally = Tally()
        self.history: list[dict[str, float]] = []
        self.steps = 0
        self.batches_in_epoch = 0
        self.minutes = 0.0
        self.best: float | None = None
        self.note: str = ""
        self._validated: dict[str, float] = {}
        self._since_s = 0.0
        self._saved_s = 0.0
        self._clock_minutes = 0.0

    # What a checkpoint holds of this, under the name that every checkpoint has it by.

    @property
    def state_key(self) -> str:
        return STATE_KEY

    def state_dict(self) -> dict[str, Any]:
        return {
            "history": [dict(row) for row in self.history],
            "tally": self.tally.state(),
            "steps": self.steps,
            "batches_in_epoch": self.batches_in_epoch,
            "minutes": self._minutes(),
            "best": self.best,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.history = [dict(row) for row in state["history"]]
        self.tally.restore(state["tally"])
        self.steps, self.minutes, self.best = state["steps"], state["minutes"], state["best"]
        self.batches_in_epoch = state["batches_in_epoch"]

    # The course of a run.

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._since_s = self._saved_s = time.monotonic()
        self._clock_minutes = self.minutes
        self._write_history()

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.batches_in_epoch = 0
        self.tally.clear()
        self._validated = {}

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        set_seed(seed_of(self.settings.seed, Draw.STEP, self.steps, self.rank))
        last_epoch = trainer.current_epoch + 1 == self.settings.max_epochs
        if last_epoch or self.steps + 1 == self.settings.max_steps:
            trainer.check_val_every_n_epoch = 1  # a run ends with a validation

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        self.steps += 1
        self.batches_in_epoch += 1
        loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
        self.tally.note("loss", loss)
        if wrong := self.tally.not_finite():
            raise TrainingError(
                f"step {self.steps} gave {', '.join(f'{name} {value}' for name, value in wrong.items())}",
                "lower the learning rate or the precision's reach (bf16-mixed, 32-true); "
                + (
                    f"{self.settings.last_path} is kept"
                    if self.settings.last_path.exists()
                    else "nothing was saved yet"
                ),
            )
        if self.settings.max_minutes is not None:
            self._clock_minutes = _told(trainer, self._minutes())
        if self.share_done() >= 1.0:
            trainer.should_stop = True
        epoch_over = trainer.fit_loop.epoch_loop.batch_progress.is_last_batch
        alone = trainer.world_size == 1
        stopping = alone and (self.interrupted() or trainer.received_sigterm)
        due = self.steps % self.settings.checkpoint_every_steps == 0 or trainer.should_stop or stopping
        if due and not epoch_over:
            self._save_last(trainer)
        if stopping and not epoch_over:
            raise Interrupted

    def on_validation_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        set_seed(seed_of(self.settings.seed, Draw.VALIDATION, self.steps))

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        trained = {f"{name}{ending}" for name in self.tally.means() for ending in ("", "_step", "_epoch")}
        self._validated = {
            name: float(value) for name, value in trainer.callback_metrics.items() if name not in trained
        }
        figure = self._validated.get(self.settings.monitor)
        if figure is None:
            seen = ", ".join(sorted(self._validated)) or "nothing"
            raise TrainingError(
                f"the module logs no {self.settings.monitor!r} when it validates, but {seen}",
                "give FitSettings(monitor=...) one of these",
            )
        if not math.isfinite(figure):
            raise TrainingError(
                f"{self.settings.monitor} is {figure} after step {self.steps}", "lower the learning rate"
            )
        better = self.best is None or (
            figure > self.best if self.settings.mode == "max" else figure < self.best
        )
        if better:
            self.best = figure
            self._save_best(trainer, figure)
        self.note = f"{self.settings.monitor} {figure:.4g}, best {self.best:.4g}"

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        epoch = trainer.current_epoch + 1
        row = {"epoch": float(epoch), "step": float(self.steps), **self.tally.means(), **self._validated}
        self.history.append(row)
        self._write_history()
        shown = "  ".join(
            f"{name} {value:.4g}" for name, value in row.items() if name not in ("epoch", "step")
        )
        if self.rank == 0:
            logger.info("epoch %d, step %d: %s", epoch, self.steps, shown)
        if self._due(trainer):
            if not trainer.val_dataloaders:
                self._save_best(trainer, None)
            if trainer.fit_loop.epoch_loop.batch_progress.is_last_batch:
                self._save_last(trainer)
        if trainer.world_size == 1 and self.interrupted():
            raise Interrupted

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.minutes = self._minutes()
        self._since_s = 0.0

    # What it decides by.

    def share_done(self) -> float:
        """How far the run is towards the nearer of `max_steps` and `max_minutes`, 1 at its end; 0 with neither."""
        settings = self.settings
        return max(
            self.steps / settings.max_steps if settings.max_steps else 0.0,
            self._clock_minutes / settings.max_minutes if settings.max_minutes else 0.0,
        )

    def _due(self, trainer: Trainer) -> bool:
        """Whether the files are written at the end of this epoch: so long ago, or the run's end."""
        if trainer.should_stop or trainer.current_epoch + 1 == self.settings.max_epochs:
            return True
        if trainer.world_size == 1 and (self.interrupted() or trainer.received_sigterm):
            return True
        if self.settings.checkpoint_every_s <= 0.0:
            return True
        return _told(trainer, time.monotonic() - self._saved_s) >= self.settings.checkpoint_every_s

    # Files.

    def _minutes(self) -> float:
        return self.minutes + (time.monotonic() - self._since_s) / 60 if self._since_s else self.minutes

    def _save_last(self, trainer: Trainer) -> None:
        trainer.save_checkpoint(self.settings.last_path)
        self._saved_s = time.monotonic()

    def _save_best(self, trainer: Trainer, figure: float | None) -> None:
        """Weights as they were validated: in `on_validation_end` the average has been swapped back already, so it
        is taken from where the checkpoint would take it. What the module adds to a checkpoint is kept too."""
        content: dict[str, Any] = {"state_dict": trainer.strategy.lightning_module_state_dict()}
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            callback.on_save_checkpoint(trainer, trainer.lightning_module, content)
        trainer.lightning_module.on_save_checkpoint(content)
        if self.rank == 0:
            best = {
                "epoch": trainer.current_epoch + 1,
                "step": self.steps,
                "monitor": self.settings.monitor,
                "figure": figure,
                "figures": dict(self._validated),
            }
            save(
                {name: content[name] for name in content if name not in _OF_LAST} | best,
                self.settings.best_path,
            )

    def _write_history(self) -> None:
        if self.rank == 0:
            lines = "".join(json.dumps(row) + "\n" for row in self.history)
            write_whole(self.settings.run_dir / "history.jsonl", lines.encode())


def checkpoint_callback_of(trainer: Trainer) -> CheckpointCallback | None:
    """The keeper of the run that `trainer` is on; None where `fit` does not run it."""
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, CheckpointCallback):
            return callback
    return None


def _told(trainer: Trainer, reading: float) -> float:
    """What the first process's clock says: by their own, several would decide and schedule differently."""
    return reading if trainer.world_size == 1 else float(trainer.strategy.broadcast(reading))
