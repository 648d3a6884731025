"""One run on Lightning: set up, resumed where an earlier one ended, trained, reported."""

from __future__ import annotations

import dataclasses
import json
import logging
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import FrameType
from typing import Any

import torch
from lightning.fabric.plugins.environments.torchelastic import TorchElasticEnvironment
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback, EarlyStopping
from lightning.pytorch.strategies import DDPStrategy

from chromesthesia_training.errors import TrainingError
from chromesthesia_training.fit.average import WarmedAverage
from chromesthesia_training.fit.checkpoint import WholeCheckpoints, load, load_weights, write_whole
from chromesthesia_training.fit.checkpoint_callback import STATE_KEY, CheckpointCallback, Interrupted
from chromesthesia_training.fit.order import EpochOrder, ordered
from chromesthesia_training.fit.processes import Devices, Environment, choose_devices, environment
from chromesthesia_training.fit.quiet import quiet_lightning
from chromesthesia_training.fit.settings import FitReport, FitSettings
from chromesthesia_training.fit.show import ShowProgress

logger = logging.getLogger(__name__)

# What must be the same for a resumed run to be the run that was interrupted.
_FIXED = ("seed", "ema_decay", "monitor", "mode", "gradient_clip")
_ENDS = ("max_epochs", "max_steps", "max_minutes", "patience")


def fit(
    module: LightningModule,
    train_loader: Any,
    val_loader: Any,
    settings: FitSettings,
    *,
    resume: bool = True,
    callbacks: tuple[Callback, ...] = (),
) -> FitReport:
    """Train `module`, going on from an interrupted run in `settings.run_dir` unless `resume` is False.

    The module is left with its last weights (their average, where one is kept); `load_best` gives the best ones. A run
    that is finished is reported at once. An interrupted and resumed run gives what an uninterrupted one would:
    the order of data and all randomness follow from the seed and the place in the run.

    Under torchrun every process calls this alike: batches of `train_loader` are split between them, each validates
    on all of `val_loader`, and the first writes. Modules may optimise by hand; clipping and precision of the gradients
    are then theirs.

    Args:
        train_loader: a DataLoader, or any iterable of batches that can be iterated again (one process only).
        val_loader: likewise, several in a list, or None: then the latest weights count as the best.
        callbacks: further ones of Lightning; a stateful one must implement `state_dict`.

    Raises:
        TrainingError: settings that cannot work or are not those of the run in the folder, a damaged checkpoint,
            a loss that is no number.
        DataError: a full disk; what was saved before is whole.
        KeyboardInterrupt: on Ctrl-C, with the checkpoint of the batch just done written (on one process).
    """
    settings.check()
    here = environment()
    devices = choose_devices(settings.accelerator, settings.devices, settings.precision)
    torch.set_num_threads(settings.threads)
    loader, order = ordered(train_loader, settings.seed, here)
    if not resume:
        _clear(settings, here)
    stored = _read(settings) if settings.last_path.exists() else None
    if (report := _finished(settings)) is not None and stored is not None:
        _check_same(settings)
        load_weights(module, stored["state_dict"], settings.last_path)
        return report
    if stored is not None:
        _check_same(settings)
        current = stored.get("current_model_state", stored["state_dict"])
        load_weights(module, current, settings.last_path)
        _move(order, stored)
    with _interruptible() as interrupted, quiet_lightning():
        keeper = CheckpointCallback(settings, here.rank, interrupted)
        _write_settings(settings, here)
        trainer = _trainer(module, settings, here, devices, keeper, bool(val_loader is not None), callbacks)
        _train(trainer, module, loader, val_loader, settings, keeper, stored is not None)
    return _report(settings, trainer, keeper, here)


def _train(
    trainer: Trainer,
    module: LightningModule,
    loader: Any,
    val_loader: Any,
    settings: FitSettings,
    keeper: CheckpointCallback,
    resuming: bool,
) -> None:
    log = module.log

    def noted_log(name: str, value: Any, *args: Any, **options: Any) -> None:
        if trainer.training:
            keeper.tally.note(name, value)
        log(name, value, *args, **options)

    module.log = noted_log  # type: ignore[method-assign]
    try:
        trainer.fit(module, loader, val_loader, ckpt_path=settings.last_path if resuming else None)
    except Interrupted:
        logger.warning("interrupted at step %d; the same command goes on from there", keeper.steps)
        raise KeyboardInterrupt from None
    except SystemExit as error:
        if isinstance(
            error.__context__, KeyboardInterrupt
        ):  # Lightning ends the process; leave that to the caller
            raise KeyboardInterrupt from None
        raise
    except MisconfigurationException as error:
        raise TrainingError(
            f"Lightning refuses the run: {error}", "change the module or the settings"
        ) from error
    finally:
        del module.log


