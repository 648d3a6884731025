"""The voices that robustness is measured with, and the changes of emotion joined from them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.data.sound import read_sound
from chromesthesia_training.errors import DataError
from chromesthesia_training.scenes.spoil import FRAME, QUIETER_DB

BEFORE_S, AFTER_S = 6.0, 8.0
"""Of a change: how long one emotion sounds, and how long the next one may take to be named."""
CHANGES_A_SPEAKER = 4
"""Of each of the six changes from one emotion to another."""
KEPT_FRAMES = 5
"""A pause of up to 0.1 s stays at either end of a joined clip."""


@dataclass(frozen=True)
class Voice:
    """One clip with its sound, float32 [n] at 24 kHz."""

    clip: Clip
    samples: Float32

    @property
    def emotion(self) -> int:
        """Its place in `EMOTIONS`."""
        return EMOTIONS.index(self.clip.emotion or "")


@dataclass(frozen=True)
class Change:
    """A voice that changes from one emotion to another: places in `EMOTIONS`, the sound, the moment in seconds."""

    speaker: str
    before: int
    after: int
    samples: Float32
    at_s: float


def voices_of(clips: Sequence[Clip], split: str = "test", without: Sequence[str] = ("tess",)) -> list[Voice]:
    """Named voices of a split, in the order of the index. Raises DataError where there is none."""
    chosen = [
        clip
        for clip in clips
        if clip.split == split
        and clip.role == "speech"
        and clip.emotion is not None
        and clip.corpus not in without
    ]
    if not chosen:
        raise DataError(
            f"the {split} split has no voice of angry, happy or sad",
            "add sounds: 3 or more of each",
            "missing",
        )
    return [Voice(clip, read_sound(clip.path)) for clip in chosen]


def changes_of(voices: Sequence[Voice], seed: int = 0, each: int = CHANGES_A_SPEAKER) -> list[Change]:
    """Every speaker who has two emotions or more, from each to each other, `each` times, of clips drawn by lot."""
    by_speaker: dict[str, dict[int, list[Float32]]] = defaultdict(lambda: defaultdict(list))
    for voice in voices:
        by_speaker[voice.clip.group][voice.emotion].append(trimmed(voice.samples))
    found = []
    for speaker, said in by_speaker.items():
        for before, after in permutations(sorted(said), 2):
            for number in range(min(each, len(said[before]), len(said[after]))):
                rng = np.random.default_rng([seed, before, after, number])
                first = _joined(said[before], BEFORE_S, rng)
                second = _joined(said[after], AFTER_S, rng)
                at_s = len(first) / SAMPLE_RATE_HZ
                found.append(Change(speaker, before, after, np.concatenate([first, second]), at_s))
    return found


def trimmed(samples: Float32) -> Float32:
    """A clip without the silence at its ends."""
    count = len(samples) // FRAME
    power = np.square(samples[: count * FRAME].astype(np.float64)).reshape(count, FRAME).mean(axis=1)
    loud = np.flatnonzero(power > power.max(initial=0.0) * 10.0 ** (-QUIETER_DB / 10.0))
    if not len(loud):
        return samples
    return samples[max(0, loud[0] - KEPT_FRAMES) * FRAME : (loud[-1] + 1 + KEPT_FRAMES) * FRAME]


def _joined(clips: Sequence[Float32], seconds: float, rng: np.random.Generator) -> Float32:
    """Clips one after the other, until `seconds` are full; few clips come again."""
    count = round(seconds * SAMPLE_RATE_HZ)
    parts: list[Float32] = []
    while sum(map(len, parts)) < count:
        parts += [clips[place] for place in rng.permutation(len(clips))]
    return np.concatenate(parts)[:count]
