"""What of the sound a score keeps: a few coarse levels for each frame, from which nobody can be heard again.

A picture that is to be painted again must hear what the score holds and nothing finer. So a show that keeps a score
lets its picture hear through `Softening`. Only what all bands do together is fast: level, a common lift, flux and
onsets. Whatever tells one sound from another (the bands' shape, centroid, flatness, a few sums of the embedding) is
slow, and taken four times a second: speech needs the fast changes of several bands, and they are not there. `heard_of`
makes of such levels what the stages take, in the show and when it is painted again.
"""

from __future__ import annotations

import functools
import math
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.records import (
    BAND_COUNT,
    EMBEDDING_SIZE,
    SAMPLE_RATE_HZ,
    EmotionState,
    FeatureFrame,
    Float32,
    Heard,
)
from chromesthesia.signals.features import FLATNESS

Float64 = NDArray[np.float64]

BAND_STEPS = 15
FALL_S = 0.3
"""Level, lift and flux rise at once and fall with this time constant: syllables run into one another."""
SLOW_S = 0.5
"""Time constant of what tells the colour of a sound: the shape of the bands, centroid, flatness, the embedding."""
HOLD_S = 0.25
"""And so long it stays as it is."""
RMS_STEP_DB, LUFS_STEP_DB = 1.5, 1.0
LOWEST_DB, HIGHEST_DB = -120.0, 6.0
CENTROID_LOW_HZ, CENTROID_STEPS = 60.0, 31
"""Quarters of an octave from here on; 0 is silence."""
OCTAVE_STEPS = 4
FLUX_STEPS, FLATNESS_STEPS, ENVELOPE_STEPS = 15, 15, 31
PLANE_STEPS, SHARE_STEPS = 200, 100
"""Valence and arousal; probabilities, confidence and activity."""
SHADOWS = 4
"""So many sums of the embedding's 128 numbers are kept."""
SHADOW_STEP = 0.5

_LAYOUT = struct.Struct(f"<BB{BAND_COUNT}BbBBBBIhh3BBB{SHADOWS}b")
LEVELS_BYTES = _LAYOUT.size
# Signs that are the same everywhere and for good: sums of integers, so that no machine's rounding comes into it.
_SIGNS = np.array(
    [[1 - 2 * (bin((row * 2 + 1) * (column + 1) * 40_503 >> 7 & 0xFF).count("1") & 1)
      for column in range(EMBEDDING_SIZE)] for row in range(SHADOWS)],
    dtype=np.int64,
)  # fmt: skip
SILENT_MEL: Float32 = np.zeros(64, dtype=np.float32)
SILENT_MEL.flags.writeable = False


@dataclass(frozen=True, slots=True)
class Levels:
    """What one frame heard, in whole steps; see the constants of this module for their sizes."""

    rms: int = 0
    lufs: int = 0
    bands: tuple[int, ...] = (0,) * BAND_COUNT
    lift: int = 0
    centroid: int = 0
    flux: int = 0
    flatness: int = 0
    envelope: int = 0
    onset_count: int = 0
    valence: int = 0
    arousal: int = 0
    probabilities: tuple[int, ...] = (33, 33, 33)
    confidence: int = 0
    activity: int = 0
    shadows: tuple[int, ...] = (0,) * SHADOWS

    def packed(self) -> bytes:
        """`LEVELS_BYTES` bytes."""
        return _LAYOUT.pack(
            self.rms, self.lufs, *self.bands, self.lift, self.centroid, self.flux, self.flatness, self.envelope,
            self.onset_count & 0xFFFF_FFFF, self.valence, self.arousal, *self.probabilities, self.confidence,
            self.activity, *self.shadows,
        )  # fmt: skip

    @classmethod
    def unpacked(cls, content: bytes) -> Levels:
        """What `packed` gave, every level held in its range. Raises ValueError for another length."""
        if len(content) != LEVELS_BYTES:
            raise ValueError(f"expected {LEVELS_BYTES} bytes of levels, got {len(content)}")
        (rms, lufs, *rest) = _LAYOUT.unpack(content)
        bands, rest = rest[:BAND_COUNT], rest[BAND_COUNT:]
        lift, centroid, flux, flatness, envelope, onset_count, valence, arousal, *rest = rest
        return cls(
            rms=rms,
            lufs=lufs,
            bands=tuple(min(band, BAND_STEPS) for band in bands),
            lift=min(max(lift, -BAND_STEPS), BAND_STEPS),
            centroid=min(centroid, CENTROID_STEPS),
            flux=min(flux, FLUX_STEPS),
            flatness=min(flatness, FLATNESS_STEPS),
            envelope=min(envelope, ENVELOPE_STEPS),
            onset_count=onset_count,
            valence=min(max(valence, -PLANE_STEPS), PLANE_STEPS),
            arousal=min(max(arousal, -PLANE_STEPS), PLANE_STEPS),
            probabilities=tuple(min(share, SHARE_STEPS) for share in rest[:3]),
            confidence=min(rest[3], SHARE_STEPS),
            activity=min(rest[4], SHARE_STEPS),
            shadows=tuple(rest[5:]),
        )


