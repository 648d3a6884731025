"""What one musician is heard with beside the fast features: the pitch of one voice.

The beat is that of everybody, and an ear for music of its own for each would cost more than all the fast features.
"""

from __future__ import annotations

from chromesthesia.core.records import FeatureFrame, Float32, Music
from chromesthesia.features.ear import PITCH_EVERY, PITCH_SAMPLES
from chromesthesia.features.extractor import FeatureExtractor
from chromesthesia.features.newest import NewestSound
from chromesthesia.features.pitch import PitchTracker


class PitchEar:
    """`features.extractor.Ear` for a voice or an instrument. Not thread-safe; one `step` for each hop.

    turn: in which hop it listens, so that several do not all listen in the same.
    """

    def __init__(self, turn: int = 0) -> None:
        self._sound = NewestSound(PITCH_SAMPLES)
        self._pitch = PitchTracker()
        self._hop = turn
        self._heard = Music()

    def step(
        self, frame: FeatureFrame, hop: Float32, mel: Float32, rise: Float32 | None, weighted: float
    ) -> Music:
        """Pitch and how sure it is; all else at rest."""
        self._sound.push(hop)
        self._hop += 1
        if self._hop % PITCH_EVERY == 0:
            pitch_hz, periodic = self._pitch.of(self._sound.last(PITCH_SAMPLES))
            self._heard = Music(pitch_hz=pitch_hz, pitch_confidence=periodic if pitch_hz else 0.0)
        return self._heard

    def reset(self) -> None:
        """Forget what was heard before a gap."""
        self._sound.reset()
        self._pitch.reset()
        self._heard = Music()


def musician_extractor(number: int) -> FeatureExtractor:
    """What hears musician `number`, from 1."""
    return FeatureExtractor(PitchEar(number))
