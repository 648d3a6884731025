"""Sheet and clip of the shipped pack: whole pictures of the promised size, and sound that moves the clip."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from chromesthesia.core.records import SAMPLE_RATE_HZ
from chromesthesia.generator.walks.latent import MotionSettings
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.gan import samples
from chromesthesia_training.measuring.motion import STILL, frame_changes, listen, steady_sounds, walk
from chromesthesia_training.measuring.painters import OnnxPainter

SHIPPED = Path(__file__).parents[3] / "exports" / "default"


def test_the_sheet_has_a_row_for_each_emotion(tmp_path: Path) -> None:
    path = samples.make_sheet(SHIPPED, tmp_path / "samples.jpg")
    assert path.stat().st_size <= samples.LARGEST_SHEET_BYTES
    with Image.open(path) as sheet:
        assert sheet.height == 2 * samples.MARGIN + 4 * samples.TILE + 3 * samples.GAP
        pixels = np.asarray(sheet.convert("RGB"), float)
    first_column = samples.MARGIN + samples.LABEL_WIDTH
    rows = [
        pixels[top : top + samples.TILE, first_column : first_column + samples.TILE]
        for top in range(samples.MARGIN, sheet.height - samples.TILE, samples.TILE + samples.GAP)
    ]
    assert len(rows) == 4
    assert all(np.abs(one - other).mean() > 5 for one, other in pairwise(rows))


def test_the_clip_moves_and_is_small(tmp_path: Path) -> None:
    time_s = np.arange(SAMPLE_RATE_HZ // 2) / SAMPLE_RATE_HZ
    voices = [np.sin(2 * np.pi * pitch * time_s).astype(np.float32) for pitch in (180, 400)]
    path = samples.make_clip(SHIPPED, tmp_path / "clip.webp", voices, seconds_each=0.5)
    assert path.stat().st_size <= samples.LARGEST_CLIP_BYTES
    with Image.open(path) as clip:
        frames: int = getattr(clip, "n_frames", 1)
        assert frames == 12
    with pytest.raises(TrainingError, match="no voices"):
        samples.make_clip(SHIPPED, tmp_path / "none.webp", [])
    assert not (tmp_path / "none.webp").exists()


def test_a_steady_sound_flickers_less_than_the_walk_moves() -> None:
    heard = listen(SHIPPED, steady_sounds(1.5)["chord"], 10.0)
    painter = OnnxPainter(SHIPPED / "generator.onnx")
    still = walk(painter, heard, STILL, 0, 10.0, skip_s=0.8)
    assert still.conditions.shape == (7, 5)
    assert np.ptp(still.latents, axis=0).max() == 0
    moving = walk(painter, heard, MotionSettings(), 0, 10.0, skip_s=0.8)
    assert frame_changes(still.pictures).mean() < frame_changes(moving.pictures).mean()
