"""Synthesise the bundled étude: calm, sad, angry, happy. The same seed gives the same samples.

    python examples/make_etude.py [PATH]

Everything is made here from sines and noise: no recording is used.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from chromesthesia.audio.etude import DURATION_S, ETUDE, SECTIONS

Samples = NDArray[np.float64]

RATE_HZ = 48_000
SEED = 7
QUALITY = 0.62
"""libsndfile's compression level for Vorbis: 0 best .. 1 smallest."""
FADE_OUT_S = 2.0
PEAK = 0.78
LEVELS_DB = {"calm": -22.0, "sad": -24.5, "angry": -10.8, "happy": -15.0}
"""RMS of each section in dBFS: how loud it is played is part of the emotion."""

_SEMITONES = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def pitch_hz(name: str) -> float:
    """`F#3` -> 185.0 (A4 = 440 Hz)."""
    semitone = _SEMITONES[name[0]] + name.count("#") - name[1:].count("b")
    return float(440.0 * 2.0 ** ((semitone - 9) / 12 + int(name[-1]) - 4))


# --- instruments: each gives the samples of one sound ---


def seconds(duration_s: float) -> Samples:
    return np.arange(round(duration_s * RATE_HZ)) / RATE_HZ


def noise(rng: np.random.Generator, time_s: Samples) -> Samples:
    """White noise as long as `time_s`."""
    return np.asarray(rng.standard_normal(time_s.shape))


def fade(samples: Samples, attack_s: float, release_s: float) -> Samples:
    """Raised-cosine ends, so that nothing clicks."""
    out = samples.copy()
    for edge_s, part in ((attack_s, slice(None)), (release_s, slice(None, None, -1))):
        length = min(round(edge_s * RATE_HZ), out.shape[0])
        out[part][:length] *= 0.5 - 0.5 * np.cos(np.pi * np.arange(length) / max(length, 1))
    return out


def pad(notes: Sequence[str], duration_s: float, brightness: float = 1.6, attack_s: float = 1.2) -> Samples:
    """Slow detuned chord; a larger brightness exponent is darker."""
    time_s = seconds(duration_s)
    out = np.zeros_like(time_s)
    for note in notes:
        for cents in (-5.0, 0.0, 6.0):
            base_hz = pitch_hz(note) * 2.0 ** (cents / 1200)
            for harmonic in range(1, 9):
                wobble = 0.004 * np.sin(2 * np.pi * (0.2 + 0.03 * harmonic) * time_s + cents)
                phase = 2 * np.pi * harmonic * base_hz * time_s + wobble * harmonic + 1.7 * harmonic * cents
                out += np.sin(phase) / harmonic**brightness
    return fade(out / len(notes), attack_s, min(1.6, duration_s / 3))


def string(note: str, duration_s: float, damping: float = 1.0, brightness: float = 1.0) -> Samples:
    """A plucked or struck string: slightly stiff, its overtones dying first."""
    time_s = seconds(duration_s)
    base_hz = pitch_hz(note)
    out = np.zeros_like(time_s)
    for harmonic in range(1, 17):
        overtone_hz = harmonic * base_hz * np.sqrt(1 + 2e-4 * harmonic**2)
        if overtone_hz > 9_000:
            break
        decay = damping * (0.9 + 0.55 * harmonic) * (base_hz / 220) ** 0.4
        out += np.exp(-decay * time_s) * np.sin(2 * np.pi * overtone_hz * time_s) / harmonic**brightness
    return fade(out, 0.002, 0.05)


def cello(note: str, duration_s: float) -> Samples:
    """Bowed and mournful: late vibrato, soft attack."""
    time_s = seconds(duration_s)
    depth = 0.35 * np.minimum(time_s / 1.2, 1.0)
    phase = 2 * np.pi * pitch_hz(note) * time_s + depth * np.sin(2 * np.pi * 4.6 * time_s)
    out = sum(np.sin(k * phase) / k**1.5 for k in range(1, 13))
    return fade(np.asarray(out), 0.35, 0.5)


def bell(note: str, duration_s: float) -> Samples:
    """Bright and glassy, after FM synthesis (Chowning 1973)."""
    time_s = seconds(duration_s)
    base_hz = pitch_hz(note)
    index = 2.2 * np.exp(-5 * time_s)
    out = np.sin(2 * np.pi * base_hz * time_s + index * np.sin(2 * np.pi * 3.0 * base_hz * time_s))
    return fade(out * np.exp(-3.2 * time_s), 0.002, 0.05)