def _trainer(
    module: LightningModule,
    settings: FitSettings,
    here: Environment,
    devices: Devices,
    keeper: CheckpointCallback,
    validates: bool,
    extra: tuple[Callback, ...],
) -> Trainer:
    callbacks: list[Callback] = [*extra]
    if settings.ema_decay > 0:
        callbacks.append(WarmedAverage(settings.ema_decay))
    if settings.patience is not None and validates:
        callbacks.append(
            EarlyStopping(
                settings.monitor,
                patience=settings.patience,
                mode=settings.mode,
                check_on_train_epoch_end=False,
            )
        )
    callbacks.append(keeper)
    if here.first:
        callbacks.append(ShowProgress(keeper))
    strategy: Any = "auto"
    plugins: list[Any] = [WholeCheckpoints()]
    if here.world > 1:
        strategy = DDPStrategy(
            process_group_backend="nccl" if devices.accelerator in ("cuda", "gpu") else "gloo",
            # By hand, a step may leave one network of several without gradients.
            find_unused_parameters=not module.automatic_optimization,
            timeout=timedelta(hours=2),
        )
        plugins.append(TorchElasticEnvironment())
    by_hand = not module.automatic_optimization
    return Trainer(
        accelerator=devices.accelerator,
        devices=devices.devices,
        num_nodes=devices.num_nodes,
        strategy=strategy,
        precision=settings.precision,  # type: ignore[arg-type]
        plugins=plugins,
        callbacks=callbacks,
        max_epochs=settings.max_epochs if settings.max_epochs is not None else -1,
        # `CheckpointCallback` ends it: Lightning counts optimiser steps, and resumes by epochs only without it.
        max_steps=-1,
        gradient_clip_val=None if by_hand else settings.gradient_clip,
        check_val_every_n_epoch=settings.validate_every_epochs,
        num_sanity_val_steps=0,
        sync_batchnorm=here.world > 1 and devices.accelerator in ("cuda", "gpu"),
        use_distributed_sampler=False,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )


def _clear(settings: FitSettings, here: Environment) -> None:
    if not here.first:
        return
    shutil.rmtree(settings.last_path.parent, ignore_errors=True)
    for name in ("history.jsonl", "settings.json", "report.json"):
        (settings.run_dir / name).unlink(missing_ok=True)


def _read(settings: FitSettings) -> dict[str, Any]:
    stored = load(settings.last_path)
    if STATE_KEY not in stored.get("callbacks", {}):
        raise TrainingError(f"{settings.last_path} is no checkpoint of this frame", "use another run folder")
    return stored


def _move(order: EpochOrder, stored: dict[str, Any]) -> None:
    """Put the data where the checkpoint was written: within an epoch, or at the beginning of the next."""
    state = stored["callbacks"][STATE_KEY]
    if state["history"] and state["history"][-1]["step"] == state["steps"]:
        order.begin_at(int(state["history"][-1]["epoch"]), 0)
    else:
        order.begin_at(stored["epoch"], state["batches_in_epoch"])


def _settings_text(settings: FitSettings) -> str:
    content = dataclasses.asdict(settings) | {"run_dir": settings.run_dir.name}
    return json.dumps(content, indent=1) + "\n"


def _write_settings(settings: FitSettings, here: Environment) -> None:
    if here.first:
        write_whole(settings.run_dir / "settings.json", _settings_text(settings).encode())
        (settings.run_dir / "report.json").unlink(missing_ok=True)


def _check_same(settings: FitSettings) -> None:
    path = settings.run_dir / "settings.json"
    try:
        earlier = json.loads(path.read_text())
    except (OSError, ValueError):
        return  # the checkpoint is what counts
    asked = json.loads(_settings_text(settings))
    for name in _FIXED:
        if name in earlier and earlier[name] != asked[name]:
            raise TrainingError(
                f"{settings.run_dir} holds a run with {name} {earlier[name]}, and {asked[name]} was asked for",
                "use another run folder, or train anew (resume=False, --fresh)",
            )


def _finished(settings: FitSettings) -> FitReport | None:
    """The report of a run that came to its end with the same `max_epochs`, `max_steps` and `patience`."""
    try:
        content = json.loads((settings.run_dir / "report.json").read_text())
        earlier = json.loads((settings.run_dir / "settings.json").read_text())
        if (
            any(earlier.get(name) != getattr(settings, name) for name in _ENDS)
            or not settings.best_path.exists()
        ):
            return None
        return FitReport(
            settings.best_path,
            settings.last_path,
            int(content["epochs"]),
            int(content["steps"]),
            float(content["minutes"]),
            content["history"],
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _report(
    settings: FitSettings, trainer: Trainer, keeper: CheckpointCallback, here: Environment
) -> FitReport:
    if not trainer.val_dataloaders and not settings.best_path.exists() and here.first:
        raise TrainingError("the run ended before its first epoch", "give more steps")
    report = FitReport(
        settings.best_path,
        settings.last_path,
        int(keeper.history[-1]["epoch"]) if keeper.history else 0,
        keeper.steps,
        keeper.minutes,
        keeper.history,
    )
    if here.first:
        content = dataclasses.asdict(report)
        del content["best_path"], content["last_path"]
        write_whole(settings.run_dir / "report.json", (json.dumps(content) + "\n").encode())
    return report


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Within the block the first Ctrl-C asks the run to end after its batch; the second ends it at once."""
    pressed = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield pressed.is_set
        return
    earlier = signal.getsignal(signal.SIGINT)

    def press(number: int, frame: FrameType | None) -> None:
        if pressed.is_set():
            raise KeyboardInterrupt
        pressed.set()
        logger.warning("stopping after this batch (press again to stop at once)")

    several = environment().world > 1  # processes that stop at different batches would wait for each other
    if not several:
        signal.signal(signal.SIGINT, press)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, earlier)
