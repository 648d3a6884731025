"""Twelve emotions of the valence-arousal plane, by the slope of a point seen from the middle."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from chromesthesia_training.errors import DataError

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
PLEASANT = ("excited", "delighted", "happy", "content", "relaxed", "calm")
UNPLEASANT = ("tired", "bored", "depressed", "frustrated", "angry", "tense")
CATEGORIES = PLEASANT + UNPLEASANT
STEPS = (0.66, 0.33, 0.0, -0.33, -0.66)
"""A slope above the first is the first of its half, above the second the second, and so on."""


def category(valence: float, arousal: float) -> str:
    """The emotion of a point in -1..1; a valence of 0 counts as unpleasant, as in the thesis.

    Raises DataError for a value outside the scale, or that is no number.
    """
    for name, value in (("valence", valence), ("arousal", arousal)):
        if not -1.0 <= value <= 1.0:
            raise DataError(f"{name} is {value:g}", "give values from -1 to 1", "scale")
    names = PLEASANT if valence > 0.0 else UNPLEASANT
    # Upright from nothing is as steep as can be: tense above, tired below.
    slope = arousal / valence if valence else float(-np.sign(arousal)) * np.inf if arousal else 0.0
    return names[next((place for place, step in enumerate(STEPS) if slope > step), len(STEPS))]


def category_numbers(points: Float64) -> Int64:
    """Place in `CATEGORIES` of every point of [n, 2] valence and arousal."""
    return np.array([CATEGORIES.index(category(float(v), float(a))) for v, a in points], np.int64)
