"""The paintings that lie nearest to what is heard, as they change through a show."""

from __future__ import annotations

from collections import Counter

import numpy as np

from chromesthesia.core.records import HOP_SAMPLES, SAMPLE_RATE_HZ, Heard
from chromesthesia.packs.art_index import ArtIndex, Artwork
from chromesthesia.params.readings import NEAREST_COUNT

EVERY_HOPS = 50
"""The index is asked twice a second: about a tenth of a millisecond each time."""
SOUNDING = 0.5
"""Below this activity nothing is heard that a painting could lie near to."""
MOST_COUNTED = 4096
REPORTED = 10


class NearestPaintings:
    """Follows what is heard. `step` belongs to one thread; `now` is one reference that any thread may read.

    index: None for a pack without one; nothing is near then.
    """

    def __init__(self, index: ArtIndex | None) -> None:
        self._index = index
        self._due_hop = 0
        self._hops: Counter[tuple[str, str]] = Counter()
        self.now: tuple[Artwork, ...] = ()

    def change(self, index: ArtIndex | None) -> None:
        """Ask another index from the next time on. Any thread."""
        self._index = index

    def step(self, heard: Heard) -> None:
        """Take the newest of what is heard; every half second of sound the index is asked."""
        index = self._index
        if index is None or heard.frame.index < self._due_hop:
            return
        self._due_hop = heard.frame.index + EVERY_HOPS
        embedding = heard.emotion.embedding
        if heard.emotion.activity < SOUNDING or not np.isfinite(embedding).all():
            self.now = ()
            return
        self.now = tuple(index.nearest(embedding, NEAREST_COUNT))
        first = self.now[0].artist, self.now[0].title
        if first in self._hops or len(self._hops) < MOST_COUNTED:
            self._hops[first] += EVERY_HOPS

    def summary(self) -> list[dict[str, object]]:
        """The paintings that were nearest for longest: artist, title, seconds; at most ten."""
        return [
            {"artist": artist, "title": title, "seconds": round(hops * HOP_SAMPLES / SAMPLE_RATE_HZ, 1)}
            for (artist, title), hops in self._hops.most_common(REPORTED)
        ]
