"""The VAE as a pack's generator: ONNX says what torch says, the engine loads it and paints with it.

What every kind of pack passes: `packing/test_kinds_of_packs.py`.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.training.tiny_painters import tiny_vae

from chromesthesia.core.records import ENCODER_HOPS
from chromesthesia.inference.encoder import OnnxEncoder
from chromesthesia.inference.generator import OnnxGenerator
from chromesthesia.inference.probe import load_pack
from chromesthesia_training.encoder.export import TrainedEncoder
from chromesthesia_training.packing.painter import export_painter, painter_pack
from chromesthesia_training.packing.sources import sources_of
from chromesthesia_training.vae.export import EngineVae, engine_vae
from chromesthesia_training.vae.generating import Painter


@pytest.fixture
def painter() -> Painter:
    return tiny_vae()


def test_onnx_paints_what_torch_paints(painter: Painter, tmp_path: Path) -> None:
    made = export_painter(engine_vae(painter), tmp_path / "generator.onnx")
    assert made.difference < 1e-4
    assert made.path.stat().st_size == made.size_bytes


def test_a_named_emotion_draws_the_labels_to_its_place(painter: Painter) -> None:
    module = EngineVae(painter)
    noise = torch.zeros(1, 12)
    with torch.no_grad():
        calm = module(torch.tensor([[0.0, 0.0, 0.0, 0.0, 0.0]]), noise)
        angry, sad = (
            module(torch.tensor([[0.0, 0.0, float(angry), 0.0, float(not angry)]]), noise)
            for angry in (True, False)
        )
    assert calm.shape == (1, 3, 224, 224)
    assert not torch.equal(angry, calm)
    assert not torch.equal(angry, sad)
    assert 0.0 <= float(calm.min()) <= float(calm.max()) <= 1.0


@pytest.mark.slow
def test_the_engine_paints_with_a_pack_of_it(
    painter: Painter, exported: tuple[TrainedEncoder, Path], tmp_path: Path
) -> None:
    painter_pack(
        engine_vae(painter), exported[1], tmp_path / "pack", (1e-5, 1e-5), sources_of(["art"], "generator")
    )
    pack = load_pack(tmp_path / "pack")
    generator = OnnxGenerator(pack, "cpu")
    heard = OnnxEncoder(pack).step(np.full((ENCODER_HOPS, 64), -8.0, np.float32), 0, 0.0)
    condition = np.array([heard.valence, heard.arousal, *heard.probabilities], np.float32)
    noise = np.random.default_rng(0).standard_normal(12).astype(np.float32)
    picture = generator.paint(condition, noise)
    assert picture.shape == (224, 224, 3)
    assert picture.std() > 1.0
    again = generator.paint(np.array([0.9, -0.9, 0.0, 0.0, 0.0], np.float32), noise)
    assert not np.array_equal(picture, again)
