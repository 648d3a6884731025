"""Emotion consistency: do the nearest real paintings of a picture carry the emotion that it was asked for?

Neighbours by cosine in the means of fire9's channels at 224 pixels, each channel standardised over the real paintings.
The balanced vote divides every neighbour's vote by its class's count. The reference counts a picture as consistent when
any of its k neighbours agrees: with k = 5 that is 0.92 for real paintings and 0.86 for shuffled ones, so it is reported
and not used.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from chromesthesia.core.records import UInt8
from chromesthesia_training.backbones.squeezenet import FeatureNet
from chromesthesia_training.data.art import EMOTIONS
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.measuring.gallery import NONE_OF_THREE, THREE, Gallery
from chromesthesia_training.measuring.looks import look_at
from chromesthesia_training.measuring.measures import balanced_accuracy

NEIGHBOURS = (1, 5, 11)
HEADLINE = 5
SHUFFLES = 20

Float64 = npt.NDArray[np.float64]
Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Consistency:
    """Scores by number of neighbours: balanced accuracy of the balanced vote, plain accuracy, the any-of-k share."""

    balanced: Mapping[int, float]
    accuracy: Mapping[int, float]
    any_of_k: Mapping[int, float]
    each: Mapping[str, float]
    confusion: Int64 = field(repr=False)

    def figures(self) -> dict[str, Any]:
        """For a metrics file, rounded; `each` and the balanced vote's confusion are of k = 5."""
        return {
            "balanced_vote": {f"k{k}": round(value, 4) for k, value in self.balanced.items()},
            "accuracy": {f"k{k}": round(value, 4) for k, value in self.accuracy.items()},
            "any_of_k": {f"k{k}": round(value, 4) for k, value in self.any_of_k.items()},
            "each": {name: round(value, 4) for name, value in self.each.items()},
        }


@dataclass(frozen=True)
class Neighbourhood:
    """Real paintings as unit vectors with class numbers, ready to be searched."""

    vectors: Float64
    labels: Int64
    names: tuple[str, ...]
    mean: Float64
    deviation: Float64

    def place(self, near: npt.NDArray[np.float32]) -> Float64:
        """Features (N, d) as unit vectors of this space."""
        scaled = (near.astype(np.float64) - self.mean) / self.deviation
        placed: Float64 = scaled / np.maximum(np.linalg.norm(scaled, axis=1, keepdims=True), 1e-12)
        return placed

    def score(self, near: npt.NDArray[np.float32], intended: Int64) -> Consistency:
        """Consistency of pictures by their features `near` (N, d) and the classes asked of them.

        Raises:
            TrainingError: fewer known paintings than neighbours.
        """
        return vote_scores(self.place(near) @ self.vectors.T, self.labels, intended, self.names)


def neighbourhood(gallery: Gallery, classes: str = "three", known: Int64 | None = None) -> Neighbourhood:
    """The paintings of `gallery` that have one of the classes, `three` or `eight`; of the rows `known`, where given.

    The scale is always that of the whole gallery.
    """
    near = gallery.looks.near.astype(np.float64)
    mean, deviation = near.mean(0), near.std(0) + 1e-3
    labels, names = class_labels(gallery, classes)
    rows = np.arange(len(gallery)) if known is None else known
    rows = rows[labels[rows] != NONE_OF_THREE]
    empty = Neighbourhood(near[:0], labels[:0], names, mean, deviation)
    return Neighbourhood(empty.place(gallery.looks.near[rows]), labels[rows], names, mean, deviation)


def class_labels(gallery: Gallery, classes: str) -> tuple[Int64, tuple[str, ...]]:
    """Class numbers of all paintings, -1 for none, and the names of the classes."""
    if classes == "three":
        return gallery.three, tuple(THREE)
    if classes == "eight":
        return gallery.emotions, EMOTIONS
    raise TrainingError(f"classes {classes!r}", "use three or eight")


def consistency_of(
    pictures: UInt8, intended: Int64, gallery: Gallery, net: FeatureNet, classes: str = "three"
) -> Consistency:
    """Emotion consistency of any generator's pictures uint8 (N, side, side, 3), of any side.

    intended: class numbers (N,): 0 angry, 1 happy, 2 sad for `three`, numbers of `EMOTIONS` for `eight`. Neighbours are
    looked for among all of the gallery's paintings.
    """
    return neighbourhood(gallery, classes).score(look_at(net, pictures).near, intended)


