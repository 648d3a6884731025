"""The emotion as a listener hears it."""

from __future__ import annotations

from collections.abc import Callable

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.records import Heard
from chromesthesia.signals.declaration import Signal

_NOUNS = {"angry": "anger", "happy": "happiness", "sad": "sadness"}


def _probability(column: int) -> Callable[[Heard], float]:
    return lambda heard: float(heard.emotion.probabilities[column])


VALENCE = Signal(
    "emotion/valence",
    "Unpleasant to pleasant, as heard and smoothed",
    lambda heard: heard.emotion.valence,
    low=-1.0,
    high=1.0,
    every_move=True,
)
AROUSAL = Signal(
    "emotion/arousal",
    "Calm to excited, as heard and smoothed",
    lambda heard: heard.emotion.arousal,
    low=-1.0,
    high=1.0,
    every_move=True,
)
PROBABILITIES = tuple(
    Signal(f"emotion/{name}", f"Probability of {_NOUNS[name]}", _probability(column), low=0.0, high=1.0)
    for column, name in enumerate(EMOTIONS)
)
CONFIDENCE = Signal(
    "emotion/confidence",
    "How sure the encoder is",
    lambda heard: heard.emotion.confidence,
    low=0.0,
    high=1.0,
)
ACTIVITY = Signal(
    "emotion/activity",
    "0 when the room is silent, 1 when it is not",
    lambda heard: heard.emotion.activity,
    low=0.0,
    high=1.0,
)

EMOTION: tuple[Signal, ...] = (VALENCE, AROUSAL, *PROBABILITIES, CONFIDENCE, ACTIVITY)
