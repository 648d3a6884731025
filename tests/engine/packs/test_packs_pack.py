"""A pack is refused, with what was expected and what was there, unless everything fits."""

import logging
from pathlib import Path

import numpy as np
import pytest
from tests.engine.packs.hostile import edit

from chromesthesia.core.errors import PackError
from chromesthesia.inference.probe import load_pack
from chromesthesia.packs import contents as contents_module
from chromesthesia.packs.manifest import MANIFEST_NAME
from chromesthesia.testing.models import rewrite_hashes, write_tiny_pack

pytest.importorskip("onnxruntime")
onnx = pytest.importorskip("onnx")


def test_a_good_pack_loads_wholly_into_memory(folder: Path) -> None:
    pack = load_pack(folder)
    assert pack.name == "tiny"
    assert pack.manifest.generator.condition_labels == ("valence", "arousal", "angry", "happy", "sad")
    assert pack.manifest.encoder.state_inputs == ("state_0",)
    assert pack.encoder_bytes == (folder / "encoder.onnx").read_bytes()
    assert pack.generator_bytes == (folder / "generator.onnx").read_bytes()
    assert pack.manifest.metrics["encoder_macro_f1_test"] == 0.0
    assert pack.manifest.data[0].restricted is False


@pytest.mark.parametrize("file", ["encoder.onnx", "generator.onnx", "MODEL_CARD.md"])
def test_one_changed_byte_is_refused(folder: Path, file: str) -> None:
    content = bytearray((folder / file).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / file).write_bytes(content)
    with pytest.raises(PackError, match=rf"{file}: expected sha256 [0-9a-f]+\.\.\., got [0-9a-f]+"):
        load_pack(folder)


@pytest.mark.parametrize("file", ["encoder.onnx", "MODEL_CARD.md"])
def test_a_missing_file_is_named(folder: Path, file: str) -> None:
    (folder / file).unlink()
    with pytest.raises(PackError, match=rf"{file}: expected a file, got nothing"):
        load_pack(folder)


def test_no_folder_and_no_manifest(tmp_path: Path, folder: Path) -> None:
    with pytest.raises(PackError, match="expected a folder"):
        load_pack(tmp_path / "nowhere")
    (folder / MANIFEST_NAME).unlink()
    with pytest.raises(PackError, match="expected a manifest"):
        load_pack(folder)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("schema = 1", "schema = 3", "expected schema 1 or 2, got 3"),
        ("schema = 1", 'schema = "1"', "schema: expected int, got '1'"),
        ("schema = 1", "schema = true", "schema: expected int, got True"),
        ("hop = 240", "hop = 256", r"\[sound\] hop: expected 240, got 256"),
        ("high_hz = 7500.0", "high_hz = 12000.0", r"\[sound\] high_hz: expected 7500.0, got 12000.0"),
        ("floor = 1e-10", 'floor = "low"', "sound.floor: expected a number, got 'low'"),
        ("mels = 64\n", "", "expected sound.mels, got nothing"),
        ("hops_per_step = 8", "hops_per_step = 3", "encoder.hops_per_step: expected 8, got 3"),
        ('["angry", "happy", "sad"]', '["happy", "angry", "sad"]', r"encoder.emotions: expected \['angry'"),
        ("embedding_size = 128", "embedding_size = 64", "encoder.embedding_size: expected 128, got 64"),
        (
            "shape = [1, 8, 64]",
            "shape = [1, 4, 64]",
            r"log_mel: shape: expected \[1, 8, 64\], got \[1, 4, 64\]",
        ),
        ('name = "valence"', 'name = "pleasure"', "encoder.output names: expected"),
        ('outputs = ["next_state_0"]', "outputs = []", "number of outputs: expected 1, got 0"),
        (
            '"valence", "arousal", "angry"',
            '"valence", "hunger", "angry"',
            "condition_labels: expected labels among",
        ),
        ("noise_size = 16", "noise_size = 17", r"noise: shape: expected \[1, 17\], got \[1, 16\]"),
        ("noise_size = 16", "noise_size = 0", "noise_size: expected 1 to"),
        ("image_size = [32, 32]", "image_size = [32]", "image_size: expected two numbers"),
        ("image_size = [32, 32]", "image_size = [99999, 99999]", "image_size: expected 1 to"),
        ('file = "encoder.onnx"', 'file = "other.onnx"', r"expected the sha256 of 'other.onnx'"),
        ('"MODEL_CARD.md" =', '"../MODEL_CARD.md" =', "expected a plain file name, got '../MODEL_CARD.md'"),
        ('"MODEL_CARD.md" =', '"/etc/passwd" =', "expected a plain file name, got '/etc/passwd'"),
        ('"MODEL_CARD.md" = "', '"MODEL_CARD.md" = "zz', "expected a sha256 of 64 hex digits"),
        ("restricted = false", 'restricted = "no"', r"data\[0\].restricted: expected bool, got 'no'"),
        ("[encoder.state]", "[encoder.state", "not valid TOML"),
    ],
)
def test_a_wrong_manifest_says_what_was_expected(folder: Path, old: str, new: str, message: str) -> None:
    edit(folder, old, new)
    with pytest.raises(PackError, match=message) as caught:
        load_pack(folder)
    assert MANIFEST_NAME in caught.value.message
    assert caught.value.remedy


