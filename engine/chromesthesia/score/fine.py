"""What a picture hears of a room whose lights are other machines: the signals as they are, never the spectrum.

Nothing of it is kept. So it need not be as coarse as what a score holds (`hearing`): bands move each by itself, as in
a show on one machine. The 64 mel bands, from which speech could be made again, are not in it: only their flatness is.
"""

from __future__ import annotations

import math
import struct
from dataclasses import replace

import numpy as np

from chromesthesia.core.records import (
    BAND_COUNT,
    EMBEDDING_SIZE,
    NO_MUSIC,
    EmotionState,
    FeatureFrame,
    Float32,
    Heard,
    Music,
)
from chromesthesia.score.hearing import SILENT_MEL, mel_of_flatness
from chromesthesia.signals.features import FLATNESS

FLATNESS_STEPS = 255
_LAYOUT = struct.Struct(f"<5f{BAND_COUNT}fBI4f3f")
_FLOATS = (
    "bpm", "beats", "beat_confidence", "pitch_hz", "pitch_confidence", "key_confidence", "harmonic", "percussive",
    "rolloff_hz", "spread_hz", "contrast", "lufs_short_term", "lufs_integrated", "loudness_range_lu",
)  # fmt: skip
_MUSIC = struct.Struct(f"<{len(_FLOATS)}fb16B")
_SHARE_STEPS = 255
SIGNALS_BYTES = _LAYOUT.size + _MUSIC.size
EMBEDDING_BYTES = 2 * EMBEDDING_SIZE
NO_EMBEDDING = bytes(EMBEDDING_BYTES)
_LEAST = -1e6
_MOST = 1e6


def signals_of(heard: Heard) -> bytes:
    """`SIGNALS_BYTES` bytes. What is no number counts as 0."""
    frame, emotion = heard.frame, heard.emotion
    return _LAYOUT.pack(
        *(
            _held(value)
            for value in (
                frame.rms_dbfs,
                frame.lufs_momentary,
                frame.centroid_hz,
                frame.flux,
                heard.onset_envelope,
                *frame.bands.tolist(),
            )
        ),
        round(_held(FLATNESS.read(heard), 0.0, 1.0) * FLATNESS_STEPS),
        heard.onset_count & 0xFFFF_FFFF,
        *(
            _held(value)
            for value in (
                emotion.valence,
                emotion.arousal,
                emotion.confidence,
                emotion.activity,
                *emotion.probabilities.tolist(),
            )
        ),
    ) + _music_bytes(heard.music)


def _music_bytes(music: Music) -> bytes:
    shares = (*music.chroma.tolist(), *music.kinds.tolist())
    return _MUSIC.pack(
        *(_held(getattr(music, name)) for name in _FLOATS),
        min(max(music.key, -1), 23),
        *(round(_held(share, 0.0, 1.0) * _SHARE_STEPS) for share in shares),
    )


def _music_of(content: bytes) -> Music:
    values = _MUSIC.unpack(content)
    floats, key, shares = values[: len(_FLOATS)], values[len(_FLOATS)], values[len(_FLOATS) + 1 :]
    if not all(map(math.isfinite, floats)):
        raise ValueError("signals that are no numbers")
    told = np.array(shares, dtype=np.float32) / np.float32(_SHARE_STEPS)
    return replace(
        NO_MUSIC,
        **{name: _held(value) for name, value in zip(_FLOATS, floats, strict=True)},
        key=min(max(key, -1), 23),
        chroma=told[:12],
        kinds=told[12:],
    )


def embedding_of(heard: Heard) -> bytes:
    """`EMBEDDING_BYTES` bytes: half floats."""
    numbers = np.nan_to_num(heard.emotion.embedding, posinf=0.0, neginf=0.0)
    return np.clip(numbers, -6e4, 6e4).astype("<f2").tobytes()


def heard_of(signals: bytes, embedding: bytes) -> Heard:
    """What the stages of a show are to hear; the same bytes always give the same.

    Raises ValueError for bytes that no ear tells.
    """
    if len(signals) != SIGNALS_BYTES or len(embedding) != EMBEDDING_BYTES:
        raise ValueError(f"expected {SIGNALS_BYTES} and {EMBEDDING_BYTES} bytes of signals")
    values = _LAYOUT.unpack(signals[: _LAYOUT.size])
    music = _music_of(signals[_LAYOUT.size :])
    numbers = np.frombuffer(embedding, "<f2").astype(np.float32)
    if not all(map(math.isfinite, values)) or not bool(np.isfinite(numbers).all()):
        raise ValueError("signals that are no numbers")
    rms, lufs, centroid, flux, envelope = values[:5]
    bands = values[5 : 5 + BAND_COUNT]
    flatness, onset_count, valence, arousal, confidence, activity, *shares = values[5 + BAND_COUNT :]
    frame = FeatureFrame(
        index=0,
        end_sample=0,
        entered_s=0.0,
        log_mel=mel_of_flatness(flatness, FLATNESS_STEPS),
        encoder_mel=SILENT_MEL,
        rms_dbfs=_held(rms, -120.0, 120.0),
        lufs_momentary=_held(lufs, -120.0, 120.0),
        bands=_shares(bands),
        centroid_hz=_held(centroid, 0.0, 48_000.0),
        flux=_held(flux, 0.0, 1e4),
        onset=0.0,
    )
    emotion = EmotionState(
        end_sample=0,
        entered_s=0.0,
        valence=_held(valence, -1.0, 1.0),
        arousal=_held(arousal, -1.0, 1.0),
        probabilities=_shares(shares),
        confidence=_held(confidence, 0.0, 1.0),
        embedding=numbers,
        activity=_held(activity, 0.0, 1.0),
    )
    return Heard(frame, emotion, onset_count, _held(envelope, 0.0, 1.0), music=music)


def _shares(values: tuple[float, ...] | list[float]) -> Float32:
    return np.clip(np.array(values, dtype=np.float32), 0.0, 1.0)


def _held(value: float, low: float = _LEAST, high: float = _MOST) -> float:
    return min(max(float(value), low), high) if math.isfinite(value) else 0.0
