"""The paintings that lie nearest to a whole sound file."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from chromesthesia.audio.files import read_sound
from chromesthesia.core.errors import AudioError, PackError
from chromesthesia.core.records import SAMPLE_RATE_HZ
from chromesthesia.core.user_files import one_line
from chromesthesia.packs.art_index import Artwork
from chromesthesia.packs.pack import Pack
from chromesthesia.show.listener import Listener
from chromesthesia.show.nearest import SOUNDING


def nearest_to_file(pack: Pack, sound: Path, count: int, duration_s: float | None = None) -> list[Artwork]:
    """The paintings nearest to a whole sound file, nearest first: to its mean embedding while anything sounds.

    Raises PackError for a pack without an index, AudioError for a file that cannot be read or in which nothing sounds.
    """
    if pack.art_index is None:
        raise PackError(f"{pack.name} has no index of paintings", "choose another pack with --pack")
    listener = Listener(pack)
    samples = read_sound(sound, duration_s)
    heard = [
        one.emotion.embedding
        for begin in range(0, len(samples), SAMPLE_RATE_HZ)
        for one in listener.hear(samples[begin : begin + SAMPLE_RATE_HZ])
        if one.emotion.activity >= SOUNDING
    ]
    if not heard:
        raise AudioError(f"nothing sounds in {one_line(sound)}", "it is silent, or softer than the gate")
    return pack.art_index.nearest(np.mean(heard, axis=0, dtype=np.float32), count)
