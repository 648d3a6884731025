"""Training of the two projection heads: a LightningModule over embeddings that fit into memory."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

import lightning
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.records import Float32
from chromesthesia_training.align.audio import ClipEmbeddings
from chromesthesia_training.align.heads import ProjectionHead
from chromesthesia_training.align.losses import cross_modal_multi_positive, info_nce
from chromesthesia_training.align.pictures import PaintingFeatures
from chromesthesia_training.align.retrieval import retrieve
from chromesthesia_training.errors import DataError
from chromesthesia_training.fit import FitReport, FitSettings, fit, load_best

Objective = Literal["infonce", "multi_positive"]


@dataclass(frozen=True)
class AlignSettings:
    """One training of heads. A batch has `per_class` clips and paintings of each of the three emotions; the noise is
    normal, in deviations of each input component. Everything random in step n comes from (seed, n)."""

    objective: Objective = "multi_positive"
    temperature: float = 0.1
    per_class: int = 32
    epochs: int = 20
    steps_per_epoch: int = 100
    learning_rate: float = 2e-3
    weight_decay: float = 0.1
    hidden: int = 256
    sound_noise: float = 0.1
    picture_noise: float = 0.25
    seed: int = 0
    threads: int = 1


@dataclass(frozen=True)
class Alignment:
    """Trained heads, and the report of the run that made them."""

    sound: ProjectionHead
    picture: ProjectionHead
    report: FitReport

    def sounds(self, clips: ClipEmbeddings) -> Float32:
        """Unit vectors (N, 128) of clips."""
        return project(self.sound, clips.embeddings)

    def pictures(self, paintings: PaintingFeatures) -> Float32:
        """Unit vectors (N, 128) of paintings."""
        return project(self.picture, paintings.features)


def project(head: ProjectionHead, vectors: Float32) -> Float32:
    """Unit vectors (N, 128) of vectors (N, size), from a head in evaluation mode."""
    with torch.no_grad():
        projected: Float32 = head(torch.from_numpy(np.ascontiguousarray(vectors))).numpy()
    return projected


class AlignModule(lightning.LightningModule):
    """Both heads, the loss, and retrieval of the known paintings by the sounds of the validation speakers."""

    def __init__(
        self,
        clips: ClipEmbeddings,
        paintings: PaintingFeatures,
        held: ClipEmbeddings,
        settings: AlignSettings,
    ) -> None:
        super().__init__()
        torch.manual_seed(settings.seed)
        self.settings = settings
        self.clips, self.paintings, self.held = clips, paintings, held
        self.sound = ProjectionHead(clips.embeddings.shape[1], settings.hidden)
        self.picture = ProjectionHead(paintings.features.shape[1], settings.hidden)
        self.inputs = (torch.from_numpy(clips.embeddings), torch.from_numpy(paintings.features))
        self.sound.set_standardisation(self.inputs[0])
        self.picture.set_standardisation(self.inputs[1])
        self.standardised = (self.sound.standardise(self.inputs[0]), self.picture.standardise(self.inputs[1]))
        self.rows = (rows_by_class(clips.emotions, "clip"), rows_by_class(paintings.kinds, "painting"))
        self.labels = torch.arange(len(EMOTIONS)).repeat_interleave(settings.per_class)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        settings = self.settings
        return torch.optim.AdamW(
            self.parameters(), settings.learning_rate, weight_decay=settings.weight_decay
        )

    def training_step(self, batch: Tensor, batch_idx: int) -> Tensor:
        """Loss of a balanced batch drawn from (seed, step); the loader only counts."""
        settings = self.settings
        rng = np.random.default_rng([settings.seed, self.global_step])
        noise_rng = torch.Generator().manual_seed((settings.seed << 32) + self.global_step)
        views = []
        for head, vectors, rows, noise in (
            (self.sound, self.standardised[0], self.rows[0], settings.sound_noise),
            (self.picture, self.standardised[1], self.rows[1], settings.picture_noise),
        ):
            chosen = np.concatenate([rng.choice(of_class, settings.per_class) for of_class in rows])
            scaled = vectors[torch.from_numpy(chosen)].to(self.device)
            jitter = torch.randn(scaled.shape, generator=noise_rng).to(self.device)
            views.append(head.project_standardised(scaled + noise * jitter))
        labels = self.labels.to(self.device)
        if settings.objective == "infonce":
            loss = info_nce(views[0], views[1], settings.temperature)
        else:
            loss = cross_modal_multi_positive(views[0], views[1], labels, labels, settings.temperature)
        self.log("train_loss", loss, on_step=False, on_epoch=True)
        return loss

    def validation_step(self, batch: Tensor, batch_idx: int) -> None:
        """Share of the held clips whose nearest known painting has their emotion."""
        with torch.no_grad():
            queries = self.sound(torch.from_numpy(self.held.embeddings).to(self.device)).cpu().numpy()
            known = self.standardised[1].to(self.device)
            gallery = self.picture.project_standardised(known).cpu().numpy()
        found = retrieve(queries, gallery, self.held.emotions, self.paintings.kinds)
        self.log("val_top1", found.top1)
        self.log("val_balanced_top1", found.balanced_top1)


def rows_by_class(labels: NDArray[np.int64], what: str) -> list[NDArray[np.int64]]:
    """Row numbers of each of the three emotions. Raises DataError naming one without any."""
    rows = [np.flatnonzero(labels == number) for number in range(len(EMOTIONS))]
    for name, of_class in zip(EMOTIONS, rows, strict=True):
        if not len(of_class):
            raise DataError(
                f"no {what} of {name!r} to align", f"add a {what} of that emotion to the training side"
            )
    return rows


def counting_loader(count: int) -> DataLoader[int]:
    """A loader of 0 .. count - 1, for modules that draw their own batches from the step's number."""
    return DataLoader(range(count), batch_size=1)  # type: ignore[arg-type]


def run_key(settings: AlignSettings, clips: ClipEmbeddings, paintings: PaintingFeatures) -> str:
    """Twelve letters that differ for any other settings (but the number of threads) or training data."""
    asked = asdict(settings)
    del asked["threads"]
    digest = hashlib.sha256(json.dumps(asked, sort_keys=True).encode())
    for array in (clips.embeddings, clips.emotions, paintings.features, paintings.kinds):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:12]


def align(
    clips: ClipEmbeddings,
    paintings: PaintingFeatures,
    held: ClipEmbeddings,
    settings: AlignSettings,
    run_dir: Path,
    resume: bool = True,
) -> Alignment:
    """Train heads on `clips` and `paintings` (those of the three emotions), choosing the epoch on the clips `held`.

    The run is kept in a folder of `run_dir` named after settings and data, so that no other is taken for it; it goes on
    from a checkpoint there unless `resume` is False. Raises DataError for an emotion without rows,
    TrainingError for a checkpoint that does not fit.
    """
    module = AlignModule(clips, paintings.of_three(), held, settings)
    report = fit(
        module,
        counting_loader(settings.steps_per_epoch),
        counting_loader(1),
        FitSettings(
            run_dir=run_dir / run_key(settings, clips, paintings),
            max_epochs=settings.epochs,
            monitor="val_top1",
            mode="max",
            accelerator="cpu",
            devices=1,
            checkpoint_every_steps=settings.steps_per_epoch * 10,
            validate_every_epochs=5,
            threads=settings.threads,
            seed=settings.seed,
        ),
        resume=resume,
    )
    best = load_best(module, report).eval()
    assert isinstance(best, AlignModule)
    return Alignment(best.sound, best.picture, report)
