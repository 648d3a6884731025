"""What the ear for music makes of the sound."""

from __future__ import annotations

import math
from collections.abc import Callable

from chromesthesia.core.records import Heard
from chromesthesia.signals.declaration import Signal, Source

LOW_PITCH_HZ, HIGH_PITCH_HZ = 55.0, 1760.0
DARK_HZ, BRIGHT_HZ = 100.0, 10_000.0
QUIET_LUFS, LOUD_LUFS = -60.0, -10.0
_TONES = ("c", "db", "d", "eb", "e", "f", "gb", "g", "ab", "a", "bb", "b")
_KINDS = {"voice": "speech or singing", "music": "music", "noise": "noise", "silence": "silence"}


def _octaves(low_hz: float, high_hz: float) -> Callable[[float], float]:
    return lambda hz: math.log(max(hz, low_hz) / low_hz) / math.log(high_hz / low_hz)


def _loudness(lufs: float) -> float:
    return (lufs - QUIET_LUFS) / (LOUD_LUFS - QUIET_LUFS)


def _share(path: str, description: str, read: Callable[[Heard], float]) -> Signal:
    return Signal(f"music/{path}", description, read, low=0.0, high=1.0)


def _tone(column: int) -> Callable[[Heard], float]:
    return lambda heard: float(heard.music.chroma[column])


def _kind(column: int) -> Callable[[Heard], float]:
    return lambda heard: float(heard.music.kinds[column])


def _mode(heard: Heard) -> float:
    """Major 1, minor -1, each as far as it is clear."""
    key = heard.music.key
    return 0.0 if key < 0 else heard.music.key_confidence * (1.0 if key < 12 else -1.0)


HEARD_BPM = Signal(
    "music/bpm",
    "Tempo that is heard in the sound, whatever the beat clock follows; 0 for none",
    lambda heard: heard.music.bpm,
    low=0.0,
    high=999.0,
    unit="bpm",
)
BEAT_CONFIDENCE = _share(
    "beat_confidence", "How sure the beat in the sound is", lambda heard: heard.music.beat_confidence
)
PITCH = Signal(
    "music/pitch_hz",
    "Pitch of one voice; 0 for none",
    lambda heard: heard.music.pitch_hz,
    low=0.0,
    high=2000.0,
    unit="Hz",
    scaled=Source("music/pitch", take=_octaves(LOW_PITCH_HZ, HIGH_PITCH_HZ)),
)
PITCH_CONFIDENCE = _share(
    "pitch_confidence",
    "How periodic the sound is; 0 without a pitch",
    lambda heard: heard.music.pitch_confidence,
)
CHROMA = tuple(
    _share(f"chroma/{tone}", f"How much {tone.capitalize()} is in the sound, in any octave", _tone(column))
    for column, tone in enumerate(_TONES)
)
KEY = Signal(
    "music/key",
    "Key: 1 to 12 for C to B major, 13 to 24 for C to B minor, 0 for none",
    lambda heard: heard.music.key + 1,
    low=0.0,
    high=24.0,
    whole=True,
    unit="key",
)
MODE = Signal("music/mode", "1 clearly major, -1 clearly minor, 0 neither", _mode, low=-1.0, high=1.0)
HARMONIC = _share("harmonic", "Share of tones that last", lambda heard: heard.music.harmonic)
PERCUSSIVE = _share("percussive", "Share of strokes and noise", lambda heard: heard.music.percussive)
ROLLOFF = Signal(
    "music/rolloff_hz",
    "Below this are 85 % of the power",
    lambda heard: heard.music.rolloff_hz,
    low=0.0,
    high=12_000.0,
    unit="Hz",
    scaled=Source("music/rolloff", take=_octaves(DARK_HZ, BRIGHT_HZ)),
)
SPREAD = Signal(
    "music/spread_hz",
    "How far the spectrum spreads about its centroid",
    lambda heard: heard.music.spread_hz,
    low=0.0,
    high=6000.0,
    unit="Hz",
    scaled=Source("music/spread", take=lambda hz: hz / 4000.0),
)
CONTRAST = _share(
    "contrast", "How far peaks of the spectrum stand above its valleys", lambda heard: heard.music.contrast
)
SHORT_TERM = Signal(
    "music/lufs_short",
    "Short-term loudness, 3 s (EBU R128)",
    lambda heard: heard.music.lufs_short_term,
    low=-120.0,
    high=6.0,
    unit="LUFS",
    rest=-120.0,
    scaled=Source("music/loudness", take=_loudness),
)
INTEGRATED = Signal(
    "music/lufs_integrated",
    "Integrated loudness since the start (EBU R128)",
    lambda heard: heard.music.lufs_integrated,
    low=-120.0,
    high=6.0,
    unit="LUFS",
    rest=-120.0,
)
RANGE = Signal(
    "music/loudness_range",
    "Loudness range since the start (EBU Tech 3342)",
    lambda heard: heard.music.loudness_range_lu,
    low=0.0,
    high=80.0,
    unit="LU",
)
KINDS = tuple(
    _share(f"kind/{kind}", f"How far it sounds like {noun}", _kind(column))
    for column, (kind, noun) in enumerate(_KINDS.items())
    if kind != "silence"
)

MUSIC: tuple[Signal, ...] = (
    HEARD_BPM,
    BEAT_CONFIDENCE,
    PITCH,
    PITCH_CONFIDENCE,
    *CHROMA,
    KEY,
    MODE,
    HARMONIC,
    PERCUSSIVE,
    ROLLOFF,
    SPREAD,
    CONTRAST,
    SHORT_TERM,
    INTEGRATED,
    RANGE,
    *KINDS,
)
