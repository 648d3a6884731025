"""Five grouped folds by speaker: embeddings of the offline CNN that was trained without the fold's speakers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from chromesthesia_training.align.audio import ClipEmbeddings
from chromesthesia_training.align.evaluate import INFLATING, Sides
from chromesthesia_training.align.pictures import PaintingFeatures
from chromesthesia_training.data.splits import Split
from chromesthesia_training.fit.checkpoint import load, load_weights
from chromesthesia_training.offline.folds import REFIT, Task, clip_inputs
from chromesthesia_training.offline.models import make_encoder
from chromesthesia_training.offline.module import ClipClassifier, Recipe

ENCODER = "cnn"
FOLD_RUNS = Path("encoders/cnn.speaker")
CHOOSE_EVERY = 8
BATCH = 128


def fold_checkpoint(runs_dir: Path, split: Split) -> Path:
    """Where the encoders' stage keeps the best weights of a fold: those that it scores."""
    folder = runs_dir / FOLD_RUNS / split.name.replace(" ", "-")
    again = folder / REFIT
    return (again if again.is_dir() else folder) / "checkpoints" / "best.ckpt"


def fold_embeddings(checkpoint: Path, task: Task, split: Split, small: bool = False) -> ClipEmbeddings:
    """Embeddings and logits of every clip by the encoder of one fold; `small` as it was made.

    Raises TrainingError when it was not trained.
    """
    encoder = make_encoder(ENCODER, small=small)
    module = ClipClassifier(encoder, Recipe(), steps=1)
    load_weights(module, load(checkpoint)["state_dict"], checkpoint).eval()
    inputs, mask = clip_inputs(encoder, task.views, np.arange(len(task.clips)), split.train)
    answers = []
    with torch.inference_mode():
        for start in range(0, len(inputs), BATCH):
            answers.append(encoder(inputs[start : start + BATCH].float(), mask[start : start + BATCH]))
    clips = task.clips
    return ClipEmbeddings(
        embeddings=torch.cat([embedding for _, embedding in answers]).numpy(),
        logits=torch.cat([logits for logits, _ in answers]).numpy(),
        emotions=task.labels.astype(np.int64),
        corpora=np.array([clip.corpus for clip in clips]),
        speakers=np.array([clip.group for clip in clips]),
        splits=np.array([clip.split for clip in clips]),
        folds=np.array([clip.fold for clip in clips], np.int64),
    )


def fold_sides(clips: ClipEmbeddings, split: Split, paintings: PaintingFeatures, fold: int) -> Sides:
    """Speakers of the split's test and artists of fold `fold` unseen, TESS left out.

    The epoch is chosen on every eighth known clip: the encoder's stage sets no further speakers aside, and none of the
    test may choose.
    """
    plain = clips.corpora != INFLATING
    known, unseen = np.zeros(len(clips), bool), np.zeros(len(clips), bool)
    known[split.train], unseen[split.test] = True, True
    known_clips = clips.where(known & plain)
    of_three = paintings.of_three()
    return Sides(
        known_clips,
        known_clips.where(np.arange(len(known_clips)) % CHOOSE_EVERY == 0),
        clips.where(unseen & plain),
        of_three.where(of_three.folds != fold),
        of_three.where(of_three.folds == fold),
    )
