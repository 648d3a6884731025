"""MIDI as FluidSynth plays it, where that is there: keys, melodies and pieces of VGMIDI whose beats are known."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.music_synthesis import (
    FRAME_S,
    NAMES,
    RATE_HZ,
    Float32,
    Float64,
    Piece,
    hz,
    keyed_notes,
    merged,
)

SOUNDFONTS = (
    Path("/usr/share/sounds/sf2/default-GM.sf2"),
    Path("/usr/share/sounds/sf2/FluidR3_GM.sf2"),
    Path("/usr/share/sounds/sf2/TimGM6mb.sf2"),
)


def no_midi() -> str:
    """Why no MIDI can be played here; empty where it can."""
    if shutil.which("fluidsynth") is None or not any(font.exists() for font in SOUNDFONTS):
        return "apt install fluidsynth timgm6mb-soundfont"
    return ""


def rendered(midi: Any, seconds: float) -> Float32:
    """What FluidSynth plays of a mido.MidiFile, dry: float32 [n] at `RATE_HZ`."""
    import soundfile

    font = next(font for font in SOUNDFONTS if font.exists())
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "a.mid", Path(folder) / "a.wav"
        midi.save(source)
        subprocess.run(
            ["fluidsynth", "-ni", "-q", "-R", "0", "-C", "0", "-g", "0.6", "-r", str(RATE_HZ), "-F", str(out),
             str(font), str(source)],
            check=True, capture_output=True, timeout=120,
        )  # fmt: skip
        samples, _ = soundfile.read(out, dtype="float32", always_2d=True, frames=int(seconds * RATE_HZ))
    mono = samples.mean(axis=1)
    return np.asarray(mono * (0.5 / max(1e-6, float(np.abs(mono).max()))), dtype=np.float32)


def midi_of(notes: Iterable[tuple[float, float, int, int]], programs: Sequence[int]) -> Any:
    """A mido.MidiFile of (start s, end s, note, part); part n plays programs[n]."""
    import mido

    events = [
        (at_s, kind, note, part)
        for begin_s, end_s, note, part in notes
        for at_s, kind in ((begin_s, 1), (end_s, 0))
    ]
    track, midi, last = mido.MidiTrack(), mido.MidiFile(ticks_per_beat=1000), 0
    track.append(mido.MetaMessage("set_tempo", tempo=1_000_000))
    for part, program in enumerate(programs):
        track.append(mido.Message("program_change", channel=part, program=program))
    for at_s, kind, note, part in sorted(events):
        tick = round(at_s * 1000)
        velocity = (90, 70, 100)[part % 3] if kind else 0
        track.append(mido.Message("note_on", channel=part, note=note, velocity=velocity, time=tick - last))
        last = tick
    midi.tracks.append(track)
    return midi


def keyed_midi(tonic: int, mode: str, seconds: float, seed: int) -> Piece:
    """A key as a band plays it: bass, piano or strings, flute or violin."""
    programs = ((33, 0, 73), (43, 48, 40), (32, 24, 56))[seed % 3]
    midi = midi_of(keyed_notes(tonic, mode, seconds, seed), programs)
    key = f"{NAMES[tonic]} {mode}"
    return Piece(f"{key} played", "key", rendered(midi, seconds), key=key)


def melody_midi(program: int, low: int, high: int, seconds: float, seed: int) -> Piece:
    """A melody as an instrument of General MIDI plays it; its pitch is that of the notes."""
    rng = np.random.default_rng(seed)
    notes: list[tuple[float, float, int, int]] = []
    place_s, note = 0.3, (low + high) // 2
    pitch_hz = np.zeros(int(seconds / FRAME_S))
    while place_s < seconds - 1.0:
        length_s = float(rng.choice([0.25, 0.4, 0.6]))
        note = int(np.clip(note + rng.integers(-7, 8), low, high))
        notes.append((place_s, place_s + length_s, note, 0))
        pitch_hz[round(place_s / FRAME_S) : round((place_s + length_s) / FRAME_S)] = hz(note)
        place_s += length_s + float(rng.choice([0.0, 0.1]))
    samples = rendered(midi_of(notes, (program,)), seconds)
    onsets = merged(begin_s for begin_s, *_ in notes)
    return Piece(f"program {program} {low}-{high}", "melody", samples, onsets, pitch_hz=pitch_hz)


def vgmidi(folder: Path, count: int, seconds: float) -> list[Piece]:
    """Pieces of VGMIDI whose notes lie on the grid of their own tempo, so that their beats are known; rendered anew."""
    import mido

    pieces: list[Piece] = []
    for path in sorted((folder / "midi").glob("*.mid")):
        midi = mido.MidiFile(path)
        found = _grid(midi)
        if found is None or midi.length < seconds:
            continue
        notes_s, beats_s, bars_s = found
        onsets_s = merged(notes_s[notes_s < seconds - 0.3])
        if len(onsets_s) < seconds:
            continue
        whole = beats_s[beats_s < seconds - 0.3]
        pieces.append(
            Piece(path.stem, "midi", rendered(midi, seconds), onsets_s, whole, bars_s[bars_s < seconds - 0.3])
        )
        if len(pieces) == count:
            break
    return pieces


def _grid(midi: Any) -> tuple[Float64, Float64, Float64] | None:
    """(notes, beats, bars) in seconds; None where the notes are off the grid, or the bar is not known."""
    import mido

    ticks, tempi, meters = [], [(0, 500_000)], []
    for track in midi.tracks:
        at = 0
        for event in track:
            at += event.time
            if event.type == "set_tempo":
                tempi.append((at, event.tempo))
            elif event.type == "time_signature":
                meters.append((event.numerator, event.denominator))
            elif event.type == "note_on" and event.velocity:
                ticks.append(at)
    if not ticks or len(set(meters)) != 1 or meters[0] not in ((4, 4), (3, 4), (2, 4)):
        return None
    per_beat = midi.ticks_per_beat
    off = np.mod(np.array(ticks) + per_beat / 48, per_beat / 4) > per_beat / 24
    if off.mean() > 0.05:
        return None
    # A tempo that is set at the same moment as the first counts instead of it.
    changes = dict(sorted(tempi, key=lambda change: change[0]))
    marks = sorted(changes)
    seconds = [0.0]
    for before, after in pairwise(marks):
        seconds.append(seconds[-1] + mido.tick2second(after - before, per_beat, changes[before]))

    def at_s(tick: NDArray[Any]) -> Float64:
        place = np.searchsorted(marks, tick, "right") - 1
        tempo = np.array([changes[mark] for mark in marks])[place]
        since = (tick - np.array(marks)[place]) * tempo / 1e6 / per_beat
        return np.asarray(np.array(seconds)[place] + since, dtype=np.float64)

    beats = np.arange(0, max(ticks) + 1, per_beat)
    return at_s(np.array(ticks)), at_s(beats), at_s(beats[:: meters[0][0]])
