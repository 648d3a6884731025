"""The cGAN as a pack's generator: ONNX says what torch says, and the engine paints with it from what it hears.

What every kind of pack passes: `packing/test_kinds_of_packs.py`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.training.tiny_painters import tiny_cgan

from chromesthesia.core.emotions import EMBEDDING_LABEL
from chromesthesia.core.records import ENCODER_HOPS
from chromesthesia.inference.encoder import OnnxEncoder
from chromesthesia.inference.generator import OnnxGenerator
from chromesthesia.inference.probe import load_pack
from chromesthesia_training.cgan.model import LATENT_SIZE
from chromesthesia_training.encoder.export import TrainedEncoder
from chromesthesia_training.packing.painter import EnginePainter, export_painter, painter_pack
from chromesthesia_training.packing.sources import sources_of


@pytest.fixture
def painter() -> EnginePainter:
    return tiny_cgan()


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
