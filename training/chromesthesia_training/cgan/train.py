"""Training of the reference cGAN: a LightningModule with manual optimisation, run through `fit`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import lightning
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from chromesthesia.core.records import Float32
from chromesthesia_training.align.train import counting_loader, rows_by_class
from chromesthesia_training.cgan.diffaugment import diff_augment
from chromesthesia_training.cgan.model import (
    LATENT_SIZE,
    CganDiscriminator,
    CganGenerator,
    CganSizes,
    hinge_discriminator,
    hinge_generator,
)
from chromesthesia_training.errors import DataError, TrainingError
from chromesthesia_training.fit import FitReport, FitSettings, fit, follow, warmed
from chromesthesia_training.fit.checkpoint import load, load_weights, save
from chromesthesia_training.gan.augment import crop_paintings

CHECKPOINT_EVERY_S = 60.0
"""At the end of an epoch: a checkpoint has both networks and their optimisers, and takes as long as many steps."""


@dataclass(frozen=True)
class CganSettings:
    """One training run, of the reference's size where nothing else is said. Epochs in `snapshots` leave the averaged
    generator as `snapshot-NNN.pt` in the run folder."""

    side: int = 64
    base_channels: int = 64
    batch: int = 32
    epochs: int = 100
    snapshots: tuple[int, ...] = (20, 40, 100)
    lr_g: float = 1e-4
    lr_d: float = 4e-4
    beta1: float = 0.0
    beta2: float = 0.9
    diffaugment: bool = True
    average_decay: float = 0.995
    smallest_crop: float = 0.85
    precision: str = "32-true"
    accelerator: str = "auto"
    seed: int = 0
    threads: int = 1

    def sizes(self) -> CganSizes:
        return CganSizes(self.side, self.base_channels)


@dataclass(frozen=True)
class CganData:
    """What is learned from: paintings uint8 (N, h, w, 3) with kinds int64 (N,), place in angry, happy, sad; and
    projected training clips float32 (M, 128) with their emotions int64 (M,)."""

    paintings: NDArray[np.uint8]
    kinds: NDArray[np.int64]
    conditions: Float32
    emotions: NDArray[np.int64]


class CganModule(lightning.LightningModule):
    """Generator, its running average, and discriminator. Everything random in step n comes from (seed, n)."""

    steps_done: Tensor

    def __init__(self, data: CganData, settings: CganSettings, run_dir: Path | None = None) -> None:
        super().__init__()
        if len(data.paintings) < settings.batch:
            raise DataError(
                f"{len(data.paintings)} paintings of angry, happy or sad", f"give {settings.batch} or more"
            )
        torch.manual_seed(settings.seed)
        self.automatic_optimization = False
        self.data, self.settings, self.run_dir = data, settings, run_dir
        self.generator = CganGenerator(settings.sizes())
        self.discriminator = CganDiscriminator(settings.sizes())
        self.average = CganGenerator(settings.sizes()).requires_grad_(False)
        self.average.load_state_dict(self.generator.state_dict())
        for network in (self.generator, self.discriminator, self.average):
            network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.register_buffer("steps_done", torch.zeros((), dtype=torch.long))
        self.pool = torch.from_numpy(data.paintings)
        self.sounds = torch.from_numpy(data.conditions)
        self.rows = rows_by_class(data.emotions, "clip")

    @property
    def steps_per_epoch(self) -> int:
        return len(self.data.paintings) // self.settings.batch

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        settings = self.settings
        betas = (settings.beta1, settings.beta2)
        return [
            torch.optim.Adam(self.generator.parameters(), settings.lr_g, betas),
            torch.optim.Adam(self.discriminator.parameters(), settings.lr_d, betas),
        ]

    def training_step(self, batch: Tensor, batch_idx: int) -> None:
        """One step of both; one batch of made pictures serves both. The loader only counts."""
        optimise_g, optimise_d = cast(list[Any], self.optimizers())
        step = int(self.steps_done)
        rng = torch.Generator().manual_seed((self.settings.seed << 32) + step)
        real, condition = self.draw(step, rng)
        latent = torch.randn(len(real), LATENT_SIZE, generator=rng).to(self.device)
        fake = self.generator(latent, condition)

        scores = self.discriminator(
            torch.cat([self._seen(real, rng), self._seen(fake.detach(), rng)]), torch.cat([condition] * 2)
        )
        loss_d = hinge_discriminator(*scores.float().chunk(2))
        optimise_d.zero_grad()
        self.manual_backward(loss_d)
        optimise_d.step()

        self.discriminator.requires_grad_(False)
        loss_g = hinge_generator(self.discriminator(self._seen(fake, rng), condition).float())
        optimise_g.zero_grad()
        self.manual_backward(loss_g)
        optimise_g.step()
        self.discriminator.requires_grad_(True)

        self.steps_done += 1
        self._update_average()
        if not torch.isfinite(loss_d + loss_g):
            raise TrainingError(
                f"the losses of step {step} are {float(loss_d)} and {float(loss_g)}", "lower lr_d and lr_g"
            )
        self.log_dict({"loss_d": loss_d, "loss_g": loss_g}, on_step=False, on_epoch=True)

    def on_train_epoch_end(self) -> None:
        epoch = self.current_epoch + 1
        if self.run_dir is not None and epoch in self.settings.snapshots and self.global_rank == 0:
            save_generator(self.average, self.settings, epoch, self.run_dir / f"snapshot-{epoch:03d}.pt")

    def draw(self, step: int, rng: torch.Generator) -> tuple[Tensor, Tensor]:
        """Views (B, 3, side, side) of the paintings whose turn it is, and a clip's condition (B, 128) of each one's
        emotion. An epoch shows every painting once, in an order of its own."""
        settings = self.settings
        epoch, place = divmod(step, self.steps_per_epoch)
        order = np.random.default_rng([settings.seed, epoch]).permutation(len(self.pool))
        rows = order[place * settings.batch : (place + 1) * settings.batch]
        chosen = self.pool[torch.from_numpy(rows)]
        real = crop_paintings(chosen, settings.side, settings.smallest_crop, rng, self.device)
        pick = np.random.default_rng([settings.seed, step, 1])
        clips = [int(pick.choice(self.rows[kind])) for kind in self.data.kinds[rows]]
        return real, self.sounds[clips].to(self.device)

    def _seen(self, images: Tensor, rng: torch.Generator) -> Tensor:
        return diff_augment(images, rng) if self.settings.diffaugment else images

    def _update_average(self) -> None:
        kept = warmed(self.settings.average_decay, int(self.steps_done))
        follow(self.average, self.generator, 1.0 - kept, buffers=False)


def train_cgan(data: CganData, settings: CganSettings, run_dir: Path, resume: bool = True) -> FitReport:
    """Train, leaving snapshots, checkpoints and `generator.pt` in `run_dir`; goes on from there unless told not to."""
    module = CganModule(data, settings, run_dir)
    report = fit(
        module,
        counting_loader(module.steps_per_epoch),
        None,  # nothing is chosen: the last generator counts, as in the reference
        FitSettings(
            run_dir=run_dir,
            max_epochs=settings.epochs,
            gradient_clip=None,
            precision=settings.precision,
            accelerator=settings.accelerator,
            devices=1,
            checkpoint_every_steps=10_000,
            checkpoint_every_s=CHECKPOINT_EVERY_S,
            threads=settings.threads,
            seed=settings.seed,
        ),
        resume=resume,
    )
    save_generator(module.average, settings, report.epochs, run_dir / "generator.pt")
    return report


def save_generator(generator: CganGenerator, settings: CganSettings, epoch: int, path: Path) -> None:
    """Write weights, sizes and epoch, whole or not at all."""
    content = {"sizes": asdict(settings.sizes()), "epoch": epoch, "weights": generator.state_dict()}
    save(content, path)


def load_generator(path: Path) -> tuple[CganGenerator, int]:
    """A saved generator in evaluation mode, and its epoch. Raises TrainingError when it is missing or damaged."""
    stored = load(
        path,
        ("sizes", "epoch", "weights"),
        "generator",
        "train first: chromesthesia-train reproduce --only cgan",
        "delete it and train again",
    )
    generator = load_weights(CganGenerator(CganSizes(**stored["sizes"])), stored["weights"], path)
    return generator.eval(), int(stored["epoch"])


def paint(generator: CganGenerator, conditions: Float32, seed: int, batch: int = 32) -> Tensor:
    """Pictures (N, 3, side, side) in [-1, 1], one for each condition (N, 128), with latents from `seed`."""
    latents = torch.randn(len(conditions), LATENT_SIZE, generator=torch.Generator().manual_seed(seed))
    asked = torch.from_numpy(np.ascontiguousarray(conditions))
    with torch.no_grad():
        return torch.cat(
            [
                generator(latents[start : start + batch], asked[start : start + batch]).float()
                for start in range(0, len(asked), batch)
            ]
        )
