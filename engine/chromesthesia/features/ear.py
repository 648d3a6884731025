"""An ear for music: everything about a sound that needs more than one hop, each part with a hop of its own.

It works behind the fast signals: a hop's levels and onsets are handed on before it begins. What takes long is done in
turns, so that no hop waits for all of it.
"""

from __future__ import annotations

import math

import numpy as np

from chromesthesia.core.records import NO_MUSIC, FeatureFrame, Float32, Music
from chromesthesia.features.beats import BeatTracker
from chromesthesia.features.kind import KindWatch
from chromesthesia.features.loudness import FLOOR_DB
from chromesthesia.features.mel import DEFAULT_MEL
from chromesthesia.features.newest import NewestSound
from chromesthesia.features.pitch import LONGEST, PitchTracker
from chromesthesia.features.pitch import WINDOW as PITCH_WINDOW
from chromesthesia.features.programme import ProgrammeLoudness
from chromesthesia.features.timbre import Split, contrast, rolloff_and_spread
from chromesthesia.features.tonality import WINDOW, KeyTracker

PITCH_EVERY = SPLIT_EVERY = 2
SHAPE_EVERY = 4
LONG_EVERY = 10
KIND_EVERY = 20
"""Hops between two of each; chroma and the loudness of the programme come with the long ones."""
PITCH_SAMPLES = 2 * (PITCH_WINDOW + LONGEST)
_MEAN = np.full(DEFAULT_MEL.mels, 1.0 / DEFAULT_MEL.mels, dtype=np.float32)


class MusicEar:
    """Not thread-safe; one `step` for each hop."""

    def __init__(self) -> None:
        self._sound = NewestSound(WINDOW)
        self._hop = 0
        self._beats = BeatTracker()
        self._pitch = PitchTracker()
        self._keys = KeyTracker()
        self._split = Split()
        self._kind = KindWatch()
        self._programme = ProgrammeLoudness()
        self._power = 0.0
        self._pitch_hz, self._periodic = 0.0, 0.0
        self._harmonic, self._percussive = 0.0, 0.0
        self._rolloff_hz, self._spread_hz, self._contrast = 0.0, 0.0, 0.0
        self._chroma: Float32 = NO_MUSIC.chroma
        self._key, self._key_clear = -1, 0.0

    def step(
        self, frame: FeatureFrame, hop: Float32, mel: Float32, rise: Float32 | None, weighted: float
    ) -> Music:
        """What is heard in this hop. frame: its fast features; hop: its samples, float32 [240]; mel: its mel powers,
        float32 [64]; rise: what rose in each mel band, float32 [64]; weighted: its mean K-weighted power."""
        self._sound.push(hop)
        number = self._hop = self._hop + 1
        beats = self._beats
        beats.step(frame.flux, rise)
        self._power += weighted
        if number % PITCH_EVERY == 0:
            self._pitch_hz, self._periodic = self._pitch.of(self._sound.last(PITCH_SAMPLES))
            log_mean, mean = float(np.dot(frame.log_mel, _MEAN)), float(np.dot(mel, _MEAN))
            self._kind.step(frame.rms_dbfs, self._pitch_hz, math.exp(log_mean) / mean)
        if number % SPLIT_EVERY == 1:
            self._harmonic, self._percussive = self._split.step(mel)
        if number % SHAPE_EVERY == 1 and frame.power is not None:
            self._rolloff_hz, self._spread_hz = rolloff_and_spread(frame.power, frame.centroid_hz)
            self._contrast = contrast(frame.log_mel) if self._rolloff_hz else 0.0
        if number % LONG_EVERY == 3:
            self._chroma, self._key, self._key_clear = self._keys.step(self._sound.last(WINDOW))
        if number % KIND_EVERY == 15:
            self._kind.decide(self._harmonic, beats.confidence)
        if number % LONG_EVERY == 0:
            self._programme.block(self._power / LONG_EVERY)
            self._power = 0.0
        return self._music()

    def reset(self) -> None:
        """Forget what was heard before a gap; the programme's loudness goes on."""
        self._sound.reset()
        self._beats.reset()
        self._pitch.reset()
        self._keys.reset()
        self._split.reset()
        self._kind.reset()
        self._pitch_hz = self._periodic = 0.0

    def _music(self) -> Music:
        beat, programme = self._beats, self._programme
        return Music(
            bpm=beat.bpm,
            beats=beat.beats,
            beat_confidence=beat.confidence,
            pitch_hz=self._pitch_hz,
            pitch_confidence=self._periodic if self._pitch_hz else 0.0,
            chroma=self._chroma,
            key=self._key,
            key_confidence=self._key_clear,
            harmonic=self._harmonic,
            percussive=self._percussive,
            rolloff_hz=self._rolloff_hz,
            spread_hz=self._spread_hz,
            contrast=self._contrast,
            lufs_short_term=max(FLOOR_DB, programme.short_term),
            lufs_integrated=max(FLOOR_DB, programme.integrated),
            loudness_range_lu=programme.range_lu,
            kinds=self._kind.shares,
        )
