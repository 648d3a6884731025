"""Train the generator: what it learns from, the run as `fit` is asked for it, and sheets of pictures on the way."""

from __future__ import annotations

import logging
import time
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import Callback

from chromesthesia_training.backbones.squeezenet import FeatureNet, load_squeezenet
from chromesthesia_training.data.batching import batches
from chromesthesia_training.fit import FitSettings, StepNumbers, fit
from chromesthesia_training.gan.checkpoint import finished_earlier, forget_earlier, read_run
from chromesthesia_training.gan.material import Material, prepare
from chromesthesia_training.gan.model import LATENT_SIZE, Generator
from chromesthesia_training.gan.module import GanModule
from chromesthesia_training.gan.settings import GanSettings
from chromesthesia_training.gan.sheet import save_sheet, sweep

logger = logging.getLogger(__name__)

SHEET_SEED = 11


def fit_settings(settings: GanSettings) -> FitSettings:
    """The run as `fit` is asked for it: nothing is chosen, the last generator counts; an epoch ends with a log line."""
    return FitSettings(
        settings.run_dir,
        max_steps=settings.steps,
        max_minutes=settings.minutes if settings.steps is None else None,
        gradient_clip=None,
        precision=settings.precision,
        accelerator=settings.accelerator,
        devices=settings.devices,
        checkpoint_every_s=settings.checkpoint_every_s,
        threads=settings.threads,
        seed=settings.seed,
    )


def train(settings: GanSettings, net: FeatureNet | None = None, callbacks: tuple[Callback, ...] = ()) -> Path:
    """Train until the settings' end and return the run folder; `net` replaces SqueezeNet, for tests.

    Trains on the splits train and val; test stays unseen. Goes on from the checkpoint in the run's folder.

    Raises:
        TrainingError: bad settings, a checkpoint that does not fit, is damaged, or is of an earlier version and
            unfinished, or losses that are no longer numbers.
        ArtError, WeightsError: material that cannot be read.
        DataError: a full disk.
        KeyboardInterrupt: on Ctrl-C, with the checkpoint of the step just done written.
    """
    settings.check()
    run = fit_settings(settings)
    if settings.fresh:
        forget_earlier(settings.run_dir)
    elif finished_earlier(settings.run_dir, settings.steps, settings.minutes):
        return settings.run_dir
    torch.set_num_threads(settings.threads)
    torch.set_flush_denormal(True)
    material = prepare(settings, net or load_squeezenet(settings.feature_weights))
    module = GanModule(settings, material)
    if settings.grow_from is not None and (settings.fresh or not run.last_path.exists()):
        module.begin_with(read_run(settings.grow_from))
        logger.info("begins with the generator of %s", settings.grow_from)
    sheets = Sheets(settings, material)
    numbers = StepNumbers(settings.log_every)
    fit(module, numbers, None, run, resume=not settings.fresh, callbacks=(*callbacks, sheets))
    return settings.run_dir


class Sheets(Callback):
    """Sheets of pictures, no oftener than checkpoints, and at the end."""

    def __init__(self, settings: GanSettings, material: Material) -> None:
        self.settings, self.material = settings, material
        self._saved_s = time.monotonic()

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        if time.monotonic() - self._saved_s >= self.settings.checkpoint_every_s:
            self._save(trainer, pl_module)

    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self._save(trainer, pl_module)

    def _save(self, trainer: lightning.Trainer, module: lightning.LightningModule) -> None:
        assert isinstance(module, GanModule)
        self._saved_s = time.monotonic()
        if trainer.is_global_zero:
            save_sheets(self.settings, self.material, module.average, module.steps_done)


def save_sheets(settings: GanSettings, material: Material, generator: Generator, step: int) -> None:
    """Write a sheet of random pictures and one of the conditions' sweep into the run's folder."""
    rng = torch.Generator().manual_seed(SHEET_SEED)
    device = next(generator.parameters()).device
    latents = torch.randn(64, LATENT_SIZE, generator=rng)
    asked = material.sampler.asked(64, rng)
    with torch.no_grad():
        random = torch.cat(
            [
                generator(z.to(device), c.to(device)).cpu()
                for z, c in zip(batches(latents, 16), batches(asked, 16), strict=True)
            ]
        )
    folder = settings.run_dir / "sheets"
    save_sheet(sweep(generator, material.space), folder / f"sweep_{step:06d}.png")
    save_sheet(random, folder / f"random_{step:06d}.png")
