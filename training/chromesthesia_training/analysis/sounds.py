"""A few features of a sound that have names a musician knows, from the hand-made list of the music models."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from chromesthesia.core.records import Float32
from chromesthesia_training.music.handcrafted import OWN_NAMES
from chromesthesia_training.music.material import feature_arrays

NAMED: dict[str, tuple[str, str]] = {
    "level": ("level", "level_mean"),
    "dynamics": ("level", "level_std"),
    "brightness": ("colour", "centroid_mean"),
    "brightness moving": ("colour", "centroid_std"),
    "noisiness": ("colour", "flatness_mean"),
    "pitch height": ("pitch", "pitch_height_mean"),
    "pitch moving": ("pitch", "pitch_height_std"),
    "voices at once": ("pitch", "voices_mean"),
    "onset strength": ("rhythm", "onset_mean"),
    "onsets a second": ("rhythm", "onsets_per_s"),
    "irregularity of onsets": ("rhythm", "onset_regularity"),
    "tempo": ("rhythm", "tempo"),
    "major over minor": ("mode", "major_over_minor"),
    "clarity of key": ("mode", "key_clarity"),
    "change of chords": ("mode", "chord_change_mean"),
}
"""Name of a feature -> its family, and which of `OWN_NAMES` it is."""
SOUND_FEATURES = tuple(NAMED)
SOUND_FAMILIES = {name: family for name, (family, _) in NAMED.items()}


def named_features(own: Float32) -> Float32:
    """The named ones of our own list: float32 [n, own] -> float32 [n, features]."""
    return own[:, [OWN_NAMES.index(source) for _, source in NAMED.values()]]


def describe_sounds(paths: Sequence[Path], cache_dir: Path) -> Float32:
    """Features of every sound as `SOUND_FEATURES` names them, float32 [n, features], kept between runs.

    Raises DataError naming a sound that cannot be read.
    """
    return named_features(np.stack([one["own_song"] for one in feature_arrays(paths, cache_dir)]))
