"""The emotions by name, and the one table of where they lie on the plane of valence and arousal, with its sources.

A feeling has no one place: people who rate words, actors who play a category, and a generator that has to show a
difference put it differently. Uses that differ for a reason have a row of their own; a new use takes `CIRCUMPLEX`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from chromesthesia.core.records import EMBEDDING_SIZE

EMOTIONS = ("angry", "happy", "sad")
"""In the order of every vector of probabilities."""
CONDITION_LABELS = ("valence", "arousal", *EMOTIONS)
EMBEDDING_LABEL = "embedding"
KNOWN_LABELS = (*CONDITION_LABELS, EMBEDDING_LABEL)
"""What a condition may be made of: one number each, but the encoder's embedding, which is all of its own."""


def condition_size(labels: Iterable[str]) -> int:
    """How many numbers a condition of these labels has."""
    return sum(EMBEDDING_SIZE if label == EMBEDDING_LABEL else 1 for label in labels)


"""What the engine can tell a generator."""

Place = tuple[float, float]
"""Valence and arousal, -1 to 1."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the three lie for one use; `source` says where that is from, and why it is not the circumplex."""

    angry: Place
    happy: Place
    sad: Place
    source: str

    def __getitem__(self, emotion: str) -> Place:
        """The place of one of `EMOTIONS`; KeyError for another."""
        return self.by_name()[emotion]

    def by_name(self) -> dict[str, Place]:
        """In the order of `EMOTIONS`."""
        return {"angry": self.angry, "happy": self.happy, "sad": self.sad}


CIRCUMPLEX = Places(
    angry=(-0.6, 0.8),
    happy=(0.8, 0.5),
    sad=(-0.7, -0.5),
    source="rough places on the circumplex of Russell (1980): what an acted category stands for where nobody rated it",
)
LEARNED = Places(
    angry=(-0.6, 0.7),
    happy=(0.7, 0.5),
    sad=(-0.6, -0.5),
    source="centres of the soft categories that rated music is given; the shipped encoder has learned with these",
)
SET_BY_HAND = Places(
    angry=(-0.6, 0.7),
    happy=(0.7, 0.5),
    sad=(-0.6, -0.6),
    source="which probabilities belong to valence and arousal set by hand; presets and renders depend on them",
)
WALKED = Places(
    angry=(-0.7, 0.8),
    happy=(0.8, 0.5),
    sad=(-0.6, -0.6),
    source="where a certain emotion draws what the latent walk asks for; set with the shipped generator so that the "
    "three look unlike each other, and every render depends on them",
)
ASKED = Places(
    angry=(-0.6, 0.6),
    happy=(0.6, 0.4),
    sad=(-0.6, -0.4),
    source="what a generator is asked for in figures and on sheets, as by an engine that is sure but hears no extreme; "
    "the published figures are measured with these",
)
COMPOSED = Places(
    angry=(-0.6, 0.8),
    happy=(0.8, 0.6),
    sad=(-0.6, -0.5),
    source="what the sections of the bundled étude were composed to express",
)
