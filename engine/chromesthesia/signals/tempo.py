"""The beat as the beat clock has it: from a clock that comes in, taps or timecode (see `chromesthesia.tempo`)."""

from __future__ import annotations

from chromesthesia.core.records import Heard
from chromesthesia.signals.declaration import Signal, Source

SLOW_BPM = 60.0
FAST_BPM = 180.0
FASTEST_BPM = 999.0


def _beat_in_bar(heard: Heard) -> float:
    beat = heard.beat
    return int(beat.beats % beat.beats_per_bar) + 1 if beat.running else 0


BPM = Signal(
    "tempo/bpm",
    "Tempo of the beat clock; 0 while none is known",
    lambda heard: heard.beat.bpm,
    low=0.0,
    high=FASTEST_BPM,
    unit="bpm",
    scaled=Source("tempo/speed", take=lambda bpm: (bpm - SLOW_BPM) / (FAST_BPM - SLOW_BPM)),
)
PULSE = Signal(
    "tempo/pulse",
    "1 at a beat, falling to 0 by the next",
    lambda heard: heard.beat.pulse,
    low=0.0,
    high=1.0,
)
PHASE = Signal(
    "tempo/phase", "Place within the beat, 0 to 1", lambda heard: heard.beat.phase, low=0.0, high=1.0
)
BAR_PHASE = Signal(
    "tempo/bar_phase", "Place within the bar, 0 to 1", lambda heard: heard.beat.bar_phase, low=0.0, high=1.0
)
BEAT_IN_BAR = Signal(
    "tempo/beat_in_bar", "Beat of the bar, from 1; 0 while nothing runs", _beat_in_bar, low=0.0, whole=True
)
BEAT_COUNT = Signal(
    "tempo/beat_count",
    "Beats since the start of the song: none is missed",
    lambda heard: max(0, int(heard.beat.beats)),
    low=0.0,
    whole=True,
)
TEMPO_CONFIDENCE = Signal(
    "tempo/confidence",
    "How sure the beat clock is; it falls when the sender is no longer heard",
    lambda heard: heard.beat.confidence,
    low=0.0,
    high=1.0,
)
POSITION = Signal(
    "tempo/position_s",
    "Place in the song or film, from timecode",
    lambda heard: heard.beat.position_s,
    low=0.0,
    unit="s",
)

TEMPO: tuple[Signal, ...] = (
    BPM,
    PULSE,
    PHASE,
    BAR_PHASE,
    BEAT_IN_BAR,
    BEAT_COUNT,
    TEMPO_CONFIDENCE,
    POSITION,
)
