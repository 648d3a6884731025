"""Training of the networks: on chunks drawn from every song alike, labels of the chunk where there are any."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning.pytorch import LightningModule
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader

from chromesthesia_training.data.spec_augment import SpecAugment, mixup, spec_augment
from chromesthesia_training.fit import FitSettings, fit
from chromesthesia_training.music.answers import FoldAnswers, by_fold, song_means
from chromesthesia_training.music.scores import pearson
from chromesthesia_training.offline.loading import Rows, WeightedDraw, scoring_loader, whole

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
ANSWER_BATCH = 64
BYTES_TO_ONE = 1.0 / 127.0
LEAST_STEPS = 10


@dataclass(frozen=True)
class NetRecipe:
    """How a network is trained; the last epoch is scored, nothing is chosen on the songs of the test.

    draws: chunks of each song an epoch, on average, None: as many as there are; gain and noise: deviation of a chunk's
    level and of every value, in units of the input.
    """

    epochs: int = 20
    draws: float | None = None
    batch: int = 32
    learning_rate: float = 1.5e-3
    weight_decay: float = 0.02
    time_masks: int = 2
    time_frames: int = 20
    frequency_masks: int = 2
    bands: int = 16
    gain: float = 0.03
    noise: float = 0.0
    mixup_alpha: float = 0.2


EMBEDDING_RECIPE = NetRecipe(
    epochs=30, draws=8.0, batch=64, learning_rate=1e-3, weight_decay=0.05, time_masks=0, frequency_masks=0,
    gain=0.0, noise=0.1,
)  # fmt: skip


class Regression(LightningModule):
    """Trains a network on (inputs, targets): inputs int8 spectra or float vectors, targets standardised."""

    def __init__(self, net: nn.Module, recipe: NetRecipe, steps: int, seed: int) -> None:
        super().__init__()
        self.net = net
        self.recipe = recipe
        self.steps = steps
        self.seed = seed
        self._targets: list[Tensor] = []
        self._predictions: list[Tensor] = []

    def forward(self, inputs: Tensor) -> Tensor:
        scaled = inputs.float() * BYTES_TO_ONE if inputs.dtype == torch.int8 else inputs
        return torch.as_tensor(self.net(scaled))

    def training_step(self, batch: tuple[Tensor, Tensor], index: int) -> Tensor:
        generator = torch.Generator(device=batch[0].device)
        generator.manual_seed((self.seed << 32) + self.global_step)
        inputs, targets = augment(*batch, self.recipe, generator)
        loss = functional.mse_loss(self(inputs), targets)
        self.log("loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor], index: int) -> None:
        self._predictions.append(self(batch[0]).float().cpu())
        self._targets.append(batch[1].cpu())

    def on_validation_epoch_end(self) -> None:
        targets, predictions = (
            torch.cat(self._targets).double().numpy(),
            torch.cat(self._predictions).double().numpy(),
        )
        self._targets.clear()
        self._predictions.clear()
        each = [pearson(targets[:, place], predictions[:, place]) for place in range(targets.shape[1])]
        self.log("val_r", float(np.mean(each)))

    def configure_optimizers(self) -> Any:
        optimiser = torch.optim.AdamW(
            self.net.parameters(), self.recipe.learning_rate, weight_decay=self.recipe.weight_decay
        )
        # Of five steps the first fifth would be none, which torch divides by.
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, self.recipe.learning_rate, total_steps=max(LEAST_STEPS, self.steps), pct_start=0.2
        )
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def augment(
    inputs: Tensor, targets: Tensor, recipe: NetRecipe, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Hidden spans, another level, noise, mixup; spectra int8 [B, mels, frames] become float in -1..1."""
    if inputs.ndim == 3:
        inputs = inputs.float() * BYTES_TO_ONE if inputs.dtype == torch.int8 else inputs
        if recipe.gain:
            inputs = (
                inputs
                + torch.randn(len(inputs), 1, 1, generator=generator, device=inputs.device) * recipe.gain
            )
        hidden = SpecAugment(
            recipe.time_masks, recipe.time_frames, 0.25, recipe.frequency_masks, recipe.bands, gain_db=0.0
        )
        if recipe.time_masks or recipe.frequency_masks:
            inputs = spec_augment(inputs.transpose(1, 2), generator, hidden).transpose(1, 2)
    if recipe.noise:
        inputs = inputs + torch.randn(inputs.shape, generator=generator, device=inputs.device) * recipe.noise
    if recipe.mixup_alpha:
        inputs, targets = mixup(inputs, targets, generator, recipe.mixup_alpha)
    return inputs, targets


