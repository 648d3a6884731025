"""A progress bar of the run on a terminal."""

from __future__ import annotations

from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from rich.progress import TaskID

from chromesthesia_training.fit.checkpoint_callback import CheckpointCallback
from chromesthesia_training.progress import progress_bar


class ShowProgress(Callback):
    """Steps done of all, with the latest and the best figure beside; nothing where there is no terminal."""

    def __init__(self, keeper: CheckpointCallback) -> None:
        self.keeper = keeper
        self._bar = progress_bar()
        self._task: TaskID | None = None

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        ends = [self.keeper.settings.max_steps]
        epochs, batches = self.keeper.settings.max_epochs, trainer.num_training_batches
        if epochs is not None and batches != float("inf"):
            ends.append(int(epochs * batches))
        known = [end for end in ends if end is not None]
        self._task = self._bar.add_task("training", total=min(known) if known else None)
        self._bar.start()

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if self._task is not None:
            note = f"epoch {trainer.current_epoch + 1}  {self.keeper.note}".strip()
            self._bar.update(self._task, completed=self.keeper.steps, description=note)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self._bar.stop()

    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        self._bar.stop()