class Softening:
    """From what is heard to the levels that are kept. One thread; `levels` is called with ever newer hearings."""

    def __init__(self) -> None:
        self._end_sample: int | None = None
        self._rms_db = LOWEST_DB
        self._flux = 0.0
        self._loud = 0.0
        self._held_s = math.inf
        self._slow: Float64 | None = None
        self._bands: tuple[int, ...] = (0,) * BAND_COUNT
        self._centroid = self._flatness = 0
        self._shadows: tuple[int, ...] = (0,) * SHADOWS

    def levels(self, heard: Heard) -> Levels:
        """The levels of `heard`. Numbers that are none count as the lowest."""
        frame, emotion = heard.frame, heard.emotion
        before, self._end_sample = self._end_sample, frame.end_sample
        passed_s = 0.0 if before is None else max(0.0, (frame.end_sample - before) / SAMPLE_RATE_HZ)
        bands = np.nan_to_num(frame.bands.astype(np.float64), posinf=0.0, neginf=0.0)
        self._follow(frame, bands, passed_s)
        self._follow_slowly(heard, bands, passed_s)
        lift = self._loud - _together(np.array(self._bands) / BAND_STEPS)
        total = float(emotion.probabilities.sum())
        shares = emotion.probabilities / total if total > 0.0 else np.full(3, 1.0 / 3.0)
        return Levels(
            rms=_step(self._rms_db - LOWEST_DB, HIGHEST_DB - LOWEST_DB, 1.0 / RMS_STEP_DB),
            lufs=_step(frame.lufs_momentary - LOWEST_DB, HIGHEST_DB - LOWEST_DB, 1.0 / LUFS_STEP_DB),
            bands=self._bands,
            lift=round(min(max(lift, -1.0), 1.0) * BAND_STEPS),
            centroid=self._centroid,
            flux=_step(self._flux, 1.0, FLUX_STEPS),
            flatness=self._flatness,
            envelope=_step(heard.onset_envelope, 1.0, ENVELOPE_STEPS),
            onset_count=heard.onset_count & 0xFFFF_FFFF,
            valence=_signed(emotion.valence),
            arousal=_signed(emotion.arousal),
            probabilities=tuple(_step(float(share), 1.0, SHARE_STEPS) for share in shares),
            confidence=_step(emotion.confidence, 1.0, SHARE_STEPS),
            activity=_step(emotion.activity, 1.0, SHARE_STEPS),
            shadows=self._shadows,
        )

    def _follow(self, frame: FeatureFrame, bands: Float64, passed_s: float) -> None:
        """What all bands do together: up at once, down slowly."""
        keep = math.exp(-passed_s / FALL_S)
        # A level in decibels falls as its amplitude would.
        fall_db = 20.0 * passed_s / FALL_S * math.log10(math.e)
        self._rms_db = max(_finite(frame.rms_dbfs, LOWEST_DB), self._rms_db - fall_db, LOWEST_DB)
        self._flux = max(-math.expm1(-max(0.0, _finite(frame.flux))), self._flux * keep)
        self._loud = max(_together(bands), self._loud * keep)

    def _follow_slowly(self, heard: Heard, bands: Float64, passed_s: float) -> None:
        """What tells one sound from another."""
        octaves = math.log2(max(1.0, _finite(heard.frame.centroid_hz) / CENTROID_LOW_HZ))
        now = np.concatenate(
            [bands, [OCTAVE_STEPS * octaves, _finite(FLATNESS.read(heard))], _sums(heard.emotion.embedding)]
        )
        if self._slow is None:
            self._slow = now
        self._slow = self._slow - math.expm1(-passed_s / SLOW_S) * (now - self._slow)
        self._held_s += passed_s
        if self._held_s < HOLD_S:
            return
        self._held_s = 0.0
        slow = self._slow.tolist()
        self._bands = tuple(_step(band, 1.0, BAND_STEPS) for band in slow[:BAND_COUNT])
        self._centroid = _step(slow[BAND_COUNT], float(CENTROID_STEPS), 1.0)
        self._flatness = _step(slow[BAND_COUNT + 1], 1.0, FLATNESS_STEPS)
        self._shadows = tuple(
            min(max(round(each / SHADOW_STEP), -127), 127) for each in slow[BAND_COUNT + 2 :]
        )


