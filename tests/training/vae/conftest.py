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
from torch import Tensor

from chromesthesia_training.backbones.encodec import STRIDES

RATE_HZ = 8_000
EMOTIONS = ("anger", "contentment", "sadness", "awe", "fear")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small tensors are slower on several threads; the nets of a test are the same, whatever ran before it."""
    torch.manual_seed(0)
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
                "valence": round(-0.5 + 0.2 * number, 3),
                "arousal": round(0.1 * m, 3),
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


WIDTH, FILTERS = 64, 2
State = dict[str, Tensor]


def tiny_vit() -> State:
    """ViT of two layers in the published layout, one head of 64."""
    torch.manual_seed(0)
    embeddings = "vit.embeddings"
    state = {
        f"{embeddings}.cls_token": torch.randn(1, 1, WIDTH),
        f"{embeddings}.position_embeddings": torch.randn(1, 197, WIDTH),
        f"{embeddings}.patch_embeddings.projection.weight": torch.randn(WIDTH, 3, 16, 16) * 0.05,
        f"{embeddings}.patch_embeddings.projection.bias": torch.randn(WIDTH),
        "vit.layernorm.weight": torch.ones(WIDTH),
        "vit.layernorm.bias": torch.zeros(WIDTH),
        "classifier.weight": torch.zeros(3, WIDTH),
    }
    for number in range(2):
        name = f"vit.encoder.layer.{number}"
        for part, (wide, narrow) in {
            "attention.attention.query": (WIDTH, WIDTH),
            "attention.attention.key": (WIDTH, WIDTH),
            "attention.attention.value": (WIDTH, WIDTH),
            "attention.output.dense": (WIDTH, WIDTH),
            "intermediate.dense": (4 * WIDTH, WIDTH),
            "output.dense": (WIDTH, 4 * WIDTH),
        }.items():
            state[f"{name}.{part}.weight"] = torch.randn(wide, narrow) * 0.1
            state[f"{name}.{part}.bias"] = torch.randn(wide) * 0.1
        for norm in ("layernorm_before", "layernorm_after"):
            state[f"{name}.{norm}.weight"] = 1.0 + 0.1 * torch.randn(WIDTH)
            state[f"{name}.{norm}.bias"] = 0.1 * torch.randn(WIDTH)
    return state


@pytest.fixture
def vit_state() -> State:
    """`tiny_vit`, for test modules."""
    return tiny_vit()


def tiny_encodec() -> State:
    """A narrow EnCodec of three code books in the published layout."""
    width = 6
    torch.manual_seed(0)
    state: State = {}

    def conv(name: str, inputs: int, outputs: int, size: int, turned: bool = False) -> None:
        way = torch.randn(*((inputs, outputs) if turned else (outputs, inputs)), size)
        state[f"{name}.weight_v"] = way
        state[f"{name}.weight_g"] = way.flatten(1).norm(dim=1)[:, None, None] * 0.4
        state[f"{name}.bias"] = torch.randn(outputs) * 0.1

    def block(name: str, wide: int) -> None:
        conv(f"{name}.block.1.conv.conv", wide, wide // 2, 3)
        conv(f"{name}.block.3.conv.conv", wide // 2, wide, 1)
        conv(f"{name}.shortcut.conv.conv", wide, wide, 1)

    def lstm(name: str, wide: int) -> None:
        for key, value in torch.nn.LSTM(wide, wide, 2).state_dict().items():
            state[f"{name}.{key}"] = value

    wide = FILTERS
    conv("encoder.model.0.conv.conv", 1, wide, 7)
    for number, stride in enumerate(STRIDES):
        block(f"encoder.model.{3 * number + 1}", wide)
        conv(f"encoder.model.{3 * number + 3}.conv.conv", wide, 2 * wide, 2 * stride)
        wide *= 2
    lstm("encoder.model.13.lstm", wide)
    conv("encoder.model.15.conv.conv", wide, width, 7)
    conv("decoder.model.0.conv.conv", width, wide, 7)
    lstm("decoder.model.1.lstm", wide)
    for number, stride in enumerate(reversed(STRIDES)):
        conv(f"decoder.model.{3 * number + 3}.convtr.convtr", wide, wide // 2, 2 * stride, turned=True)
        wide //= 2
        block(f"decoder.model.{3 * number + 4}", wide)
    conv("decoder.model.15.conv.conv", wide, 1, 7)
    for number in range(3):
        state[f"quantizer.vq.layers.{number}._codebook.embed"] = torch.randn(16, width)
    return state


@pytest.fixture
def encodec_state() -> State:
    """`tiny_encodec`, for test modules."""
    return tiny_encodec()
