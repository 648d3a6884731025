"""A tiny painter in a whole pack, and an artist of a few made-up pictures."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from tests.training.packing.test_pack import ENCODER_METRICS, PARITY

from chromesthesia_training.data.condition import ConditionSpace
from chromesthesia_training.encoder.export import TrainedEncoder
from chromesthesia_training.gan.checkpoint import TrainedGenerator
from chromesthesia_training.gan.export import export_generator
from chromesthesia_training.gan.model import Generator
from chromesthesia_training.packing.pack import PackParts, build_pack
from chromesthesia_training.packing.sources import sources_of

WIDTHS = (16, 12, 8)
SPACE = ConditionSpace((0.5, 0.5, 0.5), (1.0, 1.0, 1.0), (0.1, 0.8))


def tiny_generator(seed: int = 0, widths: tuple[int, ...] = WIDTHS) -> Generator:
    """Side 64; norms with statistics, a layout, steering and an offset of their own, as after training."""
    rng = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        generator = Generator(widths)
    with torch.no_grad():
        # Equal ones would become one in the file, and none is after training.
        for weights in generator.parameters():
            weights.add_(0.02 * torch.randn(weights.shape, generator=rng))
        for name, values in generator.named_buffers():
            if name.endswith("running_mean"):
                values.normal_(0, 0.2, generator=rng)
            elif name.endswith("running_var"):
                values.uniform_(0.3, 2.0, generator=rng)
        generator.prior.mean.normal_(0, 0.2, generator=rng)
        generator.prior.slopes.normal_(0, 0.1, generator=rng)
        generator.prior.axes.normal_(0, 0.1, generator=rng)
        generator.steering.slopes.normal_(0, 0.5, generator=rng)
        generator.steering.settle()
    return generator.eval()


def stroke_picture(seed: int, size: tuple[int, int] = (80, 96)) -> Image.Image:
    """One hand: broad strokes over a ground, of a few warm and cold colours; every seed another composition."""
    rng = np.random.default_rng(seed)
    colours = np.array([[200, 90, 60], [230, 200, 120], [50, 70, 110], [30, 30, 35], [120, 140, 90]])
    down, across = np.mgrid[: size[0], : size[1]]
    pixels = np.broadcast_to(colours[rng.integers(5)], (*size, 3)).astype(float).copy()
    for _ in range(14):
        angle, place, width = rng.uniform(0, np.pi), rng.uniform(0, 1, 2), rng.uniform(3, 9)
        away = np.cos(angle) * (down - place[0] * size[0]) + np.sin(angle) * (across - place[1] * size[1])
        along = -np.sin(angle) * (down - place[0] * size[0]) + np.cos(angle) * (across - place[1] * size[1])
        pixels[(np.abs(away) < width) & (np.abs(along) < rng.uniform(10, 40))] = colours[rng.integers(5)]
    return Image.fromarray(np.clip(pixels + rng.normal(0, 6, pixels.shape), 0, 255).astype(np.uint8))


@pytest.fixture(scope="session")
def artist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve pictures of one hand, lying and standing, in a folder with a stray text."""
    folder = tmp_path_factory.mktemp("artist")
    for seed in range(12):
        stroke_picture(seed, (80, 96) if seed % 2 else (100, 72)).save(folder / f"sunday {seed:02d}.png")
    (folder / "about.txt").write_text("oil on board")
    return folder


@pytest.fixture(scope="session")
def base(tmp_path_factory: pytest.TempPathFactory) -> TrainedGenerator:
    """The tiny painter."""
    return TrainedGenerator(tiny_generator(), SPACE, 700, 11_200, 60.0)


@pytest.fixture(scope="session")
def base_pack(
    tmp_path_factory: pytest.TempPathFactory,
    base: TrainedGenerator,
    exported: tuple[TrainedEncoder, Path],
) -> Path:
    """A pack of it, whose data restrict it."""
    place = tmp_path_factory.mktemp("base")
    made = export_generator(base.generator, base, place / "generator.onnx")
    parts = PackParts(
        exported[1],
        made.path,
        PARITY,
        sources_of(["nemo", "art"], "encoder"),
        ENCODER_METRICS,
        {"frechet": {"made": 61.5}, "step": 700},
        notes=["The generator was trained in parts.", "Trained on a Tuesday."],
    )
    return build_pack(parts, place / "packs" / "old", created=date(2026, 11, 21)).folder


@pytest.fixture(name="stroke_picture", scope="session")
def stroke_picture_fixture() -> Callable[..., Image.Image]:
    """`stroke_picture`, for test modules."""
    return stroke_picture
