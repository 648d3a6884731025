"""Tiny modules and data whose training takes milliseconds, with randomness at every place it can be."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.callbacks import Callback
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, Dataset

from chromesthesia_training.fit import FitSettings


class NoisyPoints(Dataset[tuple[Tensor, Tensor]]):
    """Points of two classes; an item has new noise each time it is drawn."""

    def __init__(self, size: int = 22, noise: float = 0.3) -> None:
        generator = torch.Generator().manual_seed(5)
        self.labels = torch.arange(size) % 2
        self.points = torch.randn(size, 3, generator=generator) + 1.5 * self.labels[:, None]
        self.noise = noise

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Tensor, Tensor]:
        return self.points[index] + self.noise * torch.randn(3), self.labels[index]


class Classifier(LightningModule):
    """Two layers with dropout and a schedule; `dropout` 0 makes a step a function of its batch alone."""

    def __init__(self, dropout: float = 0.3, rate: float = 0.02) -> None:
        super().__init__()
        torch.manual_seed(3)
        self.net = nn.Sequential(nn.Linear(3, 8), nn.ReLU(), nn.Dropout(dropout), nn.Linear(8, 2))
        self.rate = rate

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> Tensor:
        points, labels = batch
        logits = self.net(points)
        loss = F.cross_entropy(logits, labels)
        self.log("train_accuracy", (logits.argmax(1) == labels).float().mean(), on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        points, labels = batch
        self.log("val_loss", F.cross_entropy(self.net(points), labels), batch_size=len(labels))

    def configure_optimizers(self) -> Any:
        optimiser = torch.optim.AdamW(self.parameters(), self.rate)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 40)
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


class Duel(LightningModule):
    """A generator and a discriminator of points, optimised by hand."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(4)
        self.automatic_optimization = False
        self.generator = nn.Linear(2, 3)
        self.discriminator = nn.Linear(3, 1)

    def training_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        points, _ = batch
        optimizers: Any = self.optimizers()
        for_generator, for_discriminator = optimizers
        made = self.generator(torch.randn(len(points), 2))
        judged = (
            F.softplus(self.discriminator(made.detach())).mean()
            + F.softplus(-self.discriminator(points)).mean()
        )
        for_discriminator.zero_grad()
        self.manual_backward(judged)
        for_discriminator.step()
        fooled = F.softplus(-self.discriminator(made)).mean()
        for_generator.zero_grad()
        self.manual_backward(fooled)
        for_generator.step()
        self.log_dict({"judged": judged, "fooled": fooled})

    def validation_step(self, batch: tuple[Tensor, Tensor], batch_idx: int) -> None:
        points, _ = batch
        self.log("val_loss", (self.generator(torch.ones(1, 2)) - points.mean(0)).square().mean())

    def configure_optimizers(self) -> Any:
        return (
            torch.optim.Adam(self.generator.parameters(), 0.02),
            torch.optim.Adam(self.discriminator.parameters(), 0.02),
        )


def loaders(batch: int = 4, workers: int = 0, noise: float = 0.3) -> tuple[DataLoader[Any], DataLoader[Any]]:
    """22 points give 6 batches of 4, the last one of 2."""
    points = NoisyPoints(noise=noise)
    return (
        DataLoader(points, batch, shuffle=True, num_workers=workers),
        DataLoader(NoisyPoints(noise=0.0), 8),
    )


def settings_in(folder: Path, **changes: Any) -> FitSettings:
    """Three epochs on the CPU, the best by least validation loss."""
    asked: dict[str, Any] = {
        "max_epochs": 3,
        "monitor": "val_loss",
        "mode": "min",
        "checkpoint_every_steps": 1,
        "accelerator": "cpu",
    }
    return FitSettings(run_dir=folder, **(asked | changes))


class At(Callback):
    """Does something after a training step, before its checkpoint is written."""

    def __init__(self, step: int, act: Callable[[], None]) -> None:
        self.step = step
        self.act = act
        self.steps = 0

    def on_train_batch_end(self, *_: Any) -> None:
        self.steps += 1
        if self.steps == self.step:
            self.act()
