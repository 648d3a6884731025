"""The generator session: the model's picture, right way up, or an error that is counted."""

from pathlib import Path

import numpy as np
import pytest

from chromesthesia.inference.generator import OnnxGenerator, PaintError, to_pixels
from chromesthesia.inference.probe import load_pack
from chromesthesia.testing.models import write_tiny_pack

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

CONDITION = np.array([0.5, -0.5, 0.2, 0.3, 0.1], dtype=np.float32)
NOISE = np.random.default_rng(0).standard_normal(16).astype(np.float32)


def test_pixels_are_the_models_image(tmp_path: Path) -> None:
    pack = load_pack(write_tiny_pack(tmp_path))
    generator = OnnxGenerator(pack, "cpu")
    assert (generator.noise_size, generator.provider) == (16, "CPUExecutionProvider")
    assert generator.condition_labels == ("valence", "arousal", "angry", "happy", "sad")
    session = onnxruntime.InferenceSession(pack.generator_bytes, providers=["CPUExecutionProvider"])
    (image,) = session.run(None, {"condition": CONDITION[None], "noise": NOISE[None]})
    pixels = generator.paint(CONDITION, NOISE)
    assert pixels.dtype == np.uint8
    np.testing.assert_allclose(pixels, image[0].transpose(1, 2, 0) * 255.0, atol=0.51)


def test_each_picture_is_its_own_array_and_repeats_exactly(tmp_path: Path) -> None:
    generator = OnnxGenerator(load_pack(write_tiny_pack(tmp_path)), "cpu")
    first = generator.paint(CONDITION, NOISE)
    kept = first.copy()
    other = generator.paint(-CONDITION, NOISE)
    np.testing.assert_array_equal(first, kept)
    assert np.abs(other.astype(int) - first).mean() > 2
    np.testing.assert_array_equal(generator.paint(CONDITION, NOISE), kept)


@pytest.mark.parametrize("poison", [np.nan, np.inf])
def test_a_model_that_paints_nan_raises(tmp_path: Path, poison: float) -> None:
    generator = OnnxGenerator(load_pack(write_tiny_pack(tmp_path, poison=poison), check_models=False), "cpu")
    with pytest.raises(PaintError, match="NaN or infinity"):
        generator.paint(CONDITION, NOISE)


def test_a_wrong_shape_is_refused(tmp_path: Path) -> None:
    generator = OnnxGenerator(load_pack(write_tiny_pack(tmp_path)), "cpu")
    with pytest.raises(ValueError, match=r"noise: expected shape \(16,\), got \(8,\)"):
        generator.paint(CONDITION, NOISE[:8])
    with pytest.raises(ValueError, match="condition: expected shape"):
        generator.paint(CONDITION[None], NOISE)


def test_what_is_out_of_range_is_clipped() -> None:
    image = np.array([-1.0, 0.0, 0.5, 1.0, 9.0, 0.25], dtype=np.float32).reshape(3, 1, 2)
    np.testing.assert_array_equal(to_pixels(image), [[[0, 128, 255], [0, 255, 64]]])
