"""Run the training of the generator on Lightning: resume, schedule, logs, checkpoints and sheets."""

from __future__ import annotations

import dataclasses
import json
import logging
import math
import os
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import lightning
import torch
from lightning.pytorch.utilities.exceptions import SIGTERMException
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from torch.utils.data import DataLoader, IterableDataset

from chromesthesia_training.backbones.squeezenet import FeatureNet, load_squeezenet
from chromesthesia_training.data.batching import batches
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.gan.checkpoint import CHECKPOINT_NAME, load_checkpoint, save_checkpoint
from chromesthesia_training.gan.material import Material, prepare
from chromesthesia_training.gan.model import LATENT_SIZE, Generator
from chromesthesia_training.gan.module import OPTIMISERS, GanModule
from chromesthesia_training.gan.settings import GanSettings
from chromesthesia_training.gan.sheet import save_sheet, sweep

logger = logging.getLogger(__name__)

SHEET_SEED = 11


def train(settings: GanSettings, net: FeatureNet | None = None) -> Path:
    """Train until the settings' end and return the run folder; `net` replaces SqueezeNet, for tests.

    Trains on the splits train and val; test stays unseen. Interrupting it saves a checkpoint.

    Raises:
        TrainingError: bad settings, a damaged checkpoint, or losses that are no longer numbers.
        ArtError, WeightsError: material that cannot be read.
    """
    settings.check()
    torch.set_num_threads(settings.threads)
    torch.set_flush_denormal(True)
    settings.run_dir.mkdir(parents=True, exist_ok=True)
    material = prepare(settings, net or load_squeezenet(settings.feature_weights))
    clock = RunClock(settings)
    module = GanModule(settings, material, clock.share_done)
    keeper = Keeper(settings, material, clock)
    resumed = restore(settings, module, clock, keeper)
    if settings.grow_from is not None and not resumed:
        module.begin_with(load_checkpoint(settings.grow_from))
        logger.info("begins with the generator of %s", settings.grow_from)
    if clock.share_done() >= 1.0:
        logger.info("already trained to its end at step %d", module.steps_done)
        return settings.run_dir
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module="lightning")
        trainer = lightning.Trainer(
            accelerator=settings.accelerator,
            devices=settings.devices,
            precision=settings.precision,  # type: ignore[arg-type]
            strategy="ddp_find_unused_parameters_true" if _many_processes() else "auto",
            max_steps=-1,
            max_epochs=1,
            logger=False,
            enable_checkpointing=False,
            enable_progress_bar=False,
            enable_model_summary=False,
            callbacks=[keeper],
        )
        trainer.fit(module, DataLoader(Endless(), batch_size=None))
    if keeper.failure is not None:
        raise keeper.failure
    return settings.run_dir


def restore(settings: GanSettings, module: GanModule, clock: RunClock, keeper: Keeper) -> bool:
    """Put the checkpoint of the run's folder back, where there is one and the run is not to begin afresh.

    Raises:
        TrainingError: the checkpoint belongs to networks of another shape.
    """
    if settings.fresh or not (settings.run_dir / CHECKPOINT_NAME).is_file():
        return False
    content = load_checkpoint(settings.run_dir)
    try:
        module.put_networks(content)
        clock.elapsed_s = float(content["elapsed_s"])
        keeper.optimisers = {name: content[name] for name in OPTIMISERS}
    except (KeyError, RuntimeError, ValueError) as error:
        raise TrainingError(
            f"the checkpoint does not fit these settings: {error}",
            "use the run's own settings, or train afresh",
        ) from error
    clock.steps = module.steps_done
    logger.info("resumed at step %d after %.1f minutes", clock.steps, clock.elapsed_s / 60)
    return True


class RunClock:
    """Steps and seconds spent training, summed over resumed parts."""

    def __init__(self, settings: GanSettings) -> None:
        self.settings = settings
        self.steps = 0
        self.elapsed_s = 0.0
        self._last = time.perf_counter()

    def begin(self) -> None:
        self._last = time.perf_counter()

    def tick(self) -> None:
        """One step more."""
        now = time.perf_counter()
        self.elapsed_s, self._last = self.elapsed_s + now - self._last, now
        self.steps += 1

    def share_done(self) -> float:
        if self.settings.steps:
            return self.steps / self.settings.steps
        return self.elapsed_s / (60 * self.settings.minutes)


