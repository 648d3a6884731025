"""Musicians heard each by himself, beside the room and hop by hop with it; what is felt is the room's alone."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.records import (
    EMBEDDING_SIZE,
    NO_MUSIC,
    EmotionState,
    FeatureFrame,
    Float32,
    Heard,
    Music,
)
from chromesthesia.features.musician import musician_extractor
from chromesthesia.features.strokes import Strokes

NOTHING_FELT = EmotionState(
    end_sample=0,
    entered_s=0.0,
    valence=0.0,
    arousal=0.0,
    probabilities=np.full(len(EMOTIONS), 1.0 / len(EMOTIONS), dtype=np.float32),
    confidence=0.0,
    embedding=np.zeros(EMBEDDING_SIZE, dtype=np.float32),
    activity=0.0,
)


class Musician:
    """One of them, by number from 1. One thread at a time."""

    def __init__(self, number: int) -> None:
        self._extractor = musician_extractor(number)
        self._strokes = Strokes()
        self._music: Music = NO_MUSIC
        self._heard: Heard | None = None

    def hops(self, samples: Float32, start_sample: int, entered_s: float, gain_db: float) -> Iterator[Heard]:
        """One for every hop now complete; `listen` belongs behind each. All of them are to be taken, and the end."""
        for frame in self._extractor.hops(samples, start_sample, entered_s, gain_db):
            self._strokes.hop(frame.onset)
            self._heard = self._of(frame)
            yield self._heard

    def listen(self) -> None:
        """What takes longer, of the hop just given: it is told with the next."""
        if self._heard is not None:
            self._music = self._extractor.music(self._heard.frame)

    def glance(self, samples: Float32, start_sample: int, gain_db: float) -> Heard | None:
        """Look at the first part of the next hop; what was heard last where nothing can be seen. None before a hop."""
        frame = self._extractor.glance(samples, start_sample, gain_db)
        if frame is None:
            return self._heard
        self._strokes.glance(frame.onset)
        return self._of(frame)

    def _of(self, frame: FeatureFrame) -> Heard:
        strokes = self._strokes
        return Heard(frame, NOTHING_FELT, strokes.count, strokes.envelope, music=self._music)


class Musicians:
    """All that a show hears by themselves, which may be none."""

    def __init__(self, count: int = 0) -> None:
        self._each = tuple(Musician(number) for number in range(1, count + 1))

    def hops(
        self, samples: Float32, parts: Float32 | None, start_sample: int, entered_s: float, gain_db: float
    ) -> Iterator[tuple[Heard, ...]]:
        """What each hears, for every hop of `samples` that is now complete and once more at the end.

        parts: float32 [musicians, n], as long as `samples`; silence where there are none.
        """
        hearing = [
            each.hops(part, start_sample, entered_s, gain_db)
            for each, part in zip(self._each, self._there(samples, parts), strict=True)
        ]
        while True:
            # At the end each takes what is left of its samples.
            yield tuple(heard for one in hearing for heard in (next(one, None),) if heard is not None)

    def listen(self) -> None:
        """What takes longer, of the hop just given."""
        for each in self._each:
            each.listen()

    def glance(
        self, samples: Float32, parts: Float32 | None, start_sample: int, gain_db: float
    ) -> tuple[Heard, ...]:
        """What each hears with the first part of the next hop, as of `hops`."""
        hearing = (
            each.glance(part, start_sample, gain_db)
            for each, part in zip(self._each, self._there(samples, parts), strict=True)
        )
        return tuple(heard for heard in hearing if heard is not None)

    def _there(self, samples: Float32, parts: Float32 | None) -> Float32:
        if parts is None:
            return np.zeros((len(self._each), len(samples)), dtype=np.float32)
        return parts
