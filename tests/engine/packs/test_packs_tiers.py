"""Precisions of a model: which one runs where, and what a manifest must say about them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from chromesthesia.core.errors import PackError
from chromesthesia.inference import sessions
from chromesthesia.inference.check import find_faults
from chromesthesia.inference.generator import OnnxGenerator
from chromesthesia.inference.probe import load_pack
from chromesthesia.packs.manifest import MANIFEST_NAME
from chromesthesia.testing.models import write_tiny_pack

pytest.importorskip("onnxruntime")
onnx = pytest.importorskip("onnx")

CONDITION = np.array([0.5, -0.5, 0.2, 0.3, 0.1], dtype=np.float32)
NOISE = np.random.default_rng(0).standard_normal(16).astype(np.float32)


def with_int8(folder: Path, ms: float, kept: bool = True) -> Path:
    """A pack with a second generator file, known by its other pictures."""
    model = onnx.load(write_tiny_pack(folder) / "generator.onnx")
    for tensor in model.graph.initializer:
        if tensor.name == "tint":
            array = -onnx.numpy_helper.to_array(tensor)
            tensor.CopyFrom(onnx.numpy_helper.from_array(array, "tint"))
    table = f'[[tier]]\nmodel = "generator"\nprecision = "int8"\nkept = {str(kept).lower()}\nms = {ms}\nwhy = "tried"\n'
    text = (folder / MANIFEST_NAME).read_text()
    if kept:
        onnx.save(model, folder / "generator.int8.onnx")
        digest = hashlib.sha256((folder / "generator.int8.onnx").read_bytes()).hexdigest()
        table += 'file = "generator.int8.onnx"\n'
        text += f'"generator.int8.onnx" = "{digest}"\n'
    (folder / MANIFEST_NAME).write_text(text.replace("[files]", f"{table}\n[files]"))
    return folder


@pytest.mark.parametrize(
    ("ms", "on_cpu", "file"),
    [
        (0.5, True, "generator.int8.onnx"),
        (1.5, True, "generator.onnx"),
        (1.0, True, "generator.onnx"),
        (0.5, False, "generator.onnx"),
    ],
)
def test_int8_runs_only_on_a_cpu_and_only_where_it_pays(
    tmp_path: Path, ms: float, on_cpu: bool, file: str
) -> None:
    pack = load_pack(with_int8(tmp_path, ms))
    name, content = pack.model("generator", on_cpu)
    assert name == file
    assert content == (tmp_path / file).read_bytes()


def test_the_generator_paints_with_the_chosen_precision(tmp_path: Path) -> None:
    fast = load_pack(with_int8(tmp_path / "fast", 0.5))
    slow = load_pack(with_int8(tmp_path / "slow", 1.5))
    one, other = (OnnxGenerator(pack, "cpu").paint(CONDITION, NOISE) for pack in (fast, slow))
    assert np.abs(one.astype(int) - other).mean() > 2


def test_a_precision_that_was_left_out_needs_no_file(tmp_path: Path) -> None:
    folder = with_int8(tmp_path, 0.5, kept=False)
    assert find_faults(folder) == []
    assert load_pack(folder).model("generator")[0] == "generator.onnx"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            'model = "generator"',
            'model = "painter"',
            r"tier.model: expected one of \['encoder', 'generator'\]",
        ),
        ("ms = 0.5", "ms = nan", "tier generator int8: ms: expected a time above 0, got nan"),
        ('file = "generator.int8.onnx"', 'file = "none.onnx"', "expected the sha256 of 'none.onnx'"),
    ],
)
def test_a_wrong_tier_is_refused(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = with_int8(tmp_path, 0.5) / MANIFEST_NAME
    text = path.read_text()
    at = text.index('precision = "int8"') - len('model = "generator"\n')
    assert old in text[at:]
    path.write_text(text[:at] + text[at:].replace(old, new, 1))
    with pytest.raises(PackError, match=message):
        load_pack(tmp_path)


def test_a_provider_comes_down_to_one_that_is_here(monkeypatch: pytest.MonkeyPatch) -> None:
    assert sessions.first_provider("cpu") == "cpu"
    monkeypatch.setattr(sessions, "available_providers", lambda: ["tensorrt", "cuda", "cpu"])
    assert sessions.first_provider("auto") == "cuda"
    assert sessions.first_provider("tensorrt") == "tensorrt"
