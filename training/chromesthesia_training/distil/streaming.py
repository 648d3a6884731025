"""The streaming encoder in the protocol of the offline ones: taught by a teacher's soft targets, scored streamed."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from chromesthesia.core.records import ENCODER_HOPS
from chromesthesia.features.mel import ENCODER_MEL
from chromesthesia_training.data.cache import Float16
from chromesthesia_training.data.spec_augment import SpecAugment, spec_augment
from chromesthesia_training.data.splits import Split
from chromesthesia_training.encoder.losses import smoothed
from chromesthesia_training.encoder.model import EncoderSizes, StreamingEncoder
from chromesthesia_training.encoder.offline import SCORED_STEPS
from chromesthesia_training.encoder.pretrained import begin_with_yamnet
from chromesthesia_training.encoder.read_out import Points, ReadOutRecipe, fit_read_out
from chromesthesia_training.encoder.whole_clips import SILENCE, clip_batches
from chromesthesia_training.fit import FitSettings, fit
from chromesthesia_training.fit.epoch_answers import EpochAnswers
from chromesthesia_training.offline.folds import Task, read_answers, write_answers
from chromesthesia_training.offline.kernel import softmax
from chromesthesia_training.offline.loading import Rows, scoring_loader, training_loader
from chromesthesia_training.offline.module import draw_weights, one_hot
from chromesthesia_training.offline.scoring import FoldAnswers

logger = logging.getLogger(__name__)

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]
CLIP_HOPS = 480
ANSWER_BATCH = 64
CURVE = ("epoch", "loss", "val_macro_f1")


@dataclass(frozen=True)
class StreamingRecipe:
    """The read-out is fitted first, on statistics of the clips and of so many changed `passes`; then all is tuned for
    `epochs`, the convolutional layers at `layer_rate` of the rate.

    teacher: share of the soft targets in the loss; gain_db: level moved by up to so much either way; band_shift in mel
    bands.
    """

    epochs: int = 1
    batch: int = 32
    read_out_steps: int = 1_500
    passes: int = 1
    learning_rate: float = 1e-4
    layer_rate: float = 0.1
    weight_decay: float = 0.05
    teacher: float = 0.6
    label_smoothing: float = 0.1
    gain_db: float = 10.0
    band_shift: int = 3
    balance: float = 0.3
    ema_decay: float = 0.98


class StreamingClassifier(lightning.LightningModule):
    """Batches are (log-mel float16 [B, 480, 64], hops of each clip [B], targets [B, 3], a teacher's answers [B, 3]).

    The loss is of the mean logits of the last half second, and at half weight of every such step.
    """

    def __init__(self, encoder: StreamingEncoder, recipe: StreamingRecipe, steps: int, seed: int) -> None:
        super().__init__()
        encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.encoder = encoder
        self.recipe, self.steps, self.seed = recipe, steps, seed
        self._answers = EpochAnswers()

    def training_step(self, batch: tuple[Tensor, Tensor, Tensor, Tensor], index: int) -> Tensor:
        log_mel, hops, targets, taught = batch
        recipe = self.recipe
        generator = torch.Generator().manual_seed((self.seed << 32) + self.global_step)
        log_mel = changed(log_mel.float(), recipe, generator)
        reading, _ = self.encoder(log_mel)
        soft = soft_targets(targets, taught, recipe)
        weight = step_weight(hops // ENCODER_HOPS, reading.logits.shape[1])
        pooled = (reading.logits * weight.unsqueeze(2)).sum(dim=1)
        by_step = -(functional.log_softmax(reading.logits, dim=2) * soft.unsqueeze(1)).sum(dim=2)
        loss = functional.cross_entropy(pooled, soft) + 0.5 * (by_step * weight).sum(dim=1).mean()
        self.log("loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: tuple[Tensor, ...], index: int) -> None:
        log_mel, hops, targets, _ = batch
        reading, _ = self.encoder(log_mel.float())
        weight = step_weight(hops // ENCODER_HOPS, reading.logits.shape[1])
        pooled = (reading.logits * weight.unsqueeze(2)).sum(dim=1)
        self._answers.add(targets.argmax(dim=1), pooled.argmax(dim=1))

    def on_validation_epoch_end(self) -> None:
        self.log_dict(self._answers.figures())

    def configure_optimizers(self) -> Any:
        rate = self.recipe.learning_rate
        rates = [rate * self.recipe.layer_rate, rate]
        groups = [
            {"params": list(part), "lr": own} for part, own in zip(self.encoder.parts(), rates, strict=True)
        ]
        optimiser = torch.optim.AdamW(groups, rate, weight_decay=self.recipe.weight_decay)
        schedule = torch.optim.lr_scheduler.OneCycleLR(
            optimiser, rates, total_steps=max(2, self.steps), pct_start=0.2
        )
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}


def changed(log_mel: Tensor, recipe: StreamingRecipe, generator: torch.Generator) -> Tensor:
    """Rows as training hears them: moved in pitch and level, with spans hidden."""
    if recipe.band_shift:
        shift = int(torch.randint(-recipe.band_shift, recipe.band_shift + 1, (1,), generator=generator))
        log_mel = torch.roll(log_mel, shift, dims=2)
    return spec_augment(log_mel, generator, SpecAugment(2, 20, 0.15, 2, 8, gain_db=recipe.gain_db))


def soft_targets(targets: Tensor, taught: Tensor, recipe: StreamingRecipe) -> Tensor:
    """Labels and the teacher's probabilities in the recipe's shares: [B, 3]."""
    return (1.0 - recipe.teacher) * smoothed(targets, recipe.label_smoothing) + recipe.teacher * taught


@torch.inference_mode()
def moments(
    encoder: StreamingEncoder, rows: Rows, weights: Tensor, recipe: StreamingRecipe, seed: int
) -> Points:
    """Statistics of every row where it ends: once as it is, then in changed passes."""
    generator = torch.Generator().manual_seed(seed)
    log_mel, hops, targets, taught = rows.tensors
    found = []
    for number in range(recipe.passes + 1):
        for at in range(0, len(log_mel), ANSWER_BATCH):
            part = log_mel[at : at + ANSWER_BATCH].float()
            statistics, _ = encoder.statistics(changed(part, recipe, generator) if number else part)
            last = (hops[at : at + ANSWER_BATCH] // ENCODER_HOPS).clamp(min=1) - 1
            found.append(statistics[torch.arange(len(part)), last])
    count, times = len(log_mel), recipe.passes + 1
    nothing = torch.zeros(count * times)
    return Points(
        torch.cat(found),
        soft_targets(targets, taught, recipe).repeat(times, 1),
        weights.float().repeat(times),
        nothing[:, None].expand(-1, 2),
        nothing,
    )


def step_weight(steps: Tensor, count: int) -> Tensor:
    """Even weight of each clip's last half second: [B, count], sums to 1."""
    place = torch.arange(count)[None]
    end = steps[:, None].clamp_min(1)
    chosen = ((place < end) & (place >= end - SCORED_STEPS)).float()
    return chosen / chosen.sum(dim=1, keepdim=True)


def clip_rows(task: Task, mel_of: Mapping[Path, Float16]) -> tuple[Tensor, Tensor]:
    """The last 4.8 s of every clip as recorded, pauses and all: float16 [n, 480, 64], hops int64 [n].

    It is where the clip is scored: fitted on trimmed clips, the same read-out was 0.03 worse on whole ones.
    """
    rows = torch.full((len(task.clips), CLIP_HOPS, ENCODER_MEL.mels), SILENCE, dtype=torch.half)
    hops = torch.zeros(len(task.clips), dtype=torch.int64)
    for row, clip in enumerate(task.clips):
        mel = mel_of[clip.path]
        heard = mel[: len(mel) // ENCODER_HOPS * ENCODER_HOPS][-CLIP_HOPS:]
        rows[row, : len(heard)] = torch.from_numpy(np.array(heard, dtype=np.float16))
        hops[row] = len(heard)
    return rows, hops


@torch.inference_mode()
def streamed_answers(
    encoder: StreamingEncoder, task: Task, rows: Int64, mel_of: Mapping[Path, Float16]
) -> Float64:
    """Probabilities of whole, untrimmed clips, heard step by step with carried state as the engine does: [rows, 3].

    The step is the one that is exported; many clips are heard side by side. A clip's score is the mean of its logits
    of its last half second.
    """
    encoder.eval()
    scores = np.zeros((len(rows), 3))
    for part in clip_batches([mel_of[task.clips[row].path] for row in rows], ANSWER_BATCH):
        state = encoder.initial_state(len(part.places))
        logits = []
        for step in torch.split(part.log_mel, ENCODER_HOPS, dim=1):
            reading, state = encoder(step, state)
            logits.append(reading.logits[:, 0])
        weight = step_weight(torch.tensor(part.steps), len(logits))
        scores[part.places] = (torch.stack(logits, dim=1) * weight.unsqueeze(2)).sum(dim=1).double().numpy()
    return softmax(scores)


def train_streaming_fold(
    task: Task,
    split: Split,
    targets: Float64,
    inputs: tuple[Tensor, Tensor],
    mel_of: Mapping[Path, Float16],
    recipe: StreamingRecipe,
    sizes: EncoderSizes,
    run_dir: Path,
    pretrained: Path | None = None,
    seed: int = 0,
    fresh: bool = False,
) -> FoldAnswers:
    """Train on one split with the teacher's targets float64 [n, 3]; answer its test clips streamed; resumable."""
    key = json.dumps(
        [
            asdict(recipe),
            sizes.told(),
            pretrained is not None,
            seed,
            len(split.train),
            int(split.train.sum()),
        ]
    )
    kept = None if fresh else read_answers(run_dir / "answers.npz", key, split)
    if kept is not None:
        return kept
    begun_s = time.process_time()
    torch.manual_seed(seed)
    encoder = StreamingEncoder(sizes)
    if pretrained is not None:
        begin_with_yamnet(encoder, pretrained)
    mel, hops = inputs
    labels, taught = one_hot(task.labels), torch.from_numpy(targets).float()
    train, test = (
        Rows(mel[rows], hops[rows], labels[rows], taught[rows]) for rows in (split.train, split.test)
    )
    weights = draw_weights([task.groups[row] for row in split.train], recipe.balance)
    loader = training_loader(train, weights, recipe.batch, seed)
    points = moments(encoder, train, torch.as_tensor(weights), recipe, seed)
    encoder.standardise_on(points.statistics)
    fit_read_out(encoder, points, ReadOutRecipe(recipe.read_out_steps), 0.0, seed)
    module = StreamingClassifier(encoder, recipe, len(loader) * recipe.epochs, seed)
    settings = FitSettings(
        run_dir,
        max_epochs=recipe.epochs,
        seed=seed,
        ema_decay=recipe.ema_decay,
        checkpoint_every_steps=10_000,
    )
    report = fit(module, loader, scoring_loader(test), settings, resume=not fresh)
    predictions = streamed_answers(module.encoder, task, split.test, mel_of)
    curve: list[dict[str, float]] = [
        {name: round(float(point[name]), 4) for name in CURVE if name in point} for point in report.history
    ]
    answers = FoldAnswers(split.name, split.test, predictions, report.minutes, curve)
    write_answers(run_dir / "answers.npz", key, answers)
    logger.info("%s: %.0f s of processor time", run_dir, time.process_time() - begun_s)
    return answers
