"""The scenes that an encoder's robustness is measured in, each the same for every clip whatever it expresses."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from chromesthesia.core.records import Float32
from chromesthesia_training.scenes.spoil import (
    babble,
    beside,
    clipped,
    coded,
    coloured_noise,
    gained,
    in_room,
    room_response,
    stretch_of,
)

BABBLE_VOICES = 6
PINK = -3.0


@dataclass(frozen=True)
class Around:
    """What there is to mix in: other voices and a piece of music, float32 [n] at 24 kHz each."""

    voices: Sequence[Float32]
    music: Float32


Spoil = Callable[[Float32, Around, np.random.Generator], Float32]


@dataclass(frozen=True)
class Scene:
    """key: its name in figures; what: in words; spoil: a voice as it is heard there."""

    key: str
    what: str
    spoil: Spoil


def _pink(below_db: float, of: str = "") -> Scene:
    """of: what it lies below, in words."""
    return Scene(
        f"pink_{below_db:g}_db",
        f"pink noise {below_db:g} dB below{of}",
        lambda samples, around, rng: beside(samples, coloured_noise(len(samples), PINK, rng), below_db),
    )


def _babble(below_db: float) -> Scene:
    def spoil(samples: Float32, around: Around, rng: np.random.Generator) -> Float32:
        chosen = rng.choice(len(around.voices), min(BABBLE_VOICES, len(around.voices)), replace=False)
        voices = babble([around.voices[place] for place in chosen], len(samples), rng)
        return beside(samples, voices, below_db)

    what = f"{BABBLE_VOICES} other voices, together {below_db:g} dB below"
    return Scene(f"babble_{below_db:g}_db", what, spoil)


def _room(key: str, decay_s: float, direct_db: float) -> Scene:
    """direct_db: of the direct sound over the rest, at most 0."""
    strength = f"{-direct_db:g} dB weaker than" if direct_db else "as strong as"
    return Scene(
        key,
        f"a {key} of {decay_s:g} s, the direct sound {strength} the rest",
        lambda samples, around, rng: in_room(samples, room_response(decay_s, direct_db, rng)),
    )


def _music(below_db: float) -> Scene:
    return Scene(
        f"music_{below_db:g}_db",
        f"music {below_db:g} dB below: anywhere in the bundled étude",
        lambda samples, around, rng: beside(samples, stretch_of(around.music, len(samples), rng), below_db),
    )


def _softer(by_db: float) -> Scene:
    return Scene(
        f"softer_{by_db:g}_db",
        f"{by_db:g} dB softer than recorded",
        lambda samples, around, rng: gained(samples, -by_db),
    )


CLEAN = Scene("as_recorded", "as recorded", lambda samples, around, rng: samples)
PINK_20 = _pink(20.0, " the voice")
SCENES = (
    CLEAN,
    PINK_20,
    _pink(10.0),
    _babble(10.0),
    _room("room", 0.5, 0.0),
    _room("hall", 1.2, -4.0),
    _music(10.0),
    Scene("codec", "MP3 of 16 kbit/s", lambda samples, around, rng: coded(samples)),
    Scene(
        "clipped", "a fifth of the samples at full scale", lambda samples, around, rng: clipped(samples, 0.2)
    ),
    _softer(20.0),
)
"""In the order of the tables. Their mean is what is compared."""
