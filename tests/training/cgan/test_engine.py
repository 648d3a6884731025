"""The cGAN as a pack's generator: ONNX says what torch says, and the engine paints with it from what it hears."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from chromesthesia.audio.etude import ETUDE
from chromesthesia.core.config import FilmConfig
from chromesthesia.core.emotions import EMBEDDING_LABEL
from chromesthesia.core.records import EMBEDDING_SIZE, ENCODER_HOPS
from chromesthesia.inference.check import find_faults
from chromesthesia.inference.encoder import OnnxEncoder
from chromesthesia.inference.generator import OnnxGenerator
from chromesthesia.inference.probe import load_pack
from chromesthesia.show.offline import render_film
from chromesthesia_training.align.heads import ProjectionHead
from chromesthesia_training.cgan.engine import engine_cgan
from chromesthesia_training.cgan.model import LATENT_SIZE, CganGenerator, CganSizes
from chromesthesia_training.encoder.export import TrainedEncoder
from chromesthesia_training.packing.painter import EnginePainter, export_painter, painter_pack
from chromesthesia_training.packing.sources import sources_of


@pytest.fixture
def painter() -> EnginePainter:
    torch.manual_seed(0)
    head, generator = ProjectionHead(EMBEDDING_SIZE), CganGenerator(CganSizes(16, 4))
    for block in generator.blocks:
        for norm in (block.norm1, block.norm2):
            torch.nn.init.normal_(norm.affine.weight, std=0.3)  # type: ignore[union-attr,arg-type]
    return engine_cgan(head.eval(), generator.eval())


def test_onnx_paints_what_torch_paints(painter: EnginePainter, tmp_path: Path) -> None:
    made = export_painter(painter, tmp_path / "generator.onnx")
    assert made.difference < 1e-4
    assert made.path.stat().st_size == made.size_bytes


@pytest.mark.slow
def test_the_engine_paints_from_the_embedding_that_it_hears(
    painter: EnginePainter, exported: tuple[TrainedEncoder, Path], tmp_path: Path
) -> None:
    out = tmp_path / "pack"
    painter_pack(painter, exported[1], out, (1e-5, 1e-5), sources_of(["art"], "generator"))
    assert find_faults(out) == []
    pack = load_pack(out)
    assert pack.manifest.generator.condition_labels == (EMBEDDING_LABEL,)
    generator, encoder = OnnxGenerator(pack, "cpu"), OnnxEncoder(pack)
    noise = np.random.default_rng(0).standard_normal(LATENT_SIZE).astype(np.float32)
    pictures = []
    rng = np.random.default_rng(1)
    for _ in range(2):
        encoder.reset()
        heard = encoder.step(rng.normal(-8.0, 3.0, (ENCODER_HOPS, 64)).astype(np.float32), 0, 0.0)
        pictures.append(generator.paint(heard.embedding, noise))
    assert pictures[0].shape == (16, 16, 3)
    assert pictures[0].std() > 1.0
    assert not np.array_equal(pictures[0], pictures[1])


@pytest.mark.gl
@pytest.mark.slow
def test_a_film_is_rendered_with_the_pack(
    painter: EnginePainter, exported: tuple[TrainedEncoder, Path], tmp_path: Path
) -> None:
    out = tmp_path / "pack"
    painter_pack(painter, exported[1], out, (1e-5, 1e-5), sources_of(["art"], "generator"))
    config = FilmConfig(
        ETUDE, tmp_path / "film.mp4", "Gallery", pack=out, width=64, height=36, duration_s=1.0, fps=12.0
    )
    report = render_film(config)
    assert report["frames"] == 12
    assert report["generator_failures"] == report["encoder_failures"] == 0
