"""Training of one offline encoder on the rows of one split."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Any, cast

import lightning
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia_training.data.spec_augment import SpecAugment, mixup, spec_augment
from chromesthesia_training.fit.epoch_answers import EpochAnswers
from chromesthesia_training.offline.models import ClipEncoder
from chromesthesia_training.offline.models.parts import VIEWS

logger = logging.getLogger(__name__)

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]
ANSWER_BATCH = 128
WARMING_STEPS = 100
FALL = 0.3
MOVES = ((1.0, 1.0), (1.0, -1.0), (1.08, 0.0), (0.92, 0.0))
"""Pace and bands by which a clip is moved when its answer is averaged."""


@dataclass(frozen=True)
class Recipe:
    """How an encoder is trained; set beforehand, not tuned.

    epochs: at most so many. patience: the run ends when the validation part was no better for so many epochs, the
    learning rate falls when it was not for a third of them, and the best epoch counts; None trains on the validation
    part too, for all epochs, along one cycle.
    average: decay of the running average of the weights, which is what is validated and kept; 0 for none.
    balance: a clip is drawn with its (corpus, emotion) count to the power of minus this.
    band_shift, stretch: spectra are moved by up to so many mel bands, and made up to this share longer or shorter.
    taught: share of a training clip's target that a teacher gives, who did not hear its speaker; 0 for none.
    refit: once the validation parts of all folds have chosen the epoch, a fresh net is trained that long on its fold's
    part and the rest, along one cycle, and counts.
    moved_answers: a clip is also heard a band higher and lower, a little slower and faster, and the probabilities
    averaged.
    """

    epochs: int = 80
    patience: int | None = 9
    average: float = 0.99
    batch: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 0.02
    label_smoothing: float = 0.1
    mixup_alpha: float = 0.3
    time_masks: int = 2
    time_frames: int = 12
    frequency_masks: int = 2
    bands: int = 10
    band_shift: int = 3
    stretch: float = 0.15
    balance: float = 0.3
    taught: float = 0.0
    refit: bool = False
    moved_answers: bool = False

    def plain(self) -> Recipe:
        """The same without any augmentation."""
        return replace(self, mixup_alpha=0.0, time_masks=0, frequency_masks=0, band_shift=0, stretch=0.0)


class ClipClassifier(lightning.LightningModule):
    """A clip encoder with its loss, augmentation and schedule: one cycle (Smith and Topin 2019) where the recipe has no
    patience, else a rate that falls where validation no longer rises.

    Batches are (inputs, mask, targets): inputs float16 or float32 as the encoder takes them, targets float [B, 3]. The
    augmentation of step n follows from (seed, n) alone.
    """

    def __init__(self, encoder: ClipEncoder, recipe: Recipe, steps: int, seed: int = 0) -> None:
        super().__init__()
        encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.encoder = encoder
        self.recipe = recipe
        self.steps = steps
        self.seed = seed
        self._answers = EpochAnswers()

    def forward(self, inputs: Tensor, mask: Tensor) -> Tensor:
        """Logits [B, 3]."""
        logits, _ = self.encoder(inputs, mask)
        return cast(Tensor, logits)

    def training_step(self, batch: tuple[Tensor, Tensor, Tensor], index: int) -> Tensor:
        inputs, mask, targets = batch
        generator = torch.Generator(device=inputs.device)
        generator.manual_seed((self.seed << 32) + self.global_step)
        inputs, mask, targets = augment(inputs.float(), mask, targets, self.recipe, generator)
        if inputs.ndim == 4:
            inputs = inputs.contiguous(memory_format=torch.channels_last)
        loss = functional.cross_entropy(
            self(inputs, mask), targets, label_smoothing=self.recipe.label_smoothing
        )
        self.log("loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, Tensor, Tensor], index: int) -> None:
        inputs, mask, targets = batch
        said = self(inputs.float(), mask)
        self._answers.add(targets.argmax(dim=1).cpu(), said.argmax(dim=1).cpu())

    def on_validation_epoch_end(self) -> None:
        self.log_dict(self._answers.figures())

    def configure_optimizers(self) -> Any:
        optimiser = torch.optim.AdamW(
            _parameter_groups(self.encoder, self.recipe), weight_decay=self.recipe.weight_decay
        )
        if self.recipe.patience is not None:
            warming = torch.optim.lr_scheduler.LinearLR(optimiser, 0.05, total_iters=WARMING_STEPS)
            falling = torch.optim.lr_scheduler.ReduceLROnPlateau(
                optimiser, "max", factor=FALL, patience=max(1, self.recipe.patience // 3), threshold=1e-4
            )
            return [optimiser], [
                {"scheduler": warming, "interval": "step"},
                {"scheduler": falling, "interval": "epoch", "monitor": "val_macro_f1"},
            ]
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser,
            [float(group["lr"]) for group in optimiser.param_groups],
            total_steps=max(2, self.steps),
            pct_start=0.2,
        )
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def _parameter_groups(encoder: ClipEncoder, recipe: Recipe) -> list[dict[str, Any]]:
    """Pretrained layers learn at a quarter of the rate."""
    pretrained = [value for name, value in encoder.named_parameters() if name.startswith("pretrained.")]
    fresh = [value for name, value in encoder.named_parameters() if not name.startswith("pretrained.")]
    groups: list[dict[str, Any]] = [{"params": fresh, "lr": recipe.learning_rate}]
    if pretrained:
        groups.append({"params": pretrained, "lr": 0.25 * recipe.learning_rate})
    return groups


def augment(
    inputs: Tensor, mask: Tensor, targets: Tensor, recipe: Recipe, generator: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """SpecAugment over all views at once, a shift along frequency, mixup; of a pretrained layer only spans of time are
    hidden, vectors per clip are only mixed.
    """
    if inputs.ndim == 4 and inputs.shape[1] != VIEWS and recipe.time_masks:
        rows, channels, steps, bands = inputs.shape
        hidden = spec_augment(
            inputs.permute(0, 2, 1, 3).reshape(rows, steps, channels * bands),
            generator,
            SpecAugment(recipe.time_masks, max(1, recipe.time_frames // 4), 0.2, 0, 1, gain_db=0.0),
            fill=0.0,
        )
        inputs = hidden.reshape(rows, steps, channels, bands).permute(0, 2, 1, 3)
    elif inputs.ndim == 4 and inputs.shape[1] == VIEWS:
        if recipe.band_shift > 0 or recipe.stretch > 0.0:
            inputs, mask = warp(inputs, mask, recipe.band_shift, recipe.stretch, generator)
        rows, views, frames, bands = inputs.shape
        hidden = spec_augment(
            inputs.transpose(1, 2).reshape(rows, frames, views * bands),
            generator,
            SpecAugment(
                recipe.time_masks, recipe.time_frames, 0.15, recipe.frequency_masks, recipe.bands, gain_db=0.0
            ),
            fill=0.0,
        )
        inputs = hidden.reshape(rows, frames, views, bands).transpose(1, 2)
    if recipe.mixup_alpha > 0.0:
        state = generator.get_state()
        inputs, targets = mixup(inputs, targets, generator, recipe.mixup_alpha)
        generator.set_state(state)
        mask, _ = mixup(mask, targets, generator, recipe.mixup_alpha)
    return inputs, mask, targets


def warp(
    inputs: Tensor, mask: Tensor, band_shift: float, stretch: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Each row moved along frequency and stretched in time its own way, beginning where it began: another voice at
    another pace. inputs [B, views, frames, bands], mask [B, frames]."""
    rows, bands = len(inputs), inputs.shape[3]
    draws = torch.rand(2, rows, 1, generator=generator, device=inputs.device) * 2.0 - 1.0
    return moved_by(inputs, mask, 1.0 + stretch * draws[0], 2.0 * band_shift / bands * draws[1])


