"""The free pack as it is shipped: every file that trained it is listed and free, and plays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from chromesthesia.inference.probe import load_pack
from chromesthesia_training.measuring.painters import OnnxPainter, normal_latents
from chromesthesia_training.packing.provenance import PROVENANCE_NAME, check_pack, read_provenance

ROOT = Path(__file__).resolve().parents[3]
PACK = ROOT / "exports" / "free"


def test_every_file_that_trained_it_is_free() -> None:
    verdict = check_pack(PACK)
    assert verdict.free, verdict.refusals
    assert "Show it, sell it" in (PACK / "MODEL_CARD.md").read_text(encoding="utf-8")
    sources = {(origin.used_for, origin.source) for origin in read_provenance(PACK / PROVENANCE_NAME)}
    assert {use for use, _ in sources} == {"encoder", "generator"}
    assert not any("D-ViSA" in source or "RAVDESS" in source for _, source in sources)


def test_it_loads_and_follows_what_is_asked() -> None:
    pack = load_pack(PACK)
    assert pack.name == "free"
    painter = OnnxPainter(PACK / "generator.onnx")
    latents = normal_latents(12, painter.latent_size, 5)
    dark, light = (
        painter.paint(np.tile(np.array([valence, 0, 0, 0, 0], np.float32), (12, 1)), latents).mean()
        for valence in (-1.0, 1.0)
    )
    assert light > dark + 30


@pytest.mark.shared_data
def test_every_listed_sound_and_picture_is_among_the_data_by_its_bytes(shared_dir: Path) -> None:
    data = shared_dir / "data"
    verdict = check_pack(PACK, (data / "free", data / "speech" / "emodb", data / "weights"))
    assert verdict.free, verdict.refusals
