"""The encoder as a Lightning module: its steps, its rows and its validation."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from lightning.pytorch import LightningModule
from torch import Tensor
from torch.utils.data import Dataset

from chromesthesia_training.data.cache import Float16
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.encoder.augment import mask_spans
from chromesthesia_training.encoder.batches import Row, RowMaker
from chromesthesia_training.encoder.losses import encoder_loss, stack_targets
from chromesthesia_training.encoder.model import StreamingEncoder
from chromesthesia_training.encoder.offline import answer_clips, emotion_score, plane_scores, step_temperature
from chromesthesia_training.encoder.pretrained import begin_with_yamnet
from chromesthesia_training.encoder.settings import EncoderSettings, learning_rate_at, pretrained_weights
from chromesthesia_training.fit import StepNumbers

MONITOR = "val_score"
TEMPERATURE = "val_temperature"
ABOUT = "encoder"
"""What a checkpoint holds of the network beside its weights."""


class StepRows:
    """The rows of one training step, made when they are asked for: a resumed run passes over what is done."""

    def __init__(self, maker: RowMaker, rows: int, seed: int, step: int) -> None:
        self.maker, self.rows, self.seed, self.step = maker, rows, seed, step

    def make(self) -> tuple[Tensor, list[Row]]:
        """Masked log-mel [rows, hops, mels], and the rows; all that is random follows from (seed, step)."""
        rng = np.random.default_rng([self.seed, 1, self.step])
        rows = self.maker.rows(self.rows, rng)
        return masked_input(rows, rng), rows


class StepLoader:
    """The steps of an epoch: `fit` validates after each, so an epoch is what lies between two validations."""

    def __init__(self, maker: RowMaker, settings: EncoderSettings) -> None:
        self.maker, self.settings = maker, settings
        self.numbers = StepNumbers(settings.evaluate_every)

    def set_epoch(self, epoch: int) -> None:
        self.numbers.set_epoch(epoch)

    def __len__(self) -> int:
        return len(self.numbers)

    def __iter__(self) -> Iterator[StepRows]:
        for step in self.numbers:
            yield StepRows(self.maker, self.settings.rows, self.settings.seed, step)


class ClipsToScore(Dataset["ClipsToScore"]):
    """What a validation answers, as its only batch: clips of the validation split that have an emotion or a rating."""

    def __init__(self, clips: Sequence[Clip], spectra: Mapping[Path, Float16]) -> None:
        self.clips = [
            clip
            for clip in clips
            if clip.split == "val" and (clip.emotion is not None or clip.annotation == "label")
        ]
        self.spectra = spectra

    def __len__(self) -> int:
        return 1

    def __getitem__(self, index: int) -> ClipsToScore:
        return self


class EncoderModule(LightningModule):
    """The streaming encoder while it learns. `tuned`: its layers began with YAMNet's."""

    def __init__(self, settings: EncoderSettings) -> None:
        super().__init__()
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.encoder = StreamingEncoder(settings.sizes)
        self.encoder.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # twice as fast on a CPU
        weights = pretrained_weights(settings)
        if weights is not None:
            begin_with_yamnet(self.encoder, weights)
        self.tuned = weights is not None

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.AdamW(
            [{"params": part} for part in self.encoder.parts()],
            self.settings.learning_rate,
            (0.9, 0.98),
            weight_decay=self.settings.weight_decay,
        )

    def training_step(self, batch: StepRows, batch_idx: int) -> Tensor:
        settings = self.settings
        rate = learning_rate_at(batch.step, settings)
        if self.tuned:
            rate *= settings.tuning_rate / settings.learning_rate
        optimiser = cast(torch.optim.Optimizer, self.optimizers())
        for group, share in zip(optimiser.param_groups, (settings.layer_rate, 1.0), strict=True):
            group["lr"] = rate * (share if self.tuned else 1.0)
        torch.manual_seed((settings.seed << 32) + batch.step)
        inputs, rows = batch.make()
        self.encoder.train()
        reading, _ = self.encoder(inputs)
        parts = encoder_loss(reading, stack_targets(rows))
        for name, value in parts.items():
            self.log(f"loss_{name}", value.detach(), batch_size=1)
        return torch.stack(list(parts.values())).sum()

    def validation_step(self, batch: ClipsToScore, batch_idx: int) -> None:
        answers = answer_clips(self.encoder, batch.clips, batch.spectra.__getitem__)
        f1 = emotion_score([answer for answer in answers if answer.clip.role == "speech"])
        valence_r, arousal_r = plane_scores(answers)
        figures = {
            "val_macro_f1": f1,
            "val_valence_r": valence_r,
            "val_arousal_r": arousal_r,
            MONITOR: f1 + 0.25 * (valence_r + arousal_r),
            TEMPERATURE: step_temperature(answers),
        }
        for name, value in figures.items():
            self.log(name, value, batch_size=1)

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint[ABOUT] = {
            "sizes": dataclasses.asdict(self.settings.sizes),
            "begun_with": "yamnet" if self.tuned else "",
        }


def masked_input(rows: Sequence[Row], rng: np.random.Generator) -> Tensor:
    """Log-mel [rows, hops, mels] with spans of time and frequency at the row's mean."""
    inputs = np.stack([row.mel for row in rows])
    for mel in inputs:
        in_time, in_frequency = mask_spans(len(mel), mel.shape[1], rng)
        mean = mel.mean()
        for span in in_time:
            mel[span] = mean
        for span in in_frequency:
            mel[:, span] = mean
    return torch.from_numpy(inputs)