def moved_by(inputs: Tensor, mask: Tensor, pace: Tensor, shift: Tensor) -> tuple[Tensor, Tensor]:
    """As `warp`, by a given pace [B, 1] (more than 1 is faster) and shift [B, 1] (2 is the whole height)."""
    rows, _, frames, bands = inputs.shape
    places = (torch.arange(frames, device=inputs.device) + 0.5) / frames
    time = (2.0 * pace * places - 1.0)[:, :, None].expand(rows, frames, bands)
    frequency = (2.0 * torch.arange(bands, device=inputs.device) + 1.0) / bands - 1.0
    grid = torch.stack([(frequency + shift)[:, None].expand_as(time), time], dim=3)
    moved = functional.grid_sample(inputs, grid, padding_mode="border", align_corners=False)
    source = (places * pace * frames).long()
    heard = torch.where(source < frames, mask.gather(1, source.clamp(max=frames - 1)), 0.0)
    return moved * (heard > 0.0)[:, None, :, None], heard


def one_hot(labels: Int64) -> Tensor:
    """int64 [n] -> float32 [n, 3]."""
    return functional.one_hot(torch.from_numpy(labels), len(EMOTIONS)).float()


@torch.inference_mode()
def answer(encoder: ClipEncoder, inputs: Tensor, mask: Tensor, moved: bool = False) -> Float64:
    """Probabilities of every row, float64 [n, 3]; `moved`: the mean over the row and its four neighbours in `MOVES`."""
    encoder.eval()
    predictions = []
    for at in range(0, len(inputs), ANSWER_BATCH):
        heard, sounds = inputs[at : at + ANSWER_BATCH].float(), mask[at : at + ANSWER_BATCH]
        views = [(heard, sounds)]
        if moved and heard.ndim == 4 and heard.shape[1] == VIEWS:
            for pace, bands in MOVES:
                rates = torch.full((len(heard), 1), pace)
                views.append(
                    moved_by(heard, sounds, rates, torch.full_like(rates, 2.0 * bands / heard.shape[3]))
                )
        each = [encoder(*view)[0].double().softmax(dim=1) for view in views]
        predictions.append(torch.stack(each).mean(dim=0))
    return np.asarray(torch.cat(predictions).numpy())


def draw_weights(groups: list[tuple[str, int]], balance: float) -> Float64:
    """Chance of each row to be drawn, by the size of its group: float64 [n], sums to 1."""
    sizes: dict[tuple[str, int], int] = {}
    for group in groups:
        sizes[group] = sizes.get(group, 0) + 1
    weights = np.array([sizes[group] ** -balance for group in groups], dtype=np.float64)
    return np.asarray(weights / weights.sum())
