"""The pack builder: what it writes, the engine accepts; what does not fit is refused and the earlier pack stays."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import tomllib
from datetime import date
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from chromesthesia.features.mel import ENCODER_MEL
from chromesthesia.inference.check import find_faults
from chromesthesia.inference.probe import load_pack
from chromesthesia.packs.manifest import Parity
from chromesthesia_training.encoder.export import TrainedEncoder
from chromesthesia_training.errors import DataError, TrainingError
from chromesthesia_training.packing import pack
from chromesthesia_training.packing.pack import PackParts, PackReport, build_pack, flat_numbers, read_metrics
from chromesthesia_training.packing.quantize import Int8Result
from chromesthesia_training.packing.sources import KNOWN_SOURCES, sources_of

ENCODER_METRICS = {
    "model": {"parameters": 1234, "training_step": 5},
    "split": "test: speakers that nobody heard",
    "clip_score": "mean of logits",
    "speech": {
        "onnx_streamed": {"clips": 90, "speakers": 8, "macro_f1": 0.8, "majority_macro_f1": 0.17},
        "onnx_streamed_without_tess": {
            "clips": 30,
            "speakers": 7,
            "macro_f1": 0.7,
            "majority_macro_f1": 0.18,
        },
        "torch_offline": {"clips": 90, "speakers": 8, "macro_f1": 0.8, "majority_macro_f1": 0.17},
        "per_corpus_onnx_streamed": {
            "nemo": {"clips": 30, "speakers": 1, "macro_f1": 0.71, "majority_macro_f1": 0.17}
        },
        "running_macro_f1_onnx_streamed": {"1_s": 0.6, "2_s": 0.75},
        "running_macro_f1_without_tess": {"1_s": 0.5, "2_s": 0.65},
    },
    "flat": {"encoder_macro_f1_test": 0.8},
}


def write_generator(path: Path, side: int = 8, noise: int = 64, condition: int = 5) -> Path:
    """A generator of one matrix product each from noise and condition."""
    rng = np.random.default_rng(0)
    weights: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.generic]]] = {
        "from_noise": rng.normal(0.0, 0.2, (noise, 3 * side * side)).astype(np.float32),
        "from_condition": rng.normal(0.0, 0.2, (condition, 3 * side * side)).astype(np.float32),
        "shape": np.array([1, 3, side, side], dtype=np.int64),
    }
    graph = helper.make_graph(
        [
            helper.make_node("MatMul", ["noise", "from_noise"], ["a"]),
            helper.make_node("MatMul", ["condition", "from_condition"], ["b"]),
            helper.make_node("Add", ["a", "b"], ["c"]),
            helper.make_node("Sigmoid", ["c"], ["d"]),
            helper.make_node("Reshape", ["d", "shape"], ["image"]),
        ],
        "generator",
        [
            helper.make_tensor_value_info("condition", TensorProto.FLOAT, [1, condition]),
            helper.make_tensor_value_info("noise", TensorProto.FLOAT, [1, noise]),
        ],
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3, side, side])],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), str(path))
    return path


@pytest.fixture
def generator(tmp_path: Path) -> Path:
    return write_generator(tmp_path / "generator.onnx")


PARITY = Parity(1e-7, 2e-7, 3e-6)


def build(
    encoder: Path,
    generator: Path,
    out: Path,
    int8: tuple[Int8Result, ...] = (),
    art_index: Path | None = None,
) -> PackReport:
    parts = PackParts(
        encoder,
        generator,
        PARITY,
        sources_of(["nemo", "mine"], "encoder"),
        ENCODER_METRICS,
        {"frechet": {"made": 61.5, "note": "words"}, "ok": True, "step": 700},
        int8,
        art_index,
        ["Trained on a Tuesday."],
    )
    return build_pack(parts, out, created=date(2026, 11, 21))


def test_the_engine_accepts_the_pack(
    exported: tuple[TrainedEncoder, Path], generator: Path, tmp_path: Path
) -> None:
    report = build(exported[1], generator, tmp_path / "exports" / "mine")
    manifest = load_pack(report.folder).manifest
    assert (manifest.name, manifest.version, manifest.created) == ("mine", "2026.11", "2026-11-21")
    assert manifest.sound == ENCODER_MEL
    assert manifest.metrics["encoder_macro_f1_test"] == 0.8
    assert manifest.metrics["generator_frechet_made"] == 61.5
    assert manifest.generator.image_size == (8, 8)
    assert [entry.restricted for entry in manifest.data] == [True, True]
    assert manifest.encoder.state_inputs[0] == "state_0"
    assert len(manifest.encoder.state_inputs) == len(exported[0].model.state_shapes())
    assert manifest.parity == PARITY
    assert manifest.timing is not None
    assert manifest.timing.machine == report.timing.machine
    assert manifest.timing.encoder_step_ms == pytest.approx(report.timing.encoder_step_ms, rel=1e-3)
    assert report.timing.images_per_s == pytest.approx(1_000 / report.timing.generator_image_ms, rel=1e-3)
    assert [(tier.model, tier.precision, tier.kept) for tier in manifest.tiers] == [
        ("speech-and-music encoder", "fp32", True),
        ("generator", "fp32", True),
    ]
    assert find_faults(report.folder) == []
    assert {path.name for path in report.folder.parent.iterdir()} == {"mine"}


def test_the_manifest_holds_the_checksum_of_every_other_file(
    exported: tuple[TrainedEncoder, Path], generator: Path, tmp_path: Path
) -> None:
    folder = build(exported[1], generator, tmp_path / "mine").folder
    manifest = tomllib.loads((folder / "manifest.toml").read_text())
    others = {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "manifest.toml"}
    assert manifest["files"] == {name: hashlib.sha256(data).hexdigest() for name, data in others.items()}
    assert manifest["sound"] == dataclasses.asdict(ENCODER_MEL)


def test_the_card_names_data_licences_figures_and_limits(
    exported: tuple[TrainedEncoder, Path], generator: Path, tmp_path: Path
) -> None:
    card = (build(exported[1], generator, tmp_path / "mine").folder / "MODEL_CARD.md").read_text()
    for part in ("nEMO", "CC BY-NC-SA 4.0", "non-commercial", "**0.700**", "0.170", "not a medical", "61.5"):
        assert part in " ".join(card.split())
    assert "- Trained on a Tuesday.\n- It does not know what anybody feels" in card
    assert card.index("## May I use it?") < card.index("## What it cannot do") < card.index("## Encoder")
    assert "8 x 8" in card
    assert "no products" in card
    assert "Trained for 700 steps" in card
    assert "a second)" in card
    assert "The running answer, without TESS: 0.500 after 1 s, 0.650 after 2 s." in card
    assert "- nEMO (CC BY-NC-SA 4.0): Iwona Christop, 2024. Name her" in card


def test_a_pack_of_ones_own_data_leaves_its_use_to_those_who_made_them(
    exported: tuple[TrainedEncoder, Path], generator: Path, tmp_path: Path
) -> None:
    parts = PackParts(
        exported[1], generator, PARITY, sources_of(["mine"], "encoder: speech"), ENCODER_METRICS, {}
    )
    card = (build_pack(parts, tmp_path / "mine").folder / "MODEL_CARD.md").read_text()
    assert "as those agreed to who made the sounds" in " ".join(card.split())
    assert "non-commercial" not in card
    assert "Who made the data" not in card


def an_int8(kept: bool, content: bytes | None) -> Int8Result:
    return Int8Result("generator", kept, "tried", 2.0, 1.0, {"levels": 0.5}, ("conv",), 3, content)


def test_int8_goes_into_the_pack_only_when_it_is_kept(
    exported: tuple[TrainedEncoder, Path], generator: Path, tmp_path: Path
) -> None:
    left_out = build(exported[1], generator, tmp_path / "without", (an_int8(False, None),)).folder
    assert not (left_out / "generator.int8.onnx").exists()
    assert load_pack(left_out).model("generator")[0] == "generator.onnx"
    content = generator.read_bytes()
    kept = build(exported[1], generator, tmp_path / "with", (an_int8(True, content),)).folder
    assert load_pack(kept).model("generator")[0] == "generator.int8.onnx"
    assert load_pack(kept).model("generator", on_cpu=False)[0] == "generator.onnx"
    for folder in (left_out, kept):
        assert "generator, int8: tried" in (folder / "MODEL_CARD.md").read_text()


def test_a_pack_with_a_fault_is_not_shipped(
    exported: tuple[TrainedEncoder, Path], generator: Path, tmp_path: Path
) -> None:
    parts = PackParts(
        exported[1], generator, Parity(0.0, 0.0, 0.5), sources_of(["mine"], "encoder"), ENCODER_METRICS, {}
    )
    with pytest.raises(TrainingError, match=r"parity.generator_torch_onnx: expected 0 to 0.001, got 0.5"):
        build_pack(parts, tmp_path / "mine")
    assert not list(tmp_path.glob("*mine*"))


def test_a_full_disk_keeps_the_earlier_pack(
    exported: tuple[TrainedEncoder, Path], generator: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "mine"
    build(exported[1], generator, out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}

    def full(source: Path, target: Path) -> None:
        target.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)
    with pytest.raises(DataError, match=r"cannot write .*mine: No space left on device \(free space there"):
        build(exported[1], generator, out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert not list(tmp_path.glob(".mine-*"))


def test_a_model_that_does_not_fit_keeps_the_earlier_pack(
    exported: tuple[TrainedEncoder, Path], generator: Path, tmp_path: Path
) -> None:
    out = tmp_path / "mine"
    build(exported[1], generator, out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    narrow = write_generator(tmp_path / "narrow.onnx", condition=4)
    text = tmp_path / "text.onnx"
    text.write_text("not a model")
    for encoder, painter, message in (
        (exported[1], narrow, r"expected condition of shape \(1, 5\), got \(1, 4\)"),
        (generator, generator, r"expected log_mel of shape \(1, 8, 64\), got None"),
        (exported[1], text, "is not an ONNX model"),
        (exported[1], tmp_path / "none.onnx", "there is no model"),
    ):
        with pytest.raises(TrainingError, match=message):
            build(encoder, painter, out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert not list(tmp_path.glob(".mine-*"))


def test_a_pack_that_is_too_large_is_refused(
    exported: tuple[TrainedEncoder, Path], generator: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pack, "LARGEST_PACK_BYTES", 1_000)
    with pytest.raises(TrainingError, match="the pack takes"):
        build(exported[1], generator, tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_numbers_are_flattened_by_path_and_words_left_out() -> None:
    assert flat_numbers({"a": {"b": 1, "c": "x"}, "d": 0.5, "e": True}, "g") == {"g_a_b": 1.0, "g_d": 0.5}


def test_missing_metrics_are_empty_and_damaged_ones_an_error(tmp_path: Path) -> None:
    assert read_metrics(tmp_path) == {}
    (tmp_path / "metrics.json").write_text("{")
    with pytest.raises(TrainingError, match=r"metrics\.json is damaged"):
        read_metrics(tmp_path)


def test_every_speech_set_is_restricted_and_an_unknown_one_is_the_users() -> None:
    assert all(
        KNOWN_SOURCES[name].restricted
        for name in ("ravdess", "tess", "nemo", "urdu", "ased", "emotale", "art")
    )
    assert sources_of(["mine", "mine"], "encoder")[0].licence == "the user's own, not checked"


def test_a_link_to_a_pack_stays_and_the_pack_behind_it_is_replaced(
    exported: tuple[TrainedEncoder, Path], generator: Path, tmp_path: Path
) -> None:
    real, link = tmp_path / "real", tmp_path / "link"
    build(exported[1], generator, real)
    (real / "MODEL_CARD.md").write_text("the earlier one")
    link.symlink_to(real)
    build(exported[1], generator, link)
    assert link.is_symlink()
    assert load_pack(real).name == "real"
    assert "earlier" not in (real / "MODEL_CARD.md").read_text()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["generator.onnx", "link", "real"]


@pytest.mark.parametrize("there", ["file", "folder of photographs", "circle"])
def test_what_is_no_pack_is_never_replaced(generator: Path, tmp_path: Path, there: str) -> None:
    place = tmp_path / "place"
    if there == "file":
        place.write_text("a letter")
    elif there == "circle":
        place.symlink_to(place.name)
    else:
        place.mkdir()
        (place / "photo.jpg").write_text("a photograph")
    with pytest.raises(TrainingError, match=r"is no folder|holds files and is no pack"):
        build(generator, generator, place)
    assert sorted(path.name for path in tmp_path.rglob("*")) in (
        ["generator.onnx", "place"],
        ["generator.onnx", "photo.jpg", "place"],
    )
