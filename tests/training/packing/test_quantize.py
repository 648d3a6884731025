"""int8: calibrated on what a show asks, judged by what comes out, kept only where it pays."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from chromesthesia_training.encoder.export import TrainedEncoder
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.packing import quantize
from chromesthesia_training.packing.export_run import ExportRequest, write_int8_metrics
from chromesthesia_training.packing.picture_likeness import colour_r, structural_similarity
from chromesthesia_training.packing.quantize import engine_requests, quantise_encoder, quantise_generator


@pytest.fixture(scope="module")
def generator(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two convolutions after two matrix products."""
    rng = np.random.default_rng(0)
    wide = rng.normal(0.0, 0.05, (16, 16, 3, 3)).astype(np.float32)
    weights = {
        "start": rng.normal(0.0, 0.3, (64, 16 * 16 * 16)).astype(np.float32),
        "tint": rng.normal(0.0, 0.3, (5, 16 * 16 * 16)).astype(np.float32),
        "shape": np.array([1, 16, 16, 16], np.int64),
        "first": wide,
        "second": rng.normal(0.0, 0.1, (3, 16, 3, 3)).astype(np.float32),
        "sizes": np.array([1, 16, 32, 32], np.int64),
    }
    node = helper.make_node
    nodes = [
        node("MatMul", ["noise", "start"], ["a"], name="start_product"),
        node("MatMul", ["condition", "tint"], ["b"], name="tint_product"),
        node("Add", ["a", "b"], ["c"]),
        node("Reshape", ["c", "shape"], ["d"]),
        node("Conv", ["d", "first"], ["e"], name="first_conv", pads=[1, 1, 1, 1]),
        node("LeakyRelu", ["e"], ["f"], alpha=0.2),
        node("Resize", ["f", "", "", "sizes"], ["g"], mode="nearest"),
        node("Conv", ["g", "second"], ["h"], name="second_conv", pads=[1, 1, 1, 1]),
        node("Sigmoid", ["h"], ["image"]),
    ]
    graph = helper.make_graph(
        nodes,
        "generator",
        [
            helper.make_tensor_value_info("condition", TensorProto.FLOAT, [1, 5]),
            helper.make_tensor_value_info("noise", TensorProto.FLOAT, [1, 64]),
        ],
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, 32, 32])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in weights.items()],
    )
    path = tmp_path_factory.mktemp("int8") / "generator.onnx"
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(made, str(path))
    return path


def times(monkeypatch: pytest.MonkeyPatch, int8_ms: float) -> None:
    """Made-up times: fp32 takes 10 ms."""

    def measured(calls: Mapping[str, object], rounds: int) -> dict[str, float]:
        assert set(calls) == {"fp32", "int8"}
        return {"fp32": 10.0, "int8": int8_ms}

    monkeypatch.setattr(quantize, "thread_times_ms", measured)


def test_requests_are_those_of_a_show() -> None:
    feeds = engine_requests(40, 64)
    conditions = np.concatenate([feed["condition"] for feed in feeds])
    assert conditions.shape == (40, 5)
    assert (np.abs(conditions) <= 1.0).all()
    assert conditions[:, 0].max() > 0.5 > -0.5 > conditions[:, 0].min()
    assert (conditions[:, 2:].max(axis=0) > 0.5).all()
    for feed in feeds:
        assert float(np.linalg.norm(feed["noise"])) == pytest.approx(8.0, rel=1e-3)
    assert not np.array_equal(feeds[0]["noise"], feeds[1]["noise"])


