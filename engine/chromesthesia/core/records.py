"""What flows between the stages.

Everything that crosses a thread is one of the frozen records below. Each carries `end_sample`, the index (one past
the newest sample, at `SAMPLE_RATE_HZ`, counted from the start of the source) of the sound it came from, and
`entered_s`, the monotonic time at which the oldest sample of its hop entered the engine: that is how sound-to-light
latency is measured.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Float32 = NDArray[np.float32]
UInt8 = NDArray[np.uint8]

SAMPLE_RATE_HZ = 24_000
"""Rate of everything after the source; sources resample to it and mix to mono."""
HOP_SAMPLES = 240
"""One hop: 10 ms."""
STEP_SAMPLES = 120
"""A live show looks between two hops too: what it hears is as new as the last 5 ms that are whole."""
ENCODER_HOPS = 8
"""The encoder runs once every eight hops: 80 ms."""
EMBEDDING_SIZE = 128
BAND_COUNT = 8
MOST_MUSICIANS = 4
"""Heard by themselves beside the room; each costs an analysis of its own."""


@dataclass(frozen=True, slots=True)
class AudioBlock:
    """Mono sound at `SAMPLE_RATE_HZ` as a source hands it over.

    samples: float32 [frames], nominally -1..1; entered_s: monotonic time at which the first of them entered the engine.
    parts: float32 [musicians, frames], what each musician plays of it; None where nobody is heard by himself.
    """

    samples: Float32
    entered_s: float
    parts: Float32 | None = None


@dataclass(frozen=True, slots=True)
class FeatureFrame:
    """What was heard in one 10 ms hop.

    log_mel: float32 [64], natural log of mel power; encoder_mel: float32 [64], the same by `ENCODER_MEL`; bands:
    float32 [8], 0..1 after slow auto-gain; rms_dbfs and lufs_momentary: dB, floor -120; centroid_hz: 0..12000; flux: 0
    or more; onset: 0, or the strength 0..1 of an onset that was decided in this hop. wave, power: float32 [768], the
    samples that it was measured on, and float32 [513], their power spectrum, from 0 Hz to half the rate; None where
    nobody kept them.
    """

    index: int
    end_sample: int
    entered_s: float
    log_mel: Float32
    encoder_mel: Float32
    rms_dbfs: float
    lufs_momentary: float
    bands: Float32
    centroid_hz: float
    flux: float
    onset: float
    wave: Float32 | None = None
    power: Float32 | None = None


@dataclass(frozen=True, slots=True)
class EmotionReading:
    """Raw answer of the encoder for one 80 ms step.

    valence, arousal: -1..1; probabilities: float32 [3] over `emotions.EMOTIONS`, sum 1; confidence: 0..1; embedding:
    float32 [128].
    """

    end_sample: int
    entered_s: float
    valence: float
    arousal: float
    probabilities: Float32
    confidence: float
    embedding: Float32


@dataclass(frozen=True, slots=True)
class EmotionState:
    """Smoothed emotion that the picture follows; same ranges as `EmotionReading`.

    activity: 0 (silence gate closed, drifting to neutral) .. 1 (open).
    """

    end_sample: int
    entered_s: float
    valence: float
    arousal: float
    probabilities: Float32
    confidence: float
    embedding: Float32
    activity: float


@dataclass(frozen=True, slots=True)
class PaintRequest:
    """One picture asked of the generator: condition float32 [C], noise float32 [Z]."""

    serial: int
    end_sample: int
    entered_s: float
    condition: Float32
    noise: Float32


@dataclass(frozen=True, slots=True)
class PaintedImage:
    """One picture from the generator: pixels uint8 [H, W, 3], row 0 at the top; paint_s: what painting took, in
    seconds, until `painted_s`. painter: grows by one with every other generator."""

    serial: int
    end_sample: int
    entered_s: float
    painted_s: float
    paint_s: float
    pixels: UInt8
    painter: int = 0


@dataclass(frozen=True, slots=True)
class Beat:
    """Where the music is at one moment, as the beat clock has it.

    bpm: 0 while no tempo is known. beats: since the start of the song, the fraction being the phase within the beat.
    confidence: 0..1. running: false at rest and while the sender stands still. source: which one is followed, empty at
    rest. position_s: of the timecode, in seconds of its own time; 0 without one.
    """

    bpm: float = 0.0
    beats: float = 0.0
    beats_per_bar: int = 4
    confidence: float = 0.0
    running: bool = False
    source: str = ""
    position_s: float = 0.0

    @property
    def phase(self) -> float:
        """Within the beat, 0..1."""
        return self.beats % 1.0

    @property
    def bar_phase(self) -> float:
        """Within the bar, 0..1."""
        return self.beats / self.beats_per_bar % 1.0

    @property
    def pulse(self) -> float:
        """1 at a beat, falling to 0 by the next; 0 while nothing runs."""
        return (1.0 - self.phase) ** 2 if self.running else 0.0


NO_BEAT = Beat()


def _no_chroma() -> Float32:
    return np.zeros(12, dtype=np.float32)


def _silent() -> Float32:
    return np.array([0.0, 0.0, 0.0, 1.0], dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Music:
    """What the ear for music made of the sound so far; at most a hop older than the frame that it comes with.

    bpm: 0 while no tempo is heard. beats: counted from the first, its fraction the phase, at the end of the hop; a bar
    begins where it is a multiple of four. pitch_hz: of one voice, 0 for none. chroma: float32 [12] from C on, the
    largest 1. key: 0..11 major from C on, 12..23 minor, -1 for none. harmonic, percussive: shares that add up
    to 1. rolloff_hz, spread_hz: of the spectrum; contrast: of its peaks and valleys, 0..1. lufs_...: EBU R128, floor
    -120. kinds: float32 [4], shares of voice, music, noise, silence. Confidences: 0..1.
    """

    bpm: float = 0.0
    beats: float = 0.0
    beat_confidence: float = 0.0
    pitch_hz: float = 0.0
    pitch_confidence: float = 0.0
    chroma: Float32 = field(default_factory=_no_chroma)
    key: int = -1
    key_confidence: float = 0.0
    harmonic: float = 0.0
    percussive: float = 0.0
    rolloff_hz: float = 0.0
    spread_hz: float = 0.0
    contrast: float = 0.0
    lufs_short_term: float = -120.0
    lufs_integrated: float = -120.0
    loudness_range_lu: float = 0.0
    kinds: Float32 = field(default_factory=_silent)


NO_MUSIC = Music()


@dataclass(frozen=True, slots=True)
class Heard:
    """The newest features and emotion, published by the analysis thread; the renderer reads the latest only.

    A live show publishes one for every hop and one for the 10 ms that end in the middle of a hop.

    onset_count grows by one with every onset, so that none is missed between two video frames; onset_envelope is 1 at
    an onset and decays with a time constant of 0.15 s. beat: put in for the moment of a frame, by whoever shows it.
    music: what the ear for music made of the sound before this hop. musicians: the same of each musician that is heard
    by himself, at the same moment, in order; nothing is felt of them, so their emotion is that of rest.
    """

    frame: FeatureFrame
    emotion: EmotionState
    onset_count: int
    onset_envelope: float
    beat: Beat = NO_BEAT
    music: Music = NO_MUSIC
    musicians: tuple[Heard, ...] = ()
