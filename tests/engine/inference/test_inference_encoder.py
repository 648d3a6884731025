"""The encoder session: state carried, reset, healed; the same as running the model by hand."""

from pathlib import Path

import numpy as np
import pytest

from chromesthesia.inference.encoder import OnnxEncoder
from chromesthesia.inference.probe import load_pack
from chromesthesia.testing.models import write_tiny_pack

onnxruntime = pytest.importorskip("onnxruntime")
pytest.importorskip("onnx")

MELS = np.random.default_rng(0).normal(-8.0, 2.0, (12, 8, 64)).astype(np.float32)


def test_steps_equal_the_model_run_by_hand(tmp_path: Path) -> None:
    pack = load_pack(write_tiny_pack(tmp_path))
    encoder = OnnxEncoder(pack)
    session = onnxruntime.InferenceSession(pack.encoder_bytes, providers=["CPUExecutionProvider"])
    state = np.zeros((1, 8), dtype=np.float32)
    for index, mel in enumerate(MELS):
        reading = encoder.step(mel, 480 * (index + 1), 0.02 * index)
        outputs = session.run(None, {"log_mel": mel[None], "state_0": state})
        valence, arousal, probabilities, confidence, embedding, state = outputs
        assert reading.valence == pytest.approx(float(valence[0]), abs=1e-6)
        assert reading.arousal == pytest.approx(float(arousal[0]), abs=1e-6)
        assert reading.confidence == pytest.approx(float(confidence[0]), abs=1e-6)
        np.testing.assert_allclose(reading.probabilities, probabilities[0], atol=1e-6)
        np.testing.assert_allclose(reading.embedding, embedding[0], atol=1e-6)
        assert (reading.end_sample, reading.entered_s) == (480 * (index + 1), 0.02 * index)


@pytest.mark.parametrize("steps_before", [1, 2])
def test_reset_begins_anew(tmp_path: Path, steps_before: int) -> None:
    encoder = OnnxEncoder(load_pack(write_tiny_pack(tmp_path)))
    first = [encoder.step(mel, 0, 0.0).valence for mel in MELS]
    encoder.reset()
    for mel in MELS[:steps_before]:
        encoder.step(mel, 0, 0.0)
    encoder.reset()
    assert [encoder.step(mel, 0, 0.0).valence for mel in MELS] == first
    assert first[0] != first[-1]


def test_readings_are_copies(tmp_path: Path) -> None:
    encoder = OnnxEncoder(load_pack(write_tiny_pack(tmp_path)))
    reading = encoder.step(MELS[0], 0, 0.0)
    kept = reading.embedding.copy()
    encoder.step(MELS[1], 0, 0.0)
    np.testing.assert_array_equal(reading.embedding, kept)


def test_a_poisoned_state_is_cleared(tmp_path: Path) -> None:
    encoder = OnnxEncoder(load_pack(write_tiny_pack(tmp_path)))
    good = encoder.step(MELS[0], 0, 0.0)
    poison = np.full((8, 64), np.nan, dtype=np.float32)
    assert np.isnan(encoder.step(poison, 0, 0.0).valence)
    assert encoder.recoveries == 1
    assert encoder.step(MELS[0], 0, 0.0).valence == good.valence


def test_a_wrong_shape_is_refused(tmp_path: Path) -> None:
    encoder = OnnxEncoder(load_pack(write_tiny_pack(tmp_path)))
    with pytest.raises(ValueError, match=r"expected shape \(8, 64\), got \(1, 64\)"):
        encoder.step(MELS[0][:1], 0, 0.0)