def bass(note: str, duration_s: float) -> Samples:
    time_s = seconds(duration_s)
    phase = 2 * np.pi * pitch_hz(note) * time_s
    out = (
        np.sin(phase)
        + 0.45 * np.sin(2 * phase) * np.exp(-6 * time_s)
        + 0.2 * np.sin(3 * phase) * np.exp(-9 * time_s)
    )
    return fade(out * np.exp(-1.5 * time_s), 0.004, 0.03)


def guitar(notes: Sequence[str], duration_s: float, drive: float, muted: bool) -> Samples:
    """Sawtooth strings through a soft clipper and a small box."""
    time_s = seconds(duration_s)
    strings = np.zeros_like(time_s)
    for note in notes:
        for cents in (-7.0, 7.0):
            turns = pitch_hz(note) * 2 ** (cents / 1200) * time_s
            strings += 2.0 * (turns % 1.0) - 1.0
    strings *= np.exp(-(16.0 if muted else 1.2) * time_s)
    clipped = np.tanh(drive * filtered(strings, 70.0, 6_000.0))
    return fade(filtered(clipped, 80.0, 2_200.0 if muted else 4_800.0), 0.001, 0.015)


def kick(rng: np.random.Generator) -> Samples:
    time_s = seconds(0.28)
    phase = 2 * np.pi * (48 * time_s + 130 / 32 * (1 - np.exp(-32 * time_s)))
    click = filtered(noise(rng, time_s), 1_000.0, 6_000.0) * np.exp(-260 * time_s)
    return fade(np.sin(phase) * np.exp(-11 * time_s) + 0.35 * click, 0.0005, 0.03)


def snare(rng: np.random.Generator) -> Samples:
    time_s = seconds(0.22)
    rattle = filtered(noise(rng, time_s), 900.0, 9_000.0) * np.exp(-20 * time_s)
    drum = np.sin(2 * np.pi * 190 * time_s) * np.exp(-26 * time_s)
    return fade(1.3 * rattle + 0.8 * drum, 0.0005, 0.02)


def clap(rng: np.random.Generator) -> Samples:
    time_s = seconds(0.2)
    bursts = sum(np.exp(-150 * np.maximum(time_s - t, 0)) * (time_s >= t) for t in (0.0, 0.011, 0.022))
    hands = filtered(noise(rng, time_s), 900.0, 4_500.0)
    return fade(hands * (np.asarray(bursts) + 0.5 * np.exp(-24 * time_s)), 0.0005, 0.02)


def hat(rng: np.random.Generator, decay: float = 60.0) -> Samples:
    time_s = seconds(min(0.9, 6.0 / decay))
    return fade(
        filtered(noise(rng, time_s), 6_500.0, 15_000.0) * np.exp(-decay * time_s),
        0.0005,
        0.01,
    )


def filtered(samples: Samples, low_hz: float, high_hz: float) -> Samples:
    """Gentle band-pass without phase shift."""
    padded = 2 * samples.shape[0]
    frequency_hz = np.fft.rfftfreq(padded, 1 / RATE_HZ)
    with np.errstate(divide="ignore"):
        gain = (
            1
            / np.sqrt(1 + (low_hz / np.maximum(frequency_hz, 1e-3)) ** 4)
            / np.sqrt(1 + (frequency_hz / high_hz) ** 4)
        )
    out: Samples = np.fft.irfft(np.fft.rfft(samples, padded) * gain, padded)[: samples.shape[0]]
    return out


# --- the piece ---


class Track:
    """A stretch of sound into which notes are laid; what rings on after its end is kept."""

    def __init__(self, duration_s: float) -> None:
        self.samples: Samples = np.zeros(round((duration_s + 4.0) * RATE_HZ))

    def add(self, at_s: float, sound: Samples, gain: float) -> None:
        begin = round(at_s * RATE_HZ)
        sound = sound[: max(0, self.samples.shape[0] - begin)]
        self.samples[begin : begin + sound.shape[0]] += gain * sound

    def melody(
        self, notes: Iterable[tuple[float, str, float]], play: Callable[[str, float], Samples], gain: float
    ) -> None:
        """Notes as (start in s, name, length in s)."""
        for at_s, note, length_s in notes:
            self.add(at_s, play(note, length_s), gain)


