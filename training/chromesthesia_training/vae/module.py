"""Training of one version: two phases, a schedule of its own, losses as the thesis names them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import Callback
from torch import Tensor
from torch.nn import functional

from chromesthesia_training.vae.batches import Batch, Part
from chromesthesia_training.vae.losses import divergence, draw, reconstruction, va_weight
from chromesthesia_training.vae.material import KINDS, Kind
from chromesthesia_training.vae.versions import GRID, SPECIFIC, TokenFusionVae, Version

Schedule = Literal["restarts", "warm cosine", "plateau"]
MONITOR = "val_total"


@dataclass(frozen=True)
class VaeRecipe:
    """How a version is trained; set beforehand, not tuned.

    batches: of an epoch, each half pictures, half sounds. phase: share of the epochs after which the decoder is told
    the predicted labels, and the rate falls by `fine`. kl: weight of the divergence, reached after `kl_rise` of the
    epochs. encode_tokens, decode_tokens: so many places of an item are drawn at each step; all of them when scored.
    cls_weight: of the head that makes a CLS token.
    """

    epochs: int = 20
    batches: int = 100
    batch: int = 32
    learning_rate: float = 1e-3
    weight_decay: float = 1e-4
    warm_epochs: int = 2
    phase: float = 0.35
    fine: float = 0.5
    kl: float = 0.005
    kl_rise: float = 0.3
    va_start: float = 0.5
    restart_epochs: int = 4
    encode_tokens: int = 16
    decode_tokens: int = 24
    cls_weight: float = 0.1
    plateau: int = 3
    patience: int | None = None


SCHEDULES: dict[Version, Schedule] = {
    "v1": "restarts",
    "v2": "restarts",
    "v21": "warm cosine",
    "v3": "plateau",
    "v31": "plateau",
    "v32": "plateau",
}


@dataclass(frozen=True)
class Losses:
    """Of one kind in one batch: means over its items."""

    reconstruction: Tensor
    square: Tensor
    divergence: Tensor
    va: Tensor
    cls: Tensor


class VaeModule(LightningModule):
    """A version with its losses. `real_va`: the first phase, in which the decoder is told the true labels."""

    def __init__(self, net: TokenFusionVae, recipe: VaeRecipe) -> None:
        super().__init__()
        self.net = net
        self.recipe = recipe
        self.real_va = True
        self.progressive = net.sizes.version not in ("v1", "v2")
        self._sums: dict[str, list[tuple[float, int]]] = {}

    @property
    def progress(self) -> float:
        return self.current_epoch / max(1, self.recipe.epochs)

    def part_losses(self, kind: Kind, part: Part, training: bool) -> Losses:
        """Losses of one kind; all places and the mean of the latent where not `training`."""
        net, sizes = self.net, self.net.sizes
        encoded, decoded = self._places(kind, training)
        mean, log_variance = net.encode(kind, part.tokens, part.cls, part.va, encoded)
        latent = draw(mean, log_variance) if training else mean
        said = net.va(latent)
        # Validation is always told what is predicted: an epoch of the first phase must not win by being told more.
        told = part.va if self.real_va and training else said
        made = net.decode(kind, latent, told, part.cls, decoded)
        wanted = part.tokens if decoded is None else part.tokens[:, decoded]
        if sizes.labels:
            labels = part.va[:, None].expand(-1, wanted.shape[1], -1)
            compared = torch.cat([wanted, labels], dim=2)
        else:
            compared = wanted
        share = self.progress if training else 0.5
        square = functional.mse_loss(made[:, :, : wanted.shape[2]], wanted)
        if training:
            rebuilt = reconstruction(made[:, :, : compared.shape[2]], compared, share, self.progressive)
        else:
            rebuilt = square
        cls = torch.zeros(())
        if sizes.version == "v32" and part.cls is not None:
            given = latent if not sizes.bypass else latent.detach()
            cls = functional.mse_loss(net.cls_of(kind, given, told), part.cls)
        return Losses(
            rebuilt, square, divergence(mean, log_variance), functional.mse_loss(said, part.va), cls
        )

    def _places(self, kind: Kind, training: bool) -> tuple[Tensor | None, Tensor | None]:
        if not training:
            return None, None
        recipe, sizes = self.recipe, self.net.sizes
        count = sizes.inputs[kind][0]
        if sizes.version == "v32":
            half = GRID // 2
            rows = 2 * torch.arange(half)[:, None] + torch.randint(2, (half, half))
            columns = 2 * torch.arange(half)[None] + torch.randint(2, (half, half))
            encoded = (rows * GRID + columns).flatten()
        else:
            encoded = torch.randperm(sizes.tokens)[: recipe.encode_tokens]
        return encoded, torch.randperm(count)[: recipe.decode_tokens]

    def transfer_batch_to_device(self, batch: Batch, device: torch.device, dataloader_idx: int) -> Batch:
        """Lightning copies no frozen records."""
        return {kind: part.to(device) for kind, part in batch.items()}

    def training_step(self, batch: Batch, index: int) -> Tensor:
        recipe = self.recipe
        kl = recipe.kl * min(1.0, self.progress / max(recipe.kl_rise, 1e-6))
        weight = va_weight(recipe.va_start, self.current_epoch)
        total = torch.zeros(())
        for kind in KINDS:
            found = self.part_losses(kind, batch[kind], training=True)
            total = total + 0.5 * (
                found.reconstruction
                + kl * found.divergence
                + weight * found.va
                + recipe.cls_weight * found.cls
            )
            self.log(f"{kind}_square", found.square.detach(), on_step=False, on_epoch=True, batch_size=1)
        self.log("loss", total.detach(), on_step=False, on_epoch=True, batch_size=1)
        return total

    def validation_step(self, batch: Batch, index: int) -> None:
        for kind, part in batch.items():
            found = self.part_losses(kind, part, training=False)
            for name in ("square", "divergence", "va", "cls"):
                self._sums.setdefault(f"{kind}_{name}", []).append(
                    (float(getattr(found, name)), len(part.va))
                )

    def on_validation_epoch_end(self) -> None:
        means = {
            name: sum(value * count for value, count in rows) / max(1, sum(count for _, count in rows))
            for name, rows in self._sums.items()
        }
        self._sums.clear()
        both = {
            name: sum(means.get(f"{kind}_{name}", 0.0) for kind in KINDS) / len(KINDS)
            for name in ("square", "divergence", "va")
        }
        self.log("val_recon", both["square"])
        self.log("val_va", both["va"])
        self.log("val_kl", both["divergence"])
        self.log(MONITOR, both["square"] + self.recipe.kl * both["divergence"] + both["va"])

    def configure_optimizers(self) -> Any:
        recipe = self.recipe
        optimiser = torch.optim.AdamW(
            self.net.parameters(), recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True
        )
        schedule = SCHEDULES[self.net.sizes.version]
        if schedule == "plateau":
            falling = torch.optim.lr_scheduler.ReduceLROnPlateau(
                optimiser, "min", factor=0.5, patience=recipe.plateau
            )
            return [optimiser], [{"scheduler": falling, "interval": "epoch", "monitor": MONITOR}]

        def factor(epoch: int) -> float:
            return rate_factor(schedule, epoch, recipe)

        return [optimiser], [
            {"scheduler": torch.optim.lr_scheduler.LambdaLR(optimiser, factor), "interval": "epoch"}
        ]


def rate_factor(schedule: Schedule, epoch: int, recipe: VaeRecipe) -> float:
    """The learning rate over its base: a linear rise, then a cosine once, or again over periods that double."""
    if epoch < recipe.warm_epochs:
        factor = (epoch + 1) / (recipe.warm_epochs + 1)
    elif schedule == "warm cosine":
        done = (epoch - recipe.warm_epochs) / max(1, recipe.epochs - recipe.warm_epochs)
        factor = 0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * min(1.0, done)))
    else:
        at, period = epoch - recipe.warm_epochs, recipe.restart_epochs
        while at >= period:
            at, period = at - period, 2 * period
        factor = 0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * at / period))
    return factor * (recipe.fine if epoch >= recipe.phase * recipe.epochs else 1.0)


class StageChange(Callback):
    """From `phase` of the epochs on the decoder is told what the predictor says; a plateau's rate falls then."""

    def on_train_epoch_start(self, trainer: Trainer, module: LightningModule) -> None:
        assert isinstance(module, VaeModule)
        real = module.current_epoch < module.recipe.phase * module.recipe.epochs
        first_of_second = (
            not real and math.ceil(module.recipe.phase * module.recipe.epochs) == module.current_epoch
        )
        if first_of_second and SCHEDULES[module.net.sizes.version] == "plateau":
            for group in trainer.optimizers[0].param_groups:
                group["lr"] *= module.recipe.fine
        module.real_va = real


def repeats(version: Version) -> bool:
    """Whether a version says the same at every place."""
    return version in SPECIFIC or version == "v3"
