"""The default pack's quick pupil paints what its teacher paints."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from chromesthesia_training.measuring.controllability import engine_conditions
from chromesthesia_training.measuring.painters import OnnxPainter, normal_latents
from chromesthesia_training.packing.manifest import manifest_of

PACK = Path(__file__).resolve().parents[3] / "exports" / "default"
PICTURES = 12


def test_it_is_listed_and_near_its_teacher_wherever_it_is_asked() -> None:
    (tier,) = [tier for tier in manifest_of(PACK).tiers if tier.precision == "quick"]
    assert tier.kept
    pupil, teacher = OnnxPainter(PACK / tier.file), OnnxPainter(PACK / "generator.onnx")
    conditions = engine_conditions(PICTURES, 4)
    latents = normal_latents(PICTURES, teacher.latent_size, 4)
    ours, theirs = (one.paint(conditions, latents).astype(np.float64) for one in (pupil, teacher))
    assert np.abs(ours - theirs).mean() < 10.0
    shuffled = np.abs(ours - np.roll(theirs, 1, axis=0)).mean()
    assert np.abs(ours - theirs).mean() < shuffled / 4
