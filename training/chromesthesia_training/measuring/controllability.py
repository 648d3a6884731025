"""Controllability: is what was requested of a picture read back from it, by models fitted on real paintings only?

Three readers look at different things: deep features (the twin of a term of the generator's loss, so it flatters),
colours, and colours with texture, which training has not seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from chromesthesia_training.data.art import EMOTIONS
from chromesthesia_training.data.condition import (
    ENGINE_CONDITION_SIZE,
    ENGINE_VAD_GAIN,
    ConditionSpace,
    random_engine_conditions,
)
from chromesthesia_training.measuring.gallery import Gallery
from chromesthesia_training.measuring.looks import Looks
from chromesthesia_training.measuring.measures import COLOUR_STRENGTH, fit_ridge
from chromesthesia_training.measuring.reader import RATING_STRENGTH

Float32 = npt.NDArray[np.float32]

RATINGS = ("valence", "arousal")


@dataclass(frozen=True)
class RatingReader:
    """A ridge from one view of a picture to valence and arousal, as z-scores of the paintings it was fitted on."""

    view: Callable[[Looks], Float32]
    weight: Float32
    bias: Float32

    def read(self, looks: Looks) -> Float32:
        """Valence and arousal read from pictures: (N, 2)."""
        ratings: Float32 = self.view(looks) @ self.weight + self.bias
        return ratings


def fit_rating_readers(gallery: Gallery, space: ConditionSpace) -> dict[str, RatingReader]:
    """Readers fitted on the given paintings, by name: `deep`, `colour`, `colour_texture`."""
    target = space.z_scores(gallery.vad)[:, : len(RATINGS)]
    views: dict[str, tuple[Callable[[Looks], Float32], float]] = {
        "deep": (lambda looks: looks.pooled, RATING_STRENGTH),
        "colour": (lambda looks: looks.colour, COLOUR_STRENGTH),
        "colour_texture": (lambda looks: np.concatenate([looks.colour, looks.texture], 1), COLOUR_STRENGTH),
    }
    readers = {}
    for name, (view, strength) in views.items():
        weight, bias = fit_ridge(torch.from_numpy(view(gallery.looks)), target, strength)
        readers[name] = RatingReader(view, weight.numpy(), bias.numpy())
    return readers


def agreement(asked: Float32, read: Float32) -> dict[str, float]:
    """Pearson's r of valence and of arousal: `asked` and `read` are (N, 2)."""
    return {
        rating: float(np.corrcoef(asked[:, column], read[:, column])[0, 1])
        for column, rating in enumerate(RATINGS)
    }


def conditions_of(gallery: Gallery, space: ConditionSpace) -> Float32:
    """What the engine would ask for to get each painting: its rating and its one of three, float32 (N, 5).

    A painting of awe is asked for as neutral. Ratings beyond two deviations are clipped, as the engine clips them.
    """
    conditions = np.zeros((len(gallery), ENGINE_CONDITION_SIZE), np.float32)
    ratings = space.z_scores(gallery.vad)[:, : len(RATINGS)].numpy() / ENGINE_VAD_GAIN
    conditions[:, : len(RATINGS)] = ratings.clip(-1.0, 1.0)
    for row, number in enumerate(gallery.three):
        if number >= 0:
            conditions[row, len(RATINGS) + number] = 1.0
    return conditions


def inner_conditions_of(gallery: Gallery, space: ConditionSpace) -> Float32:
    """Each painting's own inner condition: its three ratings as z-scores and its one of eight, float32 (N, 11)."""
    one_hot = np.eye(len(EMOTIONS), dtype=np.float32)[gallery.emotions]
    return np.concatenate([space.z_scores(gallery.vad).numpy(), one_hot], 1)


def engine_conditions(count: int, seed: int) -> Float32:
    """The engine's five values all over their range: uniform ratings, probabilities from sure to unsure."""
    drawn: Float32 = random_engine_conditions(count, torch.Generator().manual_seed(seed)).numpy()
    return drawn
