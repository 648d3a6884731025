"""Small collections of made-up songs: chords whose mode and pace go with their ratings."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from chromesthesia_training.backbones.musicnn import Musicnn, parameter_places

RATE_HZ = 22_050
EMOTIONS = (
    "amazement", "solemnity", "tenderness", "nostalgia", "calmness", "power", "joyful_activation", "tension", "sadness",
)  # fmt: skip


def chord(
    seconds: float, minor: bool = False, notes_per_s: float = 2.0, rate_hz: int = RATE_HZ
) -> np.ndarray:
    """A triad on C struck again and again: float32 [n]."""
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    pitches = (60, 63 if minor else 64, 67)
    tones = sum(np.sin(2.0 * np.pi * 440.0 * 2.0 ** ((pitch - 69) / 12.0) * time_s) for pitch in pitches)
    fading = np.exp(-4.0 * ((time_s * notes_per_s) % 1.0))
    return (0.15 * tones * fading).astype(np.float32)


def midi_bytes(notes: int = 2) -> bytes:
    """A file of one track with some notes of a quarter each."""
    track = b"".join(b"\x00\x90\x3c\x40\x60\x80\x3c\x00" for _ in range(notes)) + b"\x00\xff\x2f\x00"
    head = b"MThd" + (6).to_bytes(4) + (0).to_bytes(2) + (1).to_bytes(2) + (96).to_bytes(2)
    return head + b"MTrk" + len(track).to_bytes(4) + track


def write_rows(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def musicnn_weights(path: Path, **changed: np.ndarray) -> Path:
    """Random weights of the published layout, as `|` stands for `/` in a name."""
    rng = np.random.default_rng(0)
    arrays = {}
    for parameter, name, turn in parameter_places(Musicnn()):
        shape = tuple(parameter.shape)
        if turn is not None:
            whole = (*shape, 1) if len(shape) < len(turn) else shape
            back = [turn.index(axis) for axis in range(len(turn))]
            shape = tuple(whole[axis] for axis in back)
        arrays[name.replace("/", "|")] = rng.normal(0.0, 0.05, shape).astype(np.float32)
    np.savez(path, **{**arrays, **changed})  # type: ignore[arg-type]
    return path


@pytest.fixture(name="musicnn_weights")
def musicnn_weights_fixture() -> Callable[..., Path]:
    """`musicnn_weights`, for test modules."""
    return musicnn_weights


@pytest.fixture(name="chord")
def chord_fixture() -> Callable[..., np.ndarray]:
    """`chord`, for test modules."""
    return chord


@pytest.fixture(name="midi_bytes")
def midi_bytes_fixture() -> Callable[..., bytes]:
    """`midi_bytes`, for test modules."""
    return midi_bytes


@pytest.fixture(name="write_rows")
def write_rows_fixture() -> Callable[..., None]:
    """`write_rows`, for test modules."""
    return write_rows


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """`vgmidi` with ten pieces and `emotify` with ten songs of 3 s, two of each fold."""
    folder = tmp_path / "data"
    index, dynamic, emotify = [], [], []
    for number in range(10):
        minor, pace = bool(number % 2), 1.0 + number / 3.0
        name, fold = f"piece{number}", number // 2
        sound = chord(3.1, minor, pace)
        for path in (folder / f"vgmidi/audio/{name}.wav", folder / f"emotify/pop/{number}.wav"):
            path.parent.mkdir(parents=True, exist_ok=True)
            soundfile.write(path, sound, RATE_HZ)
        midi = folder / f"vgmidi/midi/{name}.mid"
        midi.parent.mkdir(parents=True, exist_ok=True)
        midi.write_bytes(midi_bytes())
        index.append(
            {
                "path": f"audio/{name}.wav", "midi": f"midi/{name}.mid", "song_id": name, "series": f"series {fold}",
                "split": "train", "fold": fold,
            }
        )  # fmt: skip
        valence, arousal = (-0.4 if minor else 0.4) + 0.01 * number, -0.5 + 0.1 * number
        dynamic += [
            {"song_id": name, "measure": m, "time_s": 1.5 * m, "valence": valence, "arousal": arousal}
            for m in range(2)
        ]
        emotify.append(
            {
                "path": f"pop/{number}.wav", "song_id": str(number), "genre": "pop", "split": "train", "fold": fold,
                **{emotion: round(0.05 * ((number + place) % 10), 3) for place, emotion in enumerate(EMOTIONS)},
            }
        )  # fmt: skip
    write_rows(folder / "vgmidi/index.csv", index)
    write_rows(folder / "vgmidi/dynamic.csv", dynamic)
    write_rows(folder / "emotify/index.csv", emotify)
    return folder
