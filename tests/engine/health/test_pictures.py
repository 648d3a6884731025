"""The shipped pack paints emotions that can be told apart: in colour, in structure, and through the whole engine."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from tests.conftest import shared_root

from chromesthesia.core.config import FilmConfig
from chromesthesia.core.emotions import WALKED
from chromesthesia.core.records import UInt8
from chromesthesia.inference.generator import OnnxGenerator
from chromesthesia.inference.probe import load_pack
from chromesthesia.packs.find import find_pack
from chromesthesia.show.offline import render_film
from chromesthesia.testing.render import LastFrame

CONDITIONS = {
    "angry": (*WALKED.angry, 1.0, 0.0, 0.0),
    "happy": (*WALKED.happy, 0.0, 1.0, 0.0),
    "sad": (*WALKED.sad, 0.0, 0.0, 1.0),
}
LEAST_PALETTE = 15.0
"""Distance of two mean colours, of 255."""
LEAST_STRUCTURE = 0.1
"""1 - correlation of two normalised luminances: 0 is the same drawing in other colours."""


def palette_distance(one: UInt8, other: UInt8) -> float:
    return float(np.linalg.norm(one.reshape(-1, 3).mean(axis=0) - other.reshape(-1, 3).mean(axis=0)))


def structure_distance(one: UInt8, other: UInt8) -> float:
    greys = [pixels.astype(np.float64).mean(axis=2).ravel() for pixels in (one, other)]
    return 1.0 - float(np.corrcoef(greys)[0, 1])


@pytest.fixture(scope="module")
def generator() -> OnnxGenerator:
    return OnnxGenerator(load_pack(find_pack()), provider="cpu")


def test_emotions_differ_in_palette_and_structure_for_the_same_noise(generator: OnnxGenerator) -> None:
    palettes: list[float] = []
    structures: list[float] = []
    rng = np.random.default_rng(11)
    for _ in range(12):
        noise = rng.standard_normal(generator.noise_size).astype(np.float32)
        painted = {
            name: generator.paint(np.array(condition, dtype=np.float32), noise)
            for name, condition in CONDITIONS.items()
        }
        for pixels in painted.values():
            assert pixels.std() > 2.0
        pairs = list(combinations(painted.values(), 2))
        palettes += [palette_distance(*pair) for pair in pairs]
        structures += [structure_distance(*pair) for pair in pairs]
    assert np.mean(palettes) > LEAST_PALETTE
    assert np.mean(structures) > LEAST_STRUCTURE


def test_a_small_step_of_the_noise_is_a_small_step_of_the_picture(generator: OnnxGenerator) -> None:
    rng = np.random.default_rng(12)
    condition = np.array(CONDITIONS["happy"], dtype=np.float32)
    for _ in range(6):
        noise, other = rng.standard_normal((2, generator.noise_size)).astype(np.float32)
        here = generator.paint(condition, noise).astype(float)
        near = generator.paint(condition, noise + 0.02 * other).astype(float)
        far = generator.paint(condition, other).astype(float)
        assert 0.0 < np.abs(near - here).mean() < 0.25 * np.abs(far - here).mean()


@pytest.mark.gl
@pytest.mark.shared_data
def test_angry_sad_and_happy_voices_of_an_unseen_speaker_look_different() -> None:
    root = shared_root()
    assert root is not None
    speaker = root / "data/speech/nemo/nemo_KS0"  # in the test split
    frames: dict[str, UInt8] = {}
    for emotion, name in (("angry", "anger"), ("sad", "sadness"), ("happy", "happiness")):
        last = LastFrame()
        report = render_film(
            FilmConfig(
                sound=speaker / f"samples__KS0_{name}_65.opus",
                film=None,
                preset="Gallery",
                width=320,
                height=180,
                fps=12.0,
                duration_s=2.5,
            ),
            sinks=(last,),
        )
        pictures = report["pictures"]
        assert isinstance(pictures, dict)
        assert pictures["black_frames"] == pictures["flat_frames"] == 0
        assert pictures["mean_change"] > 0.3
        assert last.pixels is not None
        frames[emotion] = last.pixels
    for one, other in combinations(frames.values(), 2):
        assert palette_distance(one, other) > LEAST_PALETTE
        assert structure_distance(one, other) > LEAST_STRUCTURE