@torch.inference_mode()
def answer(net: nn.Module, inputs: Tensor) -> Float64:
    """What the network says of every row: float64 [n, T], standardised as its targets were."""
    net.eval()
    predictions = []
    for at in range(0, len(inputs), ANSWER_BATCH):
        part = inputs[at : at + ANSWER_BATCH]
        predictions.append(net(part.float() * BYTES_TO_ONE if part.dtype == torch.int8 else part))
    return np.asarray(torch.cat(predictions).double().numpy())


def train_folds(
    make: Callable[[], nn.Module],
    inputs: NDArray[Any],
    labels: Float64,
    owner: Int64,
    folds: Int64,
    recipe: NetRecipe,
    run_dir: Path,
    seed: int = 0,
    fresh: bool = False,
    wanted: Sequence[int] = range(5),
    key: Mapping[str, Any] | None = None,
    standardise: bool = False,
    precision: str = "32-true",
) -> list[FoldAnswers]:
    """Train one network a fold on chunks and let it answer the chunks and songs of the fold.

    inputs [chunks, ...], labels [chunks, T], owner: the song of each chunk, folds: the fold of each song.
    standardise: bring the inputs to mean 0 and deviation 1 of the training songs, at most 4 deviations away.
    precision: of training, as in `FitSettings`; answers are in 32 bits.
    """

    def one(fold: int, train: Int64, test: Int64, folder: Path) -> FoldAnswers:
        torch.manual_seed(seed)
        learn = np.flatnonzero(np.isin(owner, train))
        ask = np.flatnonzero(np.isin(owner, test))
        given = torch.from_numpy(_scaled(inputs, learn) if standardise else inputs)
        middle, spread = labels[learn].mean(axis=0), labels[learn].std(axis=0) + 1e-9
        targets = torch.from_numpy(((labels - middle) / spread).astype(np.float32))
        net = make()
        share = 1.0 / np.bincount(owner)[owner[learn]]
        drawn = len(learn) if recipe.draws is None else round(recipe.draws * len(train))
        count = max(1, drawn // recipe.batch) * recipe.batch
        loader = DataLoader(
            Rows(given[learn], targets[learn]),
            recipe.batch,
            sampler=WeightedDraw(np.asarray(share, np.float64), count, seed),
            collate_fn=whole,
            drop_last=True,
        )
        module = Regression(net, recipe, len(loader) * recipe.epochs, seed)
        settings = FitSettings(
            folder,
            max_epochs=recipe.epochs,
            monitor="val_r",
            seed=seed,
            checkpoint_every_steps=10_000,
            validate_every_epochs=min(recipe.epochs, 5),
            threads=torch.get_num_threads(),
            precision=precision,
        )
        report = fit(
            module, loader, scoring_loader(Rows(given[ask], targets[ask])), settings, resume=not fresh
        )
        predictions = answer(module.net, given[ask]) * spread + middle
        names: tuple[str, ...] = ("epoch", "loss", "val_r")
        curve: list[Mapping[str, float]] = [
            {name: round(float(point[name]), 4) for name in names if name in point}
            for point in report.history
        ]
        return FoldAnswers(
            fold, test, song_means(predictions, owner[ask], test), ask, predictions, report.minutes, {}, curve
        )

    whole_key = {**asdict(recipe), "seed": seed, "chunks": len(owner), **(key or {})}
    return by_fold(folds, owner, wanted, run_dir, whole_key, fresh, one)


def _scaled(inputs: NDArray[Any], learn: Int64) -> NDArray[np.float32]:
    middle, spread = inputs[learn].mean(axis=0), inputs[learn].std(axis=0) + 1e-6
    return np.asarray(np.clip((inputs - middle) / spread, -4.0, 4.0), dtype=np.float32)
