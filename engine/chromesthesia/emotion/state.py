"""From the encoder's raw readings to the emotion that the picture follows."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from chromesthesia.core.easing import approach
from chromesthesia.core.emotions import EMOTIONS, SET_BY_HAND
from chromesthesia.core.records import (
    EMBEDDING_SIZE,
    HOP_SAMPLES,
    SAMPLE_RATE_HZ,
    EmotionReading,
    EmotionState,
    FeatureFrame,
    Float32,
)
from chromesthesia.emotion.gate import SilenceGate
from chromesthesia.emotion.one_euro import OneEuro

NEUTRAL_VALENCE = 0.0
NEUTRAL_AROUSAL = -0.2
"""A silent room is calm rather than in the middle."""
BETA = 0.1
"""Hz of cutoff per unit of speed: a sudden swing of 1 is followed about twice as fast as a slow one."""
REOPENING_S = 0.6
REOPENING_BOOST = 4.0
"""After silence the first emotion is followed this much faster, fading over `REOPENING_S`."""

_HOP_S = HOP_SAMPLES / SAMPLE_RATE_HZ
_HEAD = 3 + len(EMOTIONS)
# valence, arousal, probabilities, confidence, embedding
_VALENCE, _AROUSAL, _PROBABILITIES, _CONFIDENCE, _EMBEDDING = (
    0,
    1,
    slice(2, 2 + len(EMOTIONS)),
    _HEAD - 1,
    slice(_HEAD, None),
)
_PLACES = np.array(list(SET_BY_HAND.by_name().values()))
_PLACE_SHARPNESS = 3.0


@dataclass(frozen=True, slots=True)
class EmotionSettings:
    """Live settings of the emotion follower.

    gate_dbfs: level under which the room counts as silent. response_s: time constant of following at rest. neutral_s:
    time constant of the way back to neutral in silence. manual: 0 follows the sound, 1 takes the manual values;
    between, a blend.
    """

    gate_dbfs: float = -55.0
    response_s: float = 0.35
    neutral_s: float = 4.0
    manual: float = 0.0
    manual_valence: float = 0.0
    manual_arousal: float = 0.0


class EmotionTracker:
    """Smooths, gates and brings back to neutral. One `step` per hop; not thread-safe.

    `bad_readings` counts readings with NaN or infinity, which are dropped: the last good one holds.
    """

    def __init__(self) -> None:
        self.bad_readings = 0
        self._gate = SilenceGate()
        self._filter = OneEuro(_neutral(), BETA)
        self._target = _neutral()
        self._since_opening_s = math.inf

    def step(
        self, reading: EmotionReading | None, frame: FeatureFrame, settings: EmotionSettings
    ) -> EmotionState:
        """Take the newest reading, or None when there is none for this hop; give the state after this hop."""
        if reading is not None:
            self._accept(reading)
        was_open = self._gate.open
        if self._gate.step(frame.rms_dbfs, settings.gate_dbfs, _HOP_S):
            self._since_opening_s = self._since_opening_s + _HOP_S if was_open else 0.0
            fading = max(0.0, 1.0 - self._since_opening_s / REOPENING_S)
            cutoff_hz = (1.0 + REOPENING_BOOST * fading) / (2.0 * math.pi * max(settings.response_s, 1e-3))
            self._filter.step(self._target, _HOP_S, cutoff_hz)
        else:
            back = approach(_HOP_S, max(settings.neutral_s, 1e-3))
            self._filter.jump(self._filter.value + np.float32(back) * (_neutral() - self._filter.value))
        return self._state(reading, frame, settings)

    def go_on(self, row: Float32) -> None:
        """Be where an earlier show was: valence, arousal, probabilities, confidence, embedding. ValueError for less."""
        if row.shape != self._target.shape or not np.isfinite(row).all() or row[_PROBABILITIES].sum() <= 0.0:
            raise ValueError(f"expected {self._target.size} numbers of an emotion")
        self._target = row.astype(np.float32)
        self._filter.jump(self._target)

    def reset(self) -> None:
        """Back to neutral at once."""
        self._gate.reset()
        self._target = _neutral()
        self._filter.jump(_neutral())

    def _accept(self, reading: EmotionReading) -> None:
        target = np.empty(_HEAD + EMBEDDING_SIZE, dtype=np.float32)
        target[_VALENCE] = reading.valence
        target[_AROUSAL] = reading.arousal
        target[_PROBABILITIES] = reading.probabilities
        target[_CONFIDENCE] = reading.confidence
        target[_EMBEDDING] = reading.embedding
        total = float(reading.probabilities.sum())
        if not (math.isfinite(float(target.sum())) and total > 0.0):
            self.bad_readings += 1
            return
        np.clip(target[:2], -1.0, 1.0, out=target[:2])
        target[_PROBABILITIES] = np.clip(target[_PROBABILITIES], 0.0, None) / np.float32(total)
        target[_CONFIDENCE] = min(1.0, max(0.0, reading.confidence))
        self._target = target

    def _state(
        self, reading: EmotionReading | None, frame: FeatureFrame, settings: EmotionSettings
    ) -> EmotionState:
        value = self._filter.value
        heard = value[:_HEAD].tolist()
        manual = min(1.0, max(0.0, settings.manual))
        probabilities: Float32 = value[_PROBABILITIES] / np.float32(sum(heard[_PROBABILITIES]))
        if manual > 0.0:
            by_hand = probabilities_at(settings.manual_valence, settings.manual_arousal)
            probabilities = probabilities + np.float32(manual) * (by_hand - probabilities)
        return EmotionState(
            end_sample=frame.end_sample,
            entered_s=frame.entered_s if reading is None else min(frame.entered_s, reading.entered_s),
            valence=_blend(heard[_VALENCE], settings.manual_valence, manual),
            arousal=_blend(heard[_AROUSAL], settings.manual_arousal, manual),
            probabilities=probabilities,
            confidence=_blend(heard[_CONFIDENCE], 1.0, manual),
            embedding=value[_EMBEDDING],
            activity=max(self._gate.activity, manual),
        )


def decisiveness(probability: float) -> float:
    """How far the greatest of the probabilities is above chance: 0 when all are alike, 1 at certainty."""
    chance = 1.0 / len(EMOTIONS)
    return min(1.0, max(0.0, (probability - chance) / (1.0 - chance)))


def probabilities_at(valence: float, arousal: float) -> Float32:
    """Probabilities over `EMOTIONS` of a place in the valence-arousal plane; uniform in the middle: float32 [3]."""
    scores = np.exp(_PLACE_SHARPNESS * (_PLACES @ np.array([valence, arousal])))
    return np.asarray(scores / scores.sum(), dtype=np.float32)


def _neutral() -> Float32:
    neutral = np.zeros(_HEAD + EMBEDDING_SIZE, dtype=np.float32)
    neutral[_VALENCE] = NEUTRAL_VALENCE
    neutral[_AROUSAL] = NEUTRAL_AROUSAL
    neutral[_PROBABILITIES] = 1.0 / len(EMOTIONS)
    return neutral


def _blend(heard: float, by_hand: float, manual: float) -> float:
    return min(1.0, max(-1.0, heard + manual * (by_hand - heard)))