def test_an_unknown_key_is_mentioned_and_passes(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    edit(folder, "noise_size = 16", "noise_size = 16\nnoise_colour = 3")
    with caplog.at_level(logging.WARNING):
        load_pack(folder)
    assert "generator.noise_colour" in caplog.text


def test_a_link_out_of_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "secret"
    (folder / "MODEL_CARD.md").rename(elsewhere)
    (folder / "MODEL_CARD.md").symlink_to(elsewhere)
    with pytest.raises(PackError, match="expected a file, got a link"):
        load_pack(folder)


def test_an_oversized_pack_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(contents_module, "MAX_PACK_BYTES", (folder / "encoder.onnx").stat().st_size + 100)
    with pytest.raises(PackError, match="expected a pack of at most"):
        load_pack(folder)


def _resave(folder: Path, change: str) -> None:
    model = onnx.load(folder / "generator.onnx")
    if change == "name":
        model.graph.input[0].name = "mood"
        model.graph.node[0].input[0] = "mood"
    elif change == "shape":
        model.graph.input[1].type.tensor_type.shape.dim[1].dim_param = "any"
    elif change == "type":
        model.graph.output[0].type.tensor_type.elem_type = onnx.TensorProto.DOUBLE
        model.graph.node[-1].output[0] = "single"
        model.graph.node.append(
            onnx.helper.make_node("Cast", ["single"], ["image"], to=onnx.TensorProto.DOUBLE)
        )
    onnx.save(model, folder / "generator.onnx")
    rewrite_hashes(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("name", r"generator.onnx: inputs: expected \['condition', 'noise'\], got \['mood', 'noise'\]"),
        ("shape", r"input noise: expected shape \[1, 16\], got \[1, 'any'\]"),
        ("type", r"output image: expected tensor\(float\), got tensor\(double\)"),
    ],
)
def test_a_model_unlike_its_manifest_is_refused(folder: Path, change: str, message: str) -> None:
    _resave(folder, change)
    with pytest.raises(PackError, match=message):
        load_pack(folder)


def test_a_file_that_is_no_model_is_refused(folder: Path) -> None:
    (folder / "encoder.onnx").write_bytes(b"not a model at all" * 40)
    rewrite_hashes(folder)
    with pytest.raises(PackError, match=r"encoder.onnx cannot be loaded by ONNX Runtime"):
        load_pack(folder)


def test_a_model_that_answers_nan_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PackError, match="expected finite"):
        load_pack(write_tiny_pack(tmp_path / "poisoned", poison=np.nan))
