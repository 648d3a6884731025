"""Small made-up clips and paintings whose vectors tell their emotion, so that heads train in a second."""

from __future__ import annotations

import numpy as np
import pytest

from chromesthesia_training.align.audio import ClipEmbeddings
from chromesthesia_training.align.pictures import PaintingFeatures
from chromesthesia_training.data.art import EMOTIONS as ART_EMOTIONS

SPLITS = ("train", "val", "test")
PAINTED = ("anger", "contentment", "sadness")


def make_clips(each: int = 8, size: int = 128, noise: float = 0.3, seed: int = 0) -> ClipEmbeddings:
    """`each` clips of every emotion in every split; one speaker a split."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(1).normal(size=(3, size))
    emotions = np.tile(np.repeat(np.arange(3), each), 3)
    splits = np.repeat(SPLITS, 3 * each)
    return ClipEmbeddings(
        embeddings=(centres[emotions] + noise * rng.normal(size=(len(emotions), size))).astype(np.float32),
        logits=np.eye(3, dtype=np.float32)[emotions],
        emotions=emotions,
        corpora=np.array(["tiny"] * len(emotions)),
        speakers=np.array([f"speaker of {split}" for split in splits]),
        splits=splits,
        folds=np.repeat(np.arange(3), 3 * each),
    )


def make_paintings(each: int = 6, size: int = 20, seed: int = 0) -> PaintingFeatures:
    """`each` paintings of every emotion of three in every fold of five; an artist a fold; some of awe beside."""
    rng = np.random.default_rng(seed)
    centres = np.random.default_rng(2).normal(size=(4, size))
    kinds = np.tile(np.repeat([0, 1, 2, -1], each), 5)
    folds = np.repeat(np.arange(5), 4 * each)
    names = [f"artist-{fold}_work-{row}" for row, fold in enumerate(folds)]
    emotion_of = [*(ART_EMOTIONS.index(name) for name in PAINTED), ART_EMOTIONS.index("awe")]
    return PaintingFeatures(
        features=(centres[kinds] + 0.3 * rng.normal(size=(len(kinds), size))).astype(np.float32),
        kinds=kinds,
        emotions=np.array([emotion_of[kind] for kind in kinds]),
        artists=np.array([f"artist-{fold}" for fold in folds]),
        names=np.array(names),
        paths=np.array([f"images/{name}.jpg" for name in names]),
        splits=np.array(["test" if fold == 0 else "val" if fold == 1 else "train" for fold in folds]),
        folds=folds,
    )


@pytest.fixture
def clips() -> ClipEmbeddings:
    return make_clips()


@pytest.fixture
def paintings() -> PaintingFeatures:
    return make_paintings()