def test_a_faster_generator_whose_picture_stays_is_kept(
    generator: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times(monkeypatch, 5.0)
    result = quantise_generator(generator)
    assert result.kept, result.why
    assert result.content is not None
    assert (result.fp32_ms, result.int8_ms) == (10.0, 5.0)
    assert result.figures["levels"] <= quantize.LARGEST_LEVELS
    assert result.figures["ssim"] >= quantize.LEAST_SSIM
    assert result.why.startswith("kept; ")
    kinds = {node.op_type for node in onnx.load_from_string(result.content).graph.node}
    assert "QuantizeLinear" in kinds


def test_one_that_is_hardly_faster_is_not_kept(generator: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times(monkeypatch, 9.5)
    result = quantise_generator(generator)
    assert (result.kept, result.content) == (False, None)
    assert "saves less than 10%" in result.why
    assert "9.5 ms a picture beside 10 ms" in result.why


def test_one_that_changes_the_picture_is_not_kept(generator: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    times(monkeypatch, 1.0)
    monkeypatch.setattr(quantize, "LARGEST_LEVELS", 1e-6)
    result = quantise_generator(generator)
    assert (result.kept, result.content) == (False, None)
    assert "the answers change too much" in result.why


def test_an_encoder_is_judged_while_it_listens(
    exported: tuple[TrainedEncoder, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    times(monkeypatch, 5.0)
    monkeypatch.setattr(quantize, "CALIBRATION_STEPS", 40)
    monkeypatch.setattr(quantize, "JUDGED_STEPS", 40)
    monkeypatch.setattr(quantize, "LEAST_WEIGHTS", 100)
    result = quantise_encoder(exported[1])
    assert set(result.figures) == {"answer_shift", "agreement"}
    assert 0.0 < result.figures["answer_shift"] < 0.5
    assert result.model == "encoder"
    assert result.kept == (result.content is not None)


def test_a_model_without_anything_to_quantise_is_named(tmp_path: Path) -> None:
    graph = helper.make_graph(
        [helper.make_node("Concat", ["condition", "noise"], ["image"], axis=1)],
        "nothing",
        [
            helper.make_tensor_value_info("condition", TensorProto.FLOAT, [1, 5]),
            helper.make_tensor_value_info("noise", TensorProto.FLOAT, [1, 64]),
        ],
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 69])],
    )
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    onnx.save(made, str(tmp_path / "none.onnx"))
    with pytest.raises(TrainingError, match=r"none.onnx cannot be quantised: .*--no-int8"):
        quantise_generator(tmp_path / "none.onnx")


def test_what_int8_gave_is_kept_as_a_metrics_file(
    generator: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    times(monkeypatch, 9.5)
    request = ExportRequest(Path("exports/mine"), Path("runs/e"), Path("runs/g"), results=tmp_path)
    written = json.loads(write_int8_metrics([quantise_generator(generator)], request, 32).read_text())
    assert (written["section"], written["name"]) == ("pack", "int8")
    assert written["figures"]["generator"]["int8_ms"] == 9.5
    assert written["figures"]["generator"]["kept"] == 0.0
    assert "saves less than" in written["notes"][0]


def test_likeness_of_pictures() -> None:
    rng = np.random.default_rng(0)
    pictures = (
        rng.uniform(size=(6, 3, 32, 32)).astype(np.float32)
        * np.linspace(0.2, 1, 6, dtype=np.float32)[:, None, None, None]
    )
    assert structural_similarity(pictures, pictures) == pytest.approx(1.0)
    assert colour_r(pictures, pictures) == pytest.approx(1.0)
    noisy = np.clip(pictures + rng.normal(0, 0.2, pictures.shape).astype(np.float32), 0, 1)
    noisier = np.clip(pictures + rng.normal(0, 0.5, pictures.shape).astype(np.float32), 0, 1)
    assert 1.0 > structural_similarity(noisy, pictures) > structural_similarity(noisier, pictures)
    flat = np.full((1, 3, 32, 32), 0.5, np.float32)
    of_means = (2 * 0.5 * 0.6 + 1e-4) / (0.5**2 + 0.6**2 + 1e-4)
    assert structural_similarity(flat, flat + 0.1) == pytest.approx(of_means, abs=1e-3)
    assert colour_r(pictures[::-1].copy(), pictures) < 0.5
