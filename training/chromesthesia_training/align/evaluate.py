"""Which clips and paintings the heads may know, and what is retrieved by and from those that they do not.

`seen` counts as the reference does: clips that were trained on ask, paintings that were trained on answer.
`unseen_audio` is what the engine does: a new voice asks, the known paintings answer. `unseen` trained on neither.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

from chromesthesia_training.align.audio import ClipEmbeddings
from chromesthesia_training.align.pictures import NARROW_KINDS, NO_KIND, PaintingFeatures, kinds_of
from chromesthesia_training.align.retrieval import Retrieval, retrieve
from chromesthesia_training.align.train import Alignment
from chromesthesia_training.errors import DataError
from chromesthesia_training.metrics.scores import macro_f1

CEILING_STRENGTH = 0.02
INFLATING = "tess"
"""Two speakers who inflate every score: every figure is also given without them."""


@dataclass(frozen=True)
class Sides:
    """Clips trained on, clips that choose the epoch, clips never heard; paintings trained on and never seen."""

    known_clips: ClipEmbeddings
    choosing_clips: ClipEmbeddings
    unseen_clips: ClipEmbeddings
    known_paintings: PaintingFeatures
    unseen_paintings: PaintingFeatures

    def check(self) -> None:
        """Raise DataError when a speaker or an artist is on both sides: what is unseen would not be."""
        known = _speakers(self.known_clips) | _speakers(self.choosing_clips)
        for what, both in (
            ("speaker", known & _speakers(self.unseen_clips)),
            ("artist", set(self.known_paintings.artists) & set(self.unseen_paintings.artists)),
        ):
            if both:
                raise DataError(
                    f"the {what} {min(both)} is both known and unseen", f"keep every {what} on one side"
                )


def _speakers(clips: ClipEmbeddings) -> set[str]:
    return {f"{corpus} {name}" for corpus, name in zip(clips.corpora, clips.speakers, strict=True)}


def split_sides(clips: ClipEmbeddings, paintings: PaintingFeatures, art_fold: int) -> Sides:
    """The given split of the speakers, and fold `art_fold` of the artists unseen; paintings of the three emotions."""
    of_three = paintings.of_three()
    return Sides(
        clips.where(clips.splits == "train"),
        clips.where(clips.splits == "val"),
        clips.where(clips.splits == "test"),
        of_three.where(of_three.folds != art_fold),
        of_three.where(of_three.folds == art_fold),
    )


def measure(alignment: Alignment, sides: Sides) -> dict[str, float]:
    """Every figure of one alignment by name; see the module's text. Raises DataError as `Sides.check` does."""
    sides.check()
    known, unseen = alignment.pictures(sides.known_paintings), alignment.pictures(sides.unseen_paintings)
    plain = without(sides.unseen_clips, INFLATING)
    wide = (known, sides.known_paintings.kinds)
    narrow = narrow_gallery(sides.known_paintings)
    asked = {
        "seen": _ask(alignment, sides.known_clips, *wide),
        "unseen_audio": _ask(alignment, sides.unseen_clips, *wide),
        "unseen_audio_without_tess": _ask(alignment, plain, *wide),
        "unseen_audio_anger_only": _ask(alignment, sides.unseen_clips, known[narrow], wide[1][narrow]),
        "unseen_picture": _ask(alignment, sides.known_clips, unseen, sides.unseen_paintings.kinds),
        "unseen": _ask(alignment, sides.unseen_clips, unseen, sides.unseen_paintings.kinds),
    }
    figures: dict[str, float] = {}
    for name, found in asked.items():
        figures |= {
            name: found.top1,
            f"{name}_balanced": found.balanced_top1,
            f"{name}_precision_at_5": found.precision_at_5,
            f"{name}_mean_average_precision": found.mean_average_precision,
            f"{name}_reached": found.reached,
            f"{name}_chance": found.chance,
        }
    figures["encoder_accuracy_seen"] = sides.known_clips.own_accuracy()
    for name, clips in (("", sides.unseen_clips), ("_without_tess", plain)):
        figures[f"encoder_accuracy{name}"] = clips.own_accuracy()
        figures[f"unseen_audio_ratio{name}"] = asked[f"unseen_audio{name}"].top1 / clips.own_accuracy()
    figures |= picture_ceiling(alignment, sides.known_paintings, sides.unseen_paintings)
    return figures


def without(clips: ClipEmbeddings, corpus: str) -> ClipEmbeddings:
    """The clips without those of one corpus; all of them where they are of no other."""
    others = clips.corpora != corpus
    return clips.where(others) if others.any() else clips


def narrow_gallery(paintings: PaintingFeatures) -> np.ndarray:
    """Rows that stay when anger alone counts as angry, neither disgust nor fear; all rows where that leaves none."""
    rows = kinds_of(paintings.emotions, NARROW_KINDS) != NO_KIND
    complete = len(np.unique(paintings.kinds[rows])) == len(np.unique(paintings.kinds))
    return rows if complete else np.ones(len(paintings), bool)


def _ask(alignment: Alignment, clips: ClipEmbeddings, gallery: np.ndarray, kinds: np.ndarray) -> Retrieval:
    return retrieve(alignment.sounds(clips), gallery, clips.emotions, kinds)


def picture_ceiling(
    alignment: Alignment, known: PaintingFeatures, unseen: PaintingFeatures
) -> dict[str, float]:
    """How well a classifier of paintings does on unseen artists: logistic regression on what the heads are given."""
    learned, asked = (
        alignment.picture.standardise(torch.from_numpy(one.features)).numpy() for one in (known, unseen)
    )
    classifier = LogisticRegression(C=CEILING_STRENGTH, class_weight="balanced", max_iter=100)
    predictions = classifier.fit(learned, known.kinds).predict(asked)
    return {
        "picture_classifier_accuracy": float((predictions == unseen.kinds).mean()),
        "picture_classifier_macro_f1": macro_f1(unseen.kinds.tolist(), predictions.tolist()),
    }