def calm(rng: np.random.Generator) -> Samples:
    """D major, broad and warm: pads under slow arpeggios."""
    track = Track(12.0)
    bars = (
        (("D2", "A2", "F#3", "A3", "E4"), ("D4", "F#4", "A4", "E5", "A4", "F#4", "E4", "A4")),
        (("G2", "D3", "B3", "F#4"), ("G4", "B4", "D5", "F#5", "D5", "B4", "A4", "B4")),
        (("D2", "B2", "F#3", "C#4"), ("F#4", "A4", "C#5", "E5", "D5", "A4", "F#4", "D4")),
    )
    for bar, (chord, arpeggio) in enumerate(bars):
        start_s = 4.0 * bar
        track.add(start_s, pad(chord, 5.2), 0.5)
        for step, note in enumerate(arpeggio):
            swing_s = 0.015 * rng.standard_normal()
            track.add(
                start_s + 0.5 * step + max(0.0, swing_s),
                string(note, 2.4, 0.8, 1.5),
                0.20 + 0.04 * rng.random(),
            )
    return reverberated(track.samples, rng, 2.6, 0.45)


def sad(rng: np.random.Generator) -> Samples:
    """B minor, low and sparse: a cello over single piano notes, going down."""
    track = Track(12.0)
    for start_s, chord in ((0.0, ("B1", "F#2", "D3")), (4.0, ("G1", "D2", "B2")), (8.0, ("E2", "B2", "G3"))):
        track.add(start_s, pad(chord, 5.0, 2.2, 1.6), 0.35)
    line = (
        (0.3, "F#3", 2.4),
        (2.6, "E3", 1.5),
        (4.0, "D3", 2.6),
        (6.6, "C#3", 1.5),
        (8.0, "B2", 2.0),
        (9.9, "A#2", 2.0),
    )
    track.melody(line, cello, 0.20)
    drops = (
        (1.4, "B3", 3.0),
        (3.3, "D4", 3.0),
        (5.4, "B3", 3.0),
        (7.4, "F#3", 3.0),
        (9.2, "G3", 3.0),
        (10.9, "F#3", 2.5),
    )
    track.melody(drops, lambda note, length_s: string(note, length_s, 0.9, 1.9), 0.28)
    return reverberated(filtered(track.samples, 30.0, 2_600.0), rng, 3.4, 0.55)


def angry(rng: np.random.Generator) -> Samples:
    """E Phrygian at 168 beats a minute: muted riff, tritone stabs, double kick."""
    beat_s = 60.0 / 168
    track = Track(10.0)
    stabs = (
        ("F2", "C3"),
        ("Bb1", "E2"),
        ("F2", "B2"),
        ("Bb1", "F2"),
        ("F2", "C3"),
        ("Bb1", "E2"),
        ("B1", "F2"),
    )
    for bar, stab in enumerate(stabs):
        start_s = 4 * beat_s * bar
        for step in range(16):
            at_s = start_s + step * beat_s / 4
            if step in (6, 14):
                track.add(at_s, guitar(stab, beat_s / 2, 7.0, muted=False), 0.42)
            elif step not in (7, 15):
                track.add(at_s, guitar(("E2", "B2"), beat_s / 4, 6.0, muted=True), 0.42)
            if step % 4 in (0, 2, 3):
                track.add(at_s, kick(rng), 0.85)
            if step in (4, 12) or (bar in (3, 6) and step >= 13):
                track.add(at_s, snare(rng), 0.75)
            if step % 2 == 0:
                track.add(at_s, hat(rng, 45.0), 0.28)
            track.add(at_s, bass("E1", beat_s / 4), 0.3)
        if bar % 2 == 0:
            track.add(start_s, hat(rng, 5.0), 0.55)
        if bar >= 3:
            for at_beat, clash in ((0, ("E4", "F4")), (2, ("Bb4", "B4"))):
                track.add(start_s + at_beat * beat_s, guitar(clash, 1.8 * beat_s, 9.0, muted=False), 0.20)
    return reverberated(track.samples, rng, 0.5, 0.12)


