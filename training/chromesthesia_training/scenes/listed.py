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


def _pink(below_db: float) -> Spoil:
    return lambda samples, around, rng: beside(samples, coloured_noise(len(samples), PINK, rng), below_db)


def _babble(below_db: float) -> Spoil:
    def spoil(samples: Float32, around: Around, rng: np.random.Generator) -> Float32:
        chosen = rng.choice(len(around.voices), min(BABBLE_VOICES, len(around.voices)), replace=False)
        voices = babble([around.voices[place] for place in chosen], len(samples), rng)
        return beside(samples, voices, below_db)

    return spoil


def _room(decay_s: float, direct_db: float) -> Spoil:
    return lambda samples, around, rng: in_room(samples, room_response(decay_s, direct_db, rng))


CLEAN = Scene("as_recorded", "as recorded", lambda samples, around, rng: samples)
PINK_20 = Scene("pink_20_db", "pink noise 20 dB below the voice", _pink(20.0))
SCENES = (
    CLEAN,
    PINK_20,
    Scene("pink_10_db", "pink noise 10 dB below", _pink(10.0)),
    Scene("babble_10_db", f"{BABBLE_VOICES} other voices, together 10 dB below", _babble(10.0)),
    Scene("room", "a room of 0.5 s, the direct sound as strong as the rest", _room(0.5, 0.0)),
    Scene("hall", "a hall of 1.2 s, the direct sound 4 dB weaker than the rest", _room(1.2, -4.0)),
    Scene(
        "music_10_db",
        "music 10 dB below: anywhere in the bundled étude",
        lambda samples, around, rng: beside(samples, stretch_of(around.music, len(samples), rng), 10.0),
    ),
    Scene("codec", "MP3 of 16 kbit/s", lambda samples, around, rng: coded(samples)),
    Scene(
        "clipped", "a fifth of the samples at full scale", lambda samples, around, rng: clipped(samples, 0.2)
    ),
    Scene("softer_20_db", "20 dB softer than recorded", lambda samples, around, rng: gained(samples, -20.0)),
)
"""In the order of the tables. Their mean is what is compared."""
