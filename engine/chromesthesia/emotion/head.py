"""A head of a performer's own: marked moments move what the encoder says, in closed form, and none change nothing.

The pack's own head is the prior. Where it says log p, the performer's says log p + d: d is linear in the direction of
the embedding, and is the ridge regression of how far the marked moments were from the mood that was marked. Few marks
move it little, and most where it sounds as it did then.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.emotions import EMOTIONS, LEARNED
from chromesthesia.core.records import EMBEDDING_SIZE, EmotionReading, Float32
from chromesthesia.emotion.state import decisiveness

Float64 = NDArray[np.float64]

MOST_MARKS = 16
"""Of each mood; the oldest go."""
LEAST_PROBABILITY = 1e-6
FELT_FROM = 0.1
"""From this decisiveness on the pack finds a feeling in a sound."""
_PLACES = np.array(list(LEARNED.by_name().values()))
_STILL = 1e-6


@dataclass(frozen=True, slots=True, eq=False)
class Mark:
    """One moment that somebody named; equal to itself alone.

    embedding: float32 [EMBEDDING_SIZE]; probabilities: float32 [3], as the pack's own head says them; mood: its place
    in `EMOTIONS`.
    """

    embedding: Float32
    probabilities: Float32
    mood: int


class HeadSettings(NamedTuple):
    """How gently marks are followed; chosen on validation speakers (`chromesthesia-train evaluate --adaptation`).

    reach: how far, in log odds, a certain head is from chance; ridge: the prior's weight, in marks; level: weight of
    what is the same everywhere, beside the direction of the embedding.
    """

    reach: float = 3.0
    ridge: float = 0.3
    level: float = 0.3


SETTINGS = HeadSettings()


@dataclass(frozen=True, slots=True)
class Head:
    """What is added to the pack's log probabilities: weights float64 [EMBEDDING_SIZE + 1, 3], the last row for all."""

    weights: Float64

    def shift(self, embedding: Float32 | Float64) -> Float64:
        """Embeddings [..., EMBEDDING_SIZE] -> what is added [..., 3]."""
        return np.asarray(features(embedding) @ self.weights)

    def probabilities(self, probabilities: Float32 | Float64, embedding: Float32 | Float64) -> Float64:
        """The performer's probabilities [..., 3] for those of the pack."""
        logits = np.log(np.maximum(probabilities, LEAST_PROBABILITY)) + self.shift(embedding)
        odds = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=-1, keepdims=True))

    def said(self, reading: EmotionReading) -> EmotionReading:
        """The reading as this head has it: valence, arousal and confidence move as far as the probabilities do.

        Where the pack finds nothing in a sound, all three alike, confidence stays: drums are no mood of a performer's.

        A reading that holds no numbers stays as it is: whoever follows it drops it.
        """
        before = reading.probabilities.astype(np.float64)
        total = float(before.sum())
        if not (math.isfinite(total) and total > 0.0 and np.isfinite(reading.embedding).all()):
            return reading
        before = np.clip(before, 0.0, None) / total
        after = self.probabilities(before, reading.embedding)
        valence, arousal = (after - before) @ _PLACES
        sure = decisiveness(float(before.max()))
        surer = (decisiveness(float(after.max())) - sure) * min(1.0, sure / FELT_FROM)
        return replace(
            reading,
            valence=_held(reading.valence + float(valence), -1.0),
            arousal=_held(reading.arousal + float(arousal), -1.0),
            probabilities=after.astype(np.float32),
            confidence=_held(reading.confidence + surer, 0.0),
        )


def fit_head(marks: Sequence[Mark], settings: HeadSettings = SETTINGS) -> Head | None:
    """The head of these marks; None without any. Milliseconds for as many as there may be."""
    if not marks:
        return None
    heard = features(np.stack([mark.embedding for mark in marks]), settings.level)
    moods = np.array([mark.mood for mark in marks])
    said = np.stack([mark.probabilities for mark in marks]).astype(np.float64)
    missed = settings.reach * (np.eye(len(EMOTIONS))[moods] - said)
    # Every mood has the same say, however often it was marked.
    counts = np.bincount(moods, minlength=len(EMOTIONS))
    weight = counts[counts > 0].mean() / counts[moods]
    kernel = heard @ heard.T + np.diag(settings.ridge / weight)
    weights = heard.T @ np.linalg.solve(kernel, missed)
    weights[-1] *= settings.level
    return Head(weights)


def marked(readings: Sequence[EmotionReading], mood: int) -> Mark:
    """The mark of some readings that follow each other: their mean."""
    return Mark(
        np.mean([reading.embedding for reading in readings], axis=0, dtype=np.float32),
        np.mean([reading.probabilities for reading in readings], axis=0, dtype=np.float32),
        mood,
    )


def with_mark(marks: Sequence[Mark], mark: Mark) -> tuple[Mark, ...]:
    """`marks` and one more; the oldest of its mood goes where there are too many."""
    same = [place for place, each in enumerate(marks) if each.mood == mark.mood]
    gone = same[: max(0, len(same) + 1 - MOST_MARKS)]
    return (*(each for place, each in enumerate(marks) if place not in gone), mark)


def is_sound(mark: Mark) -> bool:
    """True for a mark of the right sizes, of numbers, and of a mood that there is."""
    shapes = (mark.embedding.shape, mark.probabilities.shape) == ((EMBEDDING_SIZE,), (len(EMOTIONS),))
    return (
        shapes
        and bool(np.isfinite(mark.embedding).all())
        and bool(((mark.probabilities >= 0.0) & (mark.probabilities <= 1.0 + _STILL)).all())
        and 0 <= mark.mood < len(EMOTIONS)
    )


def features(embedding: Float32 | Float64, level: float = 1.0) -> Float64:
    """Direction of embeddings [..., n], and a number that is the same for all: [..., n + 1]."""
    wide = np.asarray(embedding, dtype=np.float64)
    length = np.linalg.norm(wide, axis=-1, keepdims=True)
    return np.concatenate([wide / np.maximum(length, _STILL), np.full_like(length, level)], axis=-1)


def _held(value: float, low: float) -> float:
    return min(1.0, max(low, value))
