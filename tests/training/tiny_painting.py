"""Tiny paintings and a tiny frozen net, so that a whole run takes a second."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn

from chromesthesia_training.data.art import EMOTIONS
from chromesthesia_training.gan.export import ExportReport, export_onnx
from chromesthesia_training.gan.settings import GanSettings

TINY_WIDTHS = (16, 12, 8)
HUES = np.random.default_rng(1).integers(0, 255, (len(EMOTIONS), 3))


class TinyNet(nn.Module):
    """A frozen random stand-in for SqueezeNet: three maps, each half the size of the one before."""

    channels: dict[str, int] = {"fine": 8, "middle": 8, "deep": 12}  # noqa: RUF012 - matches the protocol

    def __init__(self) -> None:
        super().__init__()
        rng = torch.Generator().manual_seed(0)
        widths = (3, *self.channels.values())
        for number, (width_in, width_out) in enumerate(pairwise(widths)):
            self.register_buffer(
                f"kernel_{number}", torch.randn(width_out, width_in, 3, 3, generator=rng) * 0.3
            )

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        maps = {}
        x = F.avg_pool2d(image, 2)
        for number, name in enumerate(self.channels):
            x = F.relu(F.conv2d(x, self.get_buffer(f"kernel_{number}"), stride=2, padding=1))
            maps[name] = x
        return maps


def paint(path: Path, emotion: str, seed: int) -> None:
    """A small picture whose colour tells its emotion."""
    rng = np.random.default_rng(seed)
    noise = rng.integers(-60, 60, (24, 24, 3))
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.clip(HUES[EMOTIONS.index(emotion)] + noise, 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(path)


@pytest.fixture(scope="session")
def art_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An index.csv folder: every emotion by artists of every split."""
    folder = tmp_path_factory.mktemp("art")
    lines = ["path,artist,emotion,valence,arousal,dominance,split,fold"]
    rng = np.random.default_rng(0)
    for number in range(72):
        emotion = EMOTIONS[number % len(EMOTIONS)]
        split = ("train", "val", "test")[number // 8 % 3]
        paint(folder / "images" / f"{number}.png", emotion, number)
        ratings = ",".join(f"{value:.3f}" for value in rng.uniform(0, 1, 3))
        lines.append(f"images/{number}.png,{split}-artist-{number % 4},{emotion},{ratings},{split},0")
    (folder / "index.csv").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture(scope="session")
def tiny_net() -> TinyNet:
    return TinyNet()


def tiny_settings(art_dir: Path, run_dir: Path, steps: int) -> GanSettings:
    """A run of two autoencoder steps, then adversarial ones, at steady rates whenever it ends."""
    return GanSettings(
        art_dir,
        Path("not-needed.npz"),
        run_dir,
        cache_dir=None,
        steps=steps,
        batch=4,
        stored_side=48,
        widths=TINY_WIDTHS,
        rebuild_steps=2,
        decay_share=0.0,
        feature_sides=(48, 64),
        reader_side=48,
        log_every=1,
    )


@pytest.fixture(scope="session")
def trained_dir(art_dir: Path, tiny_net: TinyNet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run of four steps."""
    from chromesthesia_training.gan.train import train

    return train(tiny_settings(art_dir, tmp_path_factory.mktemp("run"), steps=4), tiny_net)


@pytest.fixture(scope="session")
def exported_generator(trained_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> ExportReport:
    """The finished run as ONNX; exporting takes seconds, so once for all."""
    return export_onnx(trained_dir, tmp_path_factory.mktemp("export") / "generator.onnx")