def heard_of(levels: Levels) -> Heard:
    """What the stages of a show are to hear; the same levels always give the same, bit by bit."""
    frame = FeatureFrame(
        index=0,
        end_sample=0,
        entered_s=0.0,
        log_mel=mel_of_flatness(levels.flatness, FLATNESS_STEPS),
        encoder_mel=SILENT_MEL,
        rms_dbfs=LOWEST_DB + RMS_STEP_DB * levels.rms,
        lufs_momentary=LOWEST_DB + LUFS_STEP_DB * levels.lufs,
        bands=np.array(
            [min(max(band + levels.lift, 0), BAND_STEPS) / BAND_STEPS for band in levels.bands],
            dtype=np.float32,
        ),
        centroid_hz=0.0
        if levels.centroid == 0
        else CENTROID_LOW_HZ * 2.0 ** (levels.centroid / OCTAVE_STEPS),
        flux=-math.log1p(-min(levels.flux, FLUX_STEPS - 0.25) / FLUX_STEPS),
        onset=0.0,
    )
    total = sum(levels.probabilities)
    shares = [share / total for share in levels.probabilities] if total else [1.0 / 3.0] * 3
    emotion = EmotionState(
        end_sample=0,
        entered_s=0.0,
        valence=levels.valence / PLANE_STEPS,
        arousal=levels.arousal / PLANE_STEPS,
        probabilities=np.array(shares, dtype=np.float32),
        confidence=levels.confidence / SHARE_STEPS,
        embedding=_embedding(levels.shadows),
        activity=levels.activity / SHARE_STEPS,
    )
    return Heard(frame, emotion, levels.onset_count, levels.envelope / ENVELOPE_STEPS)


def _together(bands: Float64) -> float:
    """How loud the bands are as one; a loud one among quiet ones counts for more than its share."""
    return float(np.mean(bands**4) ** 0.25)


def _sums(embedding: Float32) -> Float64:
    sums = _SIGNS @ np.nan_to_num(embedding.astype(np.float64), posinf=0.0, neginf=0.0)
    return np.asarray(sums / math.sqrt(EMBEDDING_SIZE))


def _embedding(shadows: tuple[int, ...]) -> Float32:
    """About as long as the embedding that threw the shadows, in the few directions that are left of it."""
    sums = np.array(shadows, dtype=np.int64) @ _SIGNS
    return np.asarray(sums * (SHADOW_STEP / math.sqrt(SHADOWS)), dtype=np.float32)


@functools.cache
def mel_of_flatness(step: int, steps: int) -> Float32:
    """A spectrum of 64 bands with the flatness `step` of `steps`, for readers that measure it of a spectrum."""
    mel: Float32 = np.full(64, -16.0, dtype=np.float32)
    wanted = min(max(step / steps, 0.005), 0.999)
    low, high = 0.0, 16.0
    for _ in range(40):
        # One band above the others by `middle`: the flatness falls the higher it is.
        middle = (low + high) / 2.0
        flatness = math.exp(middle / 64.0 - middle) / ((1.0 + 63.0 * math.exp(-middle)) / 64.0)
        low, high = (middle, high) if flatness > wanted else (low, middle)
    mel[0] += np.float32(round(low, 4))
    mel.flags.writeable = False
    return mel


def _step(value: float, most: float, steps: float) -> int:
    return round(min(max(_finite(value), 0.0), most) * steps)


def _signed(value: float) -> int:
    return round(min(max(_finite(value), -1.0), 1.0) * PLANE_STEPS)


def _finite(value: float, otherwise: float = 0.0) -> float:
    return value if math.isfinite(value) else otherwise