def happy(rng: np.random.Generator) -> Samples:
    """G major at 120 beats a minute: bouncing bass, off-beat strums, bells."""
    track = Track(12.0)
    bars = (
        ("G1", ("G3", "B3", "D4"), "D5 G5 B5 A5 G5 - D5 -"),
        ("D2", ("F#3", "A3", "D4"), "F#5 A5 D6 A5 F#5 - A5 -"),
        ("E2", ("G3", "B3", "E4"), "B5 G5 E5 G5 B5 - D6 -"),
        ("C2", ("G3", "C4", "E4"), "E6 D6 C6 G5 E5 - G5 A5"),
        ("D2", ("F#3", "A3", "D4"), "D6 - A5 B5 D6 - F#5 A5"),
        ("G1", ("G3", "B3", "D4"), "G5 - B5 - G6 - - -"),
    )
    for bar, (root, chord, tune) in enumerate(bars):
        start_s = 2.0 * bar
        octave_up = f"{root[:-1]}{int(root[-1]) + 1}"
        for eighth, note in enumerate(tune.split()):
            at_s = start_s + 0.25 * eighth
            if note != "-":
                track.add(at_s, bell(note, 0.9), 0.24)
            track.add(at_s, bass(octave_up if eighth % 2 else root, 0.22), 0.40)
            track.add(at_s, hat(rng, 90.0 if eighth % 2 == 0 else 40.0), 0.14 if eighth % 2 == 0 else 0.24)
            if eighth % 2:
                for late, name in enumerate(chord):
                    track.add(at_s + 0.006 * late, string(name, 0.35, 5.0, 0.9), 0.17)
            if eighth in (0, 4, 7):
                track.add(at_s, kick(rng), 0.70)
            if eighth in (2, 6):
                track.add(at_s, clap(rng), 0.45)
        track.add(start_s, pad(chord, 2.4, 1.3, 0.15), 0.12)
    return reverberated(track.samples, rng, 1.0, 0.18)


def reverberated(samples: Samples, rng: np.random.Generator, decay_s: float, wet: float) -> Samples:
    """Add a room: convolution with decaying noise whose highs die first."""
    time_s = seconds(decay_s)
    hiss = noise(rng, time_s)
    impulse = filtered(hiss, 150.0, 2_500.0) * np.exp(-6.9 * time_s / decay_s)
    impulse += 0.3 * filtered(hiss, 150.0, 7_000.0) * np.exp(-14 * time_s / decay_s)
    impulse /= np.sqrt(np.sum(impulse**2))
    size = 1 << int(samples.shape[0] + impulse.shape[0] - 1).bit_length()
    room = np.fft.irfft(np.fft.rfft(samples, size) * np.fft.rfft(impulse, size), size)[: samples.shape[0]]
    out: Samples = samples + wet * room
    return out


def render(seed: int = SEED) -> NDArray[np.float32]:
    """The whole étude, mono float32 [n] at `RATE_HZ`."""
    players = {"calm": calm, "sad": sad, "angry": angry, "happy": happy}
    out: Samples = np.zeros(round(DURATION_S * RATE_HZ))
    for number, section in enumerate(SECTIONS):
        samples = players[section.emotion](np.random.default_rng([seed, number]))
        length = round((section.end_s - section.start_s) * RATE_HZ)
        level = np.sqrt(np.mean(samples[:length] ** 2))
        samples = samples * 10 ** (LEVELS_DB[section.emotion] / 20) / level
        samples = fade(samples, 0.002, 1.5)
        begin = round(section.start_s * RATE_HZ)
        kept = samples[: out.shape[0] - begin]
        out[begin : begin + kept.shape[0]] += kept
    out = PEAK * np.tanh(out / PEAK)
    return fade(out, 0.05, FADE_OUT_S).astype(np.float32)


def write(path: Path, samples: NDArray[np.float32]) -> None:
    """Ogg Vorbis; in pieces, because libsndfile's encoder overflows its stack on long ones."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with soundfile.SoundFile(
        path, "w", RATE_HZ, 1, format="OGG", subtype="VORBIS", compression_level=QUALITY
    ) as file:
        for begin in range(0, samples.shape[0], RATE_HZ):
            file.write(samples[begin : begin + RATE_HZ])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", nargs="?", type=Path, default=ETUDE)
    arguments = parser.parse_args()
    samples = render()
    write(arguments.path, samples)
    size_kb = arguments.path.stat().st_size / 1000
    print(
        f"{arguments.path}: {samples.shape[0] / RATE_HZ:.1f} s, peak {np.abs(samples).max():.2f}, {size_kb:.0f} kB"
    )


if __name__ == "__main__":
    main()
