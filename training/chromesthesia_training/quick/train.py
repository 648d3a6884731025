"""Teach a quick painter what the generator of a pack paints: the run as `fit` is asked for it, sheets on the way."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from pathlib import Path

import lightning
import torch
from lightning.pytorch.callbacks import Callback

from chromesthesia_training.backbones.squeezenet import FeatureNet
from chromesthesia_training.data.condition import ConditionSpace
from chromesthesia_training.fit import FitSettings, StepNumbers, fit
from chromesthesia_training.fit.checkpoint import load, load_weights, part
from chromesthesia_training.gan.checkpoint import TrainedGenerator
from chromesthesia_training.gan.sheet import save_sheet
from chromesthesia_training.quick.model import QuickGenerator
from chromesthesia_training.quick.module import ABOUT, QuickModule, quick_of
from chromesthesia_training.quick.settings import QuickSettings

logger = logging.getLogger(__name__)

SHEET_SEED, SHEET_PICTURES = 11, 8
_LAST = Path("checkpoints", "last.ckpt")


def fit_settings(settings: QuickSettings) -> FitSettings:
    """The run as `fit` is asked for it; an epoch ends with a log line."""
    return FitSettings(
        settings.run_dir,
        max_steps=settings.steps,
        max_minutes=settings.minutes if settings.steps is None else None,
        gradient_clip=None,
        devices=1,
        checkpoint_every_s=settings.checkpoint_every_s,
        threads=settings.threads,
        seed=settings.seed,
    )


def teach(settings: QuickSettings, teacher: TrainedGenerator, net: FeatureNet) -> Path:
    """Train until the settings' end and return the run folder; goes on from the checkpoint there.

    Raises:
        TrainingError: bad settings, a checkpoint that does not fit or is damaged, or losses that are no numbers.
        DataError: a full disk.
        KeyboardInterrupt: on Ctrl-C, with the checkpoint of the step just done written.
    """
    settings.check()
    torch.set_num_threads(settings.threads)
    torch.set_flush_denormal(True)
    module = QuickModule(settings, teacher, net)
    fit(
        module,
        StepNumbers(settings.log_every),
        None,
        fit_settings(settings),
        resume=not settings.fresh,
        callbacks=(Sheets(settings),),
    )
    return settings.run_dir


@dataclass(frozen=True)
class TaughtPainter:
    """The averaged quick painter of a run in evaluation mode, its condition scale, and how far it was taught."""

    generator: QuickGenerator
    space: ConditionSpace
    step: int


def load_taught(run_dir: Path) -> TaughtPainter:
    """The averaged quick painter of a run. Raises TrainingError where there is none, or a damaged one."""
    path = run_dir / _LAST
    content = load(path, ("state_dict", ABOUT))
    about = content[ABOUT]
    generator = load_weights(quick_of(content), part(content["state_dict"], "average"), path)
    space = about["space"]
    return TaughtPainter(
        generator.eval().requires_grad_(False),
        ConditionSpace(tuple(space["mean"]), tuple(space["deviation"]), tuple(space["dominance_slopes"])),
        int(about["step"]),
    )


class Sheets(Callback):
    """The teacher's pictures above the pupil's, at their own size, every so often and at the end."""

    def __init__(self, settings: QuickSettings) -> None:
        self.settings = settings
        self._saved_s = time.monotonic()

    def on_train_epoch_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        if time.monotonic() - self._saved_s >= self.settings.sheet_every_s:
            self._save(pl_module)

    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self._save(pl_module)

    def _save(self, module: lightning.LightningModule) -> None:
        assert isinstance(module, QuickModule)
        self._saved_s = time.monotonic()
        latent, condition = (
            part.to(module.device)
            for part in module.asked.draw(SHEET_PICTURES, torch.Generator().manual_seed(SHEET_SEED))
        )
        with torch.no_grad():
            theirs = torch.tanh(module.teacher.before_tanh(latent, condition))
            ours = torch.nn.functional.pixel_shuffle(
                torch.tanh(module.average.stages(latent, condition)[1]), 2
            )
        rows = [row for pair in zip(theirs.chunk(2), ours.chunk(2), strict=True) for row in pair]
        save_sheet(
            torch.cat(rows), self.settings.run_dir / "sheets" / f"pairs_{module.steps_done:06d}.png", 4
        )