class Endless(IterableDataset[int]):
    """Step numbers: the module draws its own batches, so that their randomness is in the checkpoint."""

    def __iter__(self) -> Iterator[int]:
        number = 0
        while True:
            yield number
            number += 1


class Keeper(lightning.Callback):
    """Logs, checkpoints and sheets while training, and the end of it."""

    def __init__(self, settings: GanSettings, material: Material, clock: RunClock) -> None:
        self.settings, self.material, self.clock = settings, material, clock
        self.optimisers: dict[str, Any] = {}
        self.failure: TrainingError | None = None
        self._saved_s = clock.elapsed_s
        self._progress = _progress()
        self._task = self._progress.add_task("gan", total=1.0)

    def on_train_start(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        if self.optimisers:
            _gan(pl_module).put_optimisers(self.optimisers)
        self._saved_s = self.clock.elapsed_s
        self.clock.begin()
        self._progress.start()

    def on_train_batch_end(
        self,
        trainer: lightning.Trainer,
        pl_module: lightning.LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        module = _gan(pl_module)
        self.clock.tick()
        if self.clock.steps % self.settings.log_every == 0:
            self._log(trainer, module)
        if self.clock.share_done() >= 1.0:
            trainer.should_stop = True
        elif self.clock.elapsed_s - self._saved_s > self.settings.checkpoint_every_s:
            self._keep(trainer, module)

    def on_train_end(self, trainer: lightning.Trainer, pl_module: lightning.LightningModule) -> None:
        self._progress.stop()
        if self.failure is None:
            self._keep(trainer, _gan(pl_module))

    def on_exception(
        self, trainer: lightning.Trainer, pl_module: lightning.LightningModule, exception: BaseException
    ) -> None:
        self._progress.stop()
        if isinstance(exception, KeyboardInterrupt | SIGTERMException):
            self._keep(trainer, _gan(pl_module))
            logger.warning(
                "interrupted at step %d: the checkpoint is kept, train again to go on", self.clock.steps
            )

    def _keep(self, trainer: lightning.Trainer, module: GanModule) -> None:
        self._saved_s = self.clock.elapsed_s
        if not trainer.is_global_zero:
            return
        settings = self.settings
        content = {
            **module.content(),
            "elapsed_s": self.clock.elapsed_s,
            "images_seen": self.clock.steps * settings.batch * trainer.world_size,
            "widths": list(settings.widths),
            "space": self.material.space.to_dict(),
            "settings": plain_settings(settings),
        }
        save_checkpoint(settings.run_dir, content)
        save_sheets(settings, self.material, module.average, self.clock.steps)

    def _log(self, trainer: lightning.Trainer, module: GanModule) -> None:
        means = {name: round(sum(values) / len(values), 4) for name, values in module.logged.items()}
        module.logged.clear()
        if not all(math.isfinite(value) for value in means.values()):
            self.failure = TrainingError(
                f"losses at step {self.clock.steps} are no longer numbers: {means}",
                "lower the learning rates; the checkpoint is kept",
            )
            trainer.should_stop = True
            return
        if not trainer.is_global_zero:
            return
        images = self.clock.steps * self.settings.batch * trainer.world_size
        row = {
            "step": self.clock.steps,
            "images": images,
            "elapsed_s": round(self.clock.elapsed_s, 1),
            **means,
        }
        with (self.settings.run_dir / "metrics.jsonl").open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(row) + "\n")
        done = self.clock.share_done()
        self._progress.update(
            self._task, completed=min(done, 1.0), description=f"gan step {self.clock.steps}"
        )
        if not self._progress.console.is_terminal:
            rate = images / max(self.clock.elapsed_s, 1e-9)
            shown = " ".join(f"{name} {value:g}" for name, value in means.items())
            logger.info("step %d  %.0f %%  %.1f images/s  %s", self.clock.steps, 100 * done, rate, shown)


def plain_settings(settings: GanSettings) -> dict[str, Any]:
    """The settings that shape a run, without its paths, as plain values."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in dataclasses.asdict(settings).items()
        if not isinstance(value, Path) and value is not None
    }


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


def _many_processes() -> bool:
    """Whether torchrun has started this process beside others."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def _gan(module: lightning.LightningModule) -> GanModule:
    assert isinstance(module, GanModule)
    return module


def _progress() -> Progress:
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>4.1f} %"),
        TimeElapsedColumn(),
        console=console,
        disable=not console.is_terminal,
    )
