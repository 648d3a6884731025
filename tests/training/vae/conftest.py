"""A small collection for the VAE: coloured paintings and chords whose mode and pace go with their ratings."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from PIL import Image

RATE_HZ = 8_000
EMOTIONS = ("anger", "contentment", "sadness", "awe", "fear")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small tensors are slower on several threads."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def write_rows(path: Path, rows: list[dict[str, object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def painting(number: int) -> Image.Image:
    """A ramp of a colour with some grain."""
    rng = np.random.default_rng(number)
    ramp = np.linspace(20, 220, 48)[:, None, None] * rng.uniform(0.2, 1.0, 3)
    grain = rng.normal(0.0, 12.0, (48, 48, 3))
    return Image.fromarray(np.clip(ramp + grain, 0, 255).astype(np.uint8))


def chord(seconds: float, minor: bool, pace: float) -> np.ndarray:
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    tones = sum(np.sin(2.0 * np.pi * pitch * time_s) for pitch in (262.0, 311.0 if minor else 330.0, 392.0))
    return (0.15 * tones * np.exp(-4.0 * ((time_s * pace) % 1.0))).astype(np.float32)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """`art` with ten paintings and `vgmidi` with five pieces of 31 s, of five folds; `clips` and `free/pictures`."""
    folder = tmp_path / "data"
    art: list[dict[str, object]] = []
    for number in range(10):
        name = f"images/{number}.png"
        (folder / "art/images").mkdir(parents=True, exist_ok=True)
        painting(number).save(folder / "art" / name)
        art.append(
            {
                "path": name, "artist": f"artist {number % 5}", "emotion": EMOTIONS[number % 5],
                "valence": round(0.05 + 0.09 * number, 3), "arousal": round(0.95 - 0.09 * number, 3), "dominance": 0.5,
                "split": "train", "fold": number % 5,
            }
        )  # fmt: skip
    write_rows(folder / "art/index.csv", art)
    index: list[dict[str, object]] = []
    dynamic: list[dict[str, object]] = []
    for number in range(5):
        name = f"piece{number}"
        (folder / "vgmidi/audio").mkdir(parents=True, exist_ok=True)
        sound = chord(31.0, bool(number % 2), 1.0 + number)
        soundfile.write(folder / f"vgmidi/audio/{name}.wav", sound, RATE_HZ)
        index.append(
            {
                "path": f"audio/{name}.wav", "midi": "", "song_id": name, "series": f"series {number}",
                "split": "train", "fold": number,
            }
        )  # fmt: skip
        dynamic += [
            {
                "song_id": name,
                "measure": m,
                "time_s": 5.0 * m,
                "valence": -0.5 + 0.2 * number,
                "arousal": 0.1 * m,
            }
            for m in range(6)
        ]
    write_rows(folder / "vgmidi/index.csv", index)
    write_rows(folder / "vgmidi/dynamic.csv", dynamic)
    (folder / "clips").mkdir()
    soundfile.write(folder / "clips/free.wav", chord(31.0, False, 2.0), RATE_HZ)
    write_rows(
        folder / "clips/index.csv",
        [
            {"path": "free.wav", "kind": "music", "duration_s": 31.0, "licence": "PD"},
            {"path": "kept.wav", "kind": "music", "duration_s": 31.0, "licence": "CC BY-NC"},
        ],
    )
    (folder / "free/pictures").mkdir(parents=True)
    painting(3).save(folder / "free/pictures/old.png")
    write_rows(folder / "free/pictures/index.csv", [{"path": "old.png", "brightness": 0.4}])
    return folder