def vote_scores(
    likeness: Float64,
    known: Int64,
    intended: Int64,
    names: tuple[str, ...],
    neighbours: tuple[int, ...] = NEIGHBOURS,
) -> Consistency:
    """Scores from `likeness` (asked, known), greater is nearer; -inf keeps a painting from being a neighbour."""
    most = max(neighbours)
    if likeness.shape[1] <= most:
        raise TrainingError(
            f"{likeness.shape[1]} real paintings for {most} neighbours", "measure against more paintings"
        )
    nearest = np.argsort(-likeness, axis=1, kind="stable")[:, :most]
    found = known[nearest]
    weight = 1.0 / np.maximum(np.bincount(known, minlength=len(names)), 1)
    present = [number for number in range(len(names)) if (intended == number).any()]
    balanced, accuracy, any_of_k = {}, {}, {}
    each: dict[str, float] = {}
    confusion = np.zeros((len(names), len(names)), np.int64)
    for k in neighbours:
        votes = np.stack(
            [(found[:, :k] == number).sum(1) * weight[number] for number in range(len(names))], 1
        )
        predictions = votes.argmax(1)
        shares = [float((predictions[intended == number] == number).mean()) for number in present]
        balanced[k], accuracy[k] = float(np.mean(shares)), float((predictions == intended).mean())
        any_of_k[k] = float((found[:, :k] == intended[:, None]).any(1).mean())
        if k == HEADLINE:
            each = {names[number]: share for number, share in zip(present, shares, strict=True)}
            np.add.at(confusion, (intended, predictions), 1)
    return Consistency(balanced, accuracy, any_of_k, each, confusion)


def ceiling_and_floor(
    gallery: Gallery, classes: str = "three", seed: int = 0
) -> dict[str, Consistency | float]:
    """What real paintings reach: leaving one out, among other artists only, and with labels shuffled (a mean).

    The shuffled figure is of `SHUFFLES` shuffles, balanced vote, k = 5.
    """
    labels, _ = class_labels(gallery, classes)
    rows = np.flatnonzero(labels != NONE_OF_THREE)
    here = neighbourhood(gallery, classes, rows)
    likeness = here.vectors @ here.vectors.T
    np.fill_diagonal(likeness, -np.inf)
    alone = vote_scores(likeness, here.labels, here.labels, here.names)
    shuffled = _shuffled(likeness, here.labels, here.names, seed)
    artists = gallery.artists[rows]
    likeness[artists[:, None] == artists[None, :]] = -np.inf
    return {
        "leaving_one_out": alone,
        "other_artists": vote_scores(likeness, here.labels, here.labels, here.names),
        "shuffled": shuffled,
    }


def _shuffled(likeness: Float64, labels: Int64, names: tuple[str, ...], seed: int) -> float:
    """Balanced vote at k = 5 when labels say nothing about pictures: neighbours stay, labels are dealt out anew."""
    rng = np.random.default_rng(seed)
    nearest = np.argpartition(-likeness, HEADLINE, axis=1)[:, :HEADLINE]
    weight = 1.0 / np.maximum(np.bincount(labels, minlength=len(names)), 1)
    scores = []
    for _ in range(SHUFFLES):
        dealt = rng.permutation(labels)
        votes = np.stack(
            [(dealt[nearest] == number).sum(1) * weight[number] for number in range(len(names))], 1
        )
        scores.append(balanced_accuracy(dealt, votes.argmax(1).astype(np.int64), len(names)))
    return float(np.mean(scores))


def shuffled_conditions(
    found: Neighbourhood, near: npt.NDArray[np.float32], intended: Int64, seed: int = 0
) -> float:
    """The floor of made pictures: the same pictures, the conditions dealt out anew; balanced vote, k = 5, a mean."""
    return shuffled_counts(found, near, intended, seed)[0]


def shuffled_counts(
    found: Neighbourhood, near: npt.NDArray[np.float32], intended: Int64, seed: int = 0
) -> tuple[float, float]:
    """Floors with the conditions dealt out anew: of the balanced vote, and of any of five neighbours; means."""
    rng = np.random.default_rng(seed)
    likeness = found.place(near) @ found.vectors.T
    scores = [
        vote_scores(likeness, found.labels, rng.permutation(intended), found.names, (HEADLINE,))
        for _ in range(SHUFFLES)
    ]
    return (
        float(np.mean([score.balanced[HEADLINE] for score in scores])),
        float(np.mean([score.any_of_k[HEADLINE] for score in scores])),
    )
