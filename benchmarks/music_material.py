"""Everything that the ear for music is measured with, and the truth about it."""

from __future__ import annotations

from pathlib import Path

from benchmarks.music_midi import keyed_midi, melody_midi, no_midi, vgmidi
from benchmarks.music_synthesis import PATTERNS, Piece, drums, keyed, melody


def material(quick: bool, shared: Path | None) -> list[Piece]:
    """Everything there is to be heard here."""
    seconds = 14.0 if quick else 24.0
    steady = [
        ((0.0, bpm),) for bpm in ((96.0, 128.0) if quick else (72.0, 84.0, 100.0, 120.0, 128.0, 140.0, 172.0))
    ]
    patterns = list(PATTERNS)
    pieces = [drums(patterns[number % 3], tempo, seconds, seed=number) for number, tempo in enumerate(steady)]
    pieces += [
        drums("ride", ((0.0, 130.0),), seconds, swing=1.0, seed=11),
        drums("rock", ((0.0, 110.0),), seconds, swing=0.6, seed=12),
    ]
    pieces += [drums("rock", ((0.0, 100.0), (4.0, 100.0), (seconds - 4.0, 130.0)), seconds, seed=13)]
    pieces += [drums("four", ((0.0, 125.0),), seconds, seed=14, noise_db=10.0, chords=True)]
    if not quick:
        pieces += [drums("rock", ((0.0, 96.0),), seconds, seed=15, noise_db=3.0)]
        pieces += [drums("four", ((0.0, 120.0), (12.0, 120.0), (12.01, 100.0)), seconds, seed=16)]
        pieces += [drums("sparse", ((0.0, 105.0),), seconds, seed=17, chords=True)]
        pieces += [drums("break", ((0.0, 165.0),), seconds, seed=18, noise_db=10.0)]
        pieces += [drums("rock", ((0.0, 140.0), (seconds, 110.0)), seconds, seed=19, chords=True)]
    short = 6.0 if quick else 10.0
    timbres = (("sine", 50, 84), ("saw", 36, 60), ("voice", 50, 74), ("hollow", 48, 79), ("bright", 38, 62))
    pieces += [
        melody(timbre, low, high, short, seed=20 + number)
        for number, (timbre, low, high) in enumerate(timbres)
    ]
    pieces += [melody("voice", 45, 69, short, seed=30, noise_db=10.0)]
    keys = [(number * 7 % 12, mode) for number in range(2 if quick else 12) for mode in ("major", "minor")]
    pieces += [keyed(tonic, mode, 12.0, number) for number, (tonic, mode) in enumerate(keys)]
    if not no_midi():
        pieces += [keyed_midi(tonic, mode, 12.0, number) for number, (tonic, mode) in enumerate(keys)]
        players = ((73, 62, 86), (40, 55, 80), (42, 38, 62), (56, 55, 77), (0, 40, 76), (71, 52, 80))
        pieces += [
            melody_midi(program, low, high, short, 40 + number)
            for number, (program, low, high) in enumerate(players)
        ]
        if shared is not None:
            pieces += vgmidi(shared / "data" / "vgmidi", 3 if quick else 16, 20.0)
    return pieces
