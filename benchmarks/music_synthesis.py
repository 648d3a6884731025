"""Music with known truth, made by script: drums, melodies and chords, sounded by additive synthesis."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 44_100
MERGE_S = 0.03
"""Notes that begin within this of each other are one onset."""
NAMES = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")
FRAME_S = 0.01

Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Piece:
    """samples: float32 [n] at `RATE_HZ`; onsets_s, beats_s, downbeats_s: times; pitch_hz: every `FRAME_S`, 0 where
    nothing sounds; key: e.g. `Eb minor`. What is empty is not known."""

    name: str
    kind: str
    samples: Float32
    onsets_s: Float64 = field(default_factory=lambda: np.zeros(0))
    beats_s: Float64 = field(default_factory=lambda: np.zeros(0))
    downbeats_s: Float64 = field(default_factory=lambda: np.zeros(0))
    pitch_hz: Float64 = field(default_factory=lambda: np.zeros(0))
    key: str = ""


# -- drums ----------------------------------------------------------------------------------------------------------


def _decaying(seconds: float, decay_s: float) -> tuple[Float64, Float64]:
    time_s = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    return time_s, np.exp(-time_s / decay_s)


def _high(noise: Float64, cut_hz: float) -> Float64:
    spectrum = np.fft.rfft(noise)
    frequencies_hz = np.fft.rfftfreq(len(noise), 1.0 / RATE_HZ)
    return np.asarray(
        np.fft.irfft(spectrum / (1.0 + (cut_hz / np.maximum(frequencies_hz, 1.0)) ** 4), len(noise))
    )


def _kick() -> Float64:
    time_s, fall = _decaying(0.3, 0.09)
    sweep = 2 * np.pi * (48.0 * time_s + 90.0 * 0.03 * -np.expm1(-time_s / 0.03))
    return np.asarray(
        np.sin(sweep) * fall + 0.2 * np.exp(-time_s / 0.002) * np.sin(2 * np.pi * 1800 * time_s)
    )


def _snare(rng: np.random.Generator) -> Float64:
    time_s, fall = _decaying(0.25, 0.06)
    noise = _high(rng.standard_normal(len(time_s)), 1200.0)
    return np.asarray(0.5 * noise * fall + 0.5 * np.sin(2 * np.pi * 190 * time_s) * np.exp(-time_s / 0.04))


def _hat(rng: np.random.Generator, decay_s: float = 0.025) -> Float64:
    time_s, fall = _decaying(6 * decay_s, decay_s)
    return np.asarray(0.35 * _high(rng.standard_normal(len(time_s)), 7000.0) * fall)


PATTERNS: dict[str, dict[str, tuple[float, ...]]] = {
    "rock": {"kick": (0, 2, 2.5), "snare": (1, 3), "hat": (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5)},
    "four": {"kick": (0, 1, 2, 3), "snare": (1, 3), "hat": (0.5, 1.5, 2.5, 3.5)},
    "break": {"kick": (0, 0.75, 2.5), "snare": (1, 3, 3.75), "hat": (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5)},
    "ride": {"kick": (0, 2), "snare": (), "hat": (0, 1, 1.5, 2, 3, 3.5)},
    "sparse": {"kick": (0, 1.5), "snare": (2,), "hat": ()},
    "kicks": {"kick": (0, 1, 2, 3), "snare": (), "hat": ()},
}
"""Where in a bar of four beats each drum is struck."""


def drums(
    pattern: str,
    tempo: Sequence[tuple[float, float]],
    seconds: float,
    *,
    swing: float = 0.0,
    seed: int = 0,
    noise_db: float | None = None,
    chords: bool = False,
) -> Piece:
    """A drum machine. tempo: (time in s, bpm), in straight lines between. swing: 0 even, 1 triplets, of the half beats.

    noise_db: pink noise so far below the drums; chords: a bass and chords below them, changing with the bar.
    """
    rng = np.random.default_rng(seed)
    beats_s = _beats(tempo, seconds)
    numbers = np.arange(len(beats_s))
    sounds = {"kick": _kick(), "snare": _snare(rng), "hat": _hat(rng)}
    gains = {"kick": 1.0, "snare": 0.8, "hat": 0.6}
    mix = np.zeros(int(seconds * RATE_HZ) + RATE_HZ)
    onsets: list[float] = []
    for bar in range(0, len(beats_s), 4):
        for drum, places in PATTERNS[pattern].items():
            for place in places:
                swung = place + swing / 6.0 if place % 1.0 == 0.5 else place
                at_s = float(np.interp(bar + swung, numbers, beats_s, right=np.inf))
                if at_s >= seconds - 0.3:
                    continue
                at_s += float(rng.normal(0.0, 0.002))
                _put(mix, sounds[drum] * gains[drum] * rng.uniform(0.8, 1.0), max(0.0, at_s))
                onsets.append(max(0.0, at_s))
        if chords and bar + 4 < len(beats_s):
            root = (36, 41, 43, 36)[bar // 4 % 4]
            for note in (root, root + 12, root + 16, root + 19, root + 24):
                length_s = float(beats_s[bar + 4] - beats_s[bar])
                _put(mix, 0.12 * _tone(hz(note), length_s, 8), float(beats_s[bar]))
            onsets.append(float(beats_s[bar]))
    name = f"{pattern} {tempo[0][1]:g}" + (f" to {tempo[-1][1]:g}" if len(tempo) > 1 else "")
    name += f" swing {swing:g}" if swing else ""
    name += " chords" if chords else ""
    name += "" if noise_db is None else f" noise -{noise_db:g} dB"
    samples = _finished(mix[: int(seconds * RATE_HZ)], rng, noise_db)
    whole = beats_s[beats_s < seconds - 0.3]
    return Piece(name, "drums", samples, merged(onsets), whole, whole[::4])


def _beats(tempo: Sequence[tuple[float, float]], seconds: float) -> Float64:
    time_s, beats = 0.5, []
    times = [time for time, _ in tempo]
    values = [bpm for _, bpm in tempo]
    while time_s < seconds:
        beats.append(time_s)
        time_s += 60.0 / float(np.interp(time_s, times, values))
    return np.array(beats)


def _put(mix: Float64, sound: Float64, at_s: float) -> None:
    start = round(at_s * RATE_HZ)
    stop = min(len(mix), start + len(sound))
    mix[start:stop] += sound[: stop - start]


def hz(note: float) -> float:
    """Of a MIDI note number."""
    return float(440.0 * 2.0 ** ((note - 69.0) / 12.0))


def _tone(frequency_hz: float, seconds: float, partials: int) -> Float64:
    time_s = np.arange(int(seconds * RATE_HZ)) / RATE_HZ
    tone = np.zeros(len(time_s))
    for number in range(1, partials + 1):
        if number * frequency_hz < 0.45 * RATE_HZ:
            tone += np.sin(2 * np.pi * number * frequency_hz * time_s) / number
    return np.asarray(tone * np.minimum(1.0, time_s / 0.01) * np.minimum(1.0, (seconds - time_s) / 0.02))


def pink(count: int, rng: np.random.Generator) -> Float64:
    """Pink noise of mean square 1: [count]."""
    spectrum = np.fft.rfft(rng.standard_normal(count))
    spectrum /= np.sqrt(np.maximum(np.arange(len(spectrum)), 1.0))
    noise = np.fft.irfft(spectrum, count)
    return np.asarray(noise / np.sqrt(np.mean(noise**2)))


def _finished(mix: Float64, rng: np.random.Generator, noise_db: float | None) -> Float32:
    if noise_db is not None:
        mix = mix + pink(len(mix), rng) * np.sqrt(np.mean(mix**2)) * 10.0 ** (-noise_db / 20.0)
    else:
        mix = mix + 1e-4 * rng.standard_normal(len(mix))
    return np.asarray(mix * (0.5 / np.abs(mix).max()), dtype=np.float32)


def merged(onsets_s: Iterable[float]) -> Float64:
    """Times in order; those within `MERGE_S` of the one before are left out."""
    kept: list[float] = []
    for at_s in sorted(onsets_s):
        if not kept or at_s - kept[-1] > MERGE_S:
            kept.append(at_s)
    return np.array(kept)


# -- melodies and keys ------------------------------------------------------------------------------------------------


def melody(
    timbre: str, low: int, high: int, seconds: float, *, seed: int, noise_db: float | None = None
) -> Piece:
    """One voice at a time with rests, its pitch known every 10 ms. timbre: sine, saw, hollow, voice or bright."""
    rng = np.random.default_rng(seed)
    mix = np.zeros(int(seconds * RATE_HZ))
    pitch_hz = np.zeros(int(seconds / FRAME_S))
    onsets: list[float] = []
    place_s, note = 0.3, (low + high) // 2
    while place_s < seconds - 0.8:
        length_s = float(rng.choice([0.2, 0.3, 0.4, 0.6]))
        note = int(np.clip(note + rng.integers(-7, 8), low, high))
        time_s = np.arange(int(length_s * RATE_HZ)) / RATE_HZ
        depth = 0.3 if timbre == "voice" else 0.0
        cents = depth * np.sin(2 * np.pi * 5.5 * time_s)
        frequency_hz = 440.0 * 2.0 ** ((note + cents - 69.0) / 12.0)
        phase = 2 * np.pi * np.cumsum(frequency_hz) / RATE_HZ
        tone = _voiced(phase, timbre, hz(note))
        tone *= np.minimum(1.0, time_s / 0.015) * np.minimum(1.0, (length_s - time_s) / 0.03)
        _put(mix, tone, place_s)
        first, last = round(place_s / FRAME_S), round((place_s + length_s) / FRAME_S)
        frames = np.minimum((np.arange(last - first) * FRAME_S * RATE_HZ).astype(int), len(time_s) - 1)
        pitch_hz[first:last] = frequency_hz[frames]
        onsets.append(place_s)
        place_s += length_s + float(rng.choice([0.0, 0.0, 0.1, 0.3]))
    name = f"{timbre} {low}-{high}" + ("" if noise_db is None else f" noise -{noise_db:g} dB")
    return Piece(name, "melody", _finished(mix, rng, noise_db), merged(onsets), pitch_hz=pitch_hz)


def _voiced(phase: Float64, timbre: str, frequency_hz: float) -> Float64:
    partials = min(40, int(9000.0 / frequency_hz))
    sound = np.zeros(len(phase))
    for number in range(1, 1 + (1 if timbre == "sine" else partials)):
        weight = 1.0 / number
        if timbre == "hollow":
            weight = weight if number % 2 else 0.05 * weight
        elif timbre == "voice":
            at_hz = number * frequency_hz
            weight = (
                sum(
                    gain * float(np.exp(-(((at_hz - formant) / 160.0) ** 2)))
                    for formant, gain in ((500.0, 1.0), (1500.0, 0.5), (2500.0, 0.25))
                )
                + 0.1 / number
            )
        elif timbre == "bright":
            weight = 1.0 if number > 1 else 0.3
        sound += weight * np.sin(number * phase)
    return sound


PROGRESSIONS = {
    "major": ((0, 5, 7, 0), (0, 9, 5, 7), (0, 7, 9, 5)),
    "minor": ((0, 5, 7, 0), (0, 8, 3, 10), (0, 5, 8, 7)),
}
_SCALES = {"major": (0, 2, 4, 5, 7, 9, 11), "minor": (0, 2, 3, 5, 7, 8, 11)}
_MINOR_CHORDS = {"major": (2, 4, 9), "minor": (0, 5)}


def keyed_notes(tonic: int, mode: str, seconds: float, seed: int) -> list[tuple[float, float, int, int]]:
    """Chords, a bass and a tune in one key: (start s, end s, note, part: 0 bass, 1 chords, 2 tune)."""
    rng = np.random.default_rng(seed)
    progression = PROGRESSIONS[mode][seed % 3]
    notes: list[tuple[float, float, int, int]] = []
    beat_s, bar = 60.0 / float(rng.uniform(80, 130)), 0
    while (bar + 1) * 4 * beat_s <= seconds:
        degree = progression[bar % 4]
        third = 3 if degree in _MINOR_CHORDS[mode] else 4
        root, begin_s = tonic + degree, bar * 4 * beat_s
        notes.append((begin_s, begin_s + 4 * beat_s, 36 + root % 12, 0))
        notes += [(begin_s, begin_s + 4 * beat_s, 60 + (root + step) % 12, 1) for step in (0, third, 7)]
        for beat in range(4):
            step = int(rng.choice([0, third, 7])) if beat % 2 == 0 else None
            pitch = root + step if step is not None else tonic + int(rng.choice(_SCALES[mode]))
            at_s = begin_s + beat * beat_s
            notes.append((at_s, at_s + beat_s, 72 + pitch % 12, 2))
        bar += 1
    return notes


def keyed(tonic: int, mode: str, seconds: float, seed: int) -> Piece:
    """The same, sounded by additive synthesis."""
    mix = np.zeros(int(seconds * RATE_HZ) + RATE_HZ)
    for begin_s, end_s, note, part in keyed_notes(tonic, mode, seconds, seed):
        _put(mix, (0.5, 0.2, 0.4)[part] * _tone(hz(note), end_s - begin_s, 10), begin_s)
    rng = np.random.default_rng(seed)
    samples = _finished(mix[: int(seconds * RATE_HZ)], rng, 30.0)
    return Piece(f"{NAMES[tonic]} {mode}", "key", samples, key=f"{NAMES[tonic]} {mode}")
