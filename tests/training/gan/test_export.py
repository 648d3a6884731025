"""Export and evaluation: the ONNX contract, parity with torch, and figures that name their data."""

from __future__ import annotations

import errno
import io
import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from chromesthesia.inference.sessions import open_session
from chromesthesia_training import safe_write
from chromesthesia_training.backbones.squeezenet import FeatureNet
from chromesthesia_training.data.condition import random_engine_conditions
from chromesthesia_training.errors import DataError, TrainingError
from chromesthesia_training.gan import export as export_module
from chromesthesia_training.gan.checkpoint import load_trained
from chromesthesia_training.gan.evaluate import evaluate
from chromesthesia_training.gan.export import (
    EngineGenerator,
    ExportReport,
    export_onnx,
    recalibrated,
)
from chromesthesia_training.measuring import measures


def test_graph_keeps_the_contract(exported_generator: ExportReport, trained_dir: Path) -> None:
    session = open_session(exported_generator.path.read_bytes(), "cpu")
    assert [(one.name, one.shape, one.type) for one in session.get_inputs()] == [
        ("condition", [1, 5], "tensor(float)"),
        ("noise", [1, 64], "tensor(float)"),
    ]
    side = load_trained(trained_dir).generator.side
    assert [(one.name, one.shape) for one in session.get_outputs()] == [("image", [1, 3, side, side])]
    model = onnx.load(exported_generator.path)
    assert {one.domain: one.version for one in model.opset_import}[""] == 20
    assert list(exported_generator.path.parent.iterdir()) == [exported_generator.path]


def test_the_file_does_not_tell_where_it_was_made(exported_generator: ExportReport) -> None:
    content = exported_generator.path.read_bytes()
    assert b".py" not in content
    assert str(Path.cwd()).encode() not in content


def test_onnx_equals_torch_and_stays_in_range(exported_generator: ExportReport, trained_dir: Path) -> None:
    trained = load_trained(trained_dir)
    module = EngineGenerator(recalibrated(trained), trained.space).eval()
    rng = torch.Generator().manual_seed(21)
    session = open_session(exported_generator.path.read_bytes(), "cpu")
    for condition in random_engine_conditions(3, rng):
        noise = torch.randn(1, 64, generator=rng)
        (image,) = session.run(["image"], {"condition": condition[None].numpy(), "noise": noise.numpy()})
        with torch.no_grad():
            np.testing.assert_allclose(image, module(condition[None], noise).numpy(), atol=1e-4)
        assert image.min() >= 0
        assert image.max() <= 1


def test_report_tells_what_was_written(exported_generator: ExportReport, trained_dir: Path) -> None:
    assert exported_generator.size_bytes == exported_generator.path.stat().st_size
    assert exported_generator.difference < 1e-3
    assert exported_generator.image_ms > 0
    assert exported_generator.side == load_trained(trained_dir).generator.side
    assert exported_generator.step == 4


@pytest.fixture
def export_once(exported_generator: ExportReport, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was exported before is what the next export gives, without its seconds."""
    monkeypatch.setattr(export_module, "_onnx_bytes", lambda module: exported_generator.path.read_bytes())


@pytest.mark.usefixtures("export_once")
def test_failed_parity_leaves_the_old_file(
    trained_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "generator.onnx"
    out.write_bytes(b"the show's generator")
    monkeypatch.setattr(export_module, "_check", lambda module, content: (0.5, 10.0))
    with pytest.raises(TrainingError, match=r"differ by 0\.5"):
        export_onnx(trained_dir, out)
    assert out.read_bytes() == b"the show's generator"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.usefixtures("export_once")
def test_a_full_disk_leaves_the_old_file(
    trained_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "generator.onnx"
    out.write_bytes(b"the show's generator")

    def full(path: Path) -> io.RawIOBase:
        path.touch()
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(safe_write, "open_partial", full)
    with pytest.raises(DataError, match=r"cannot write .*generator\.onnx: No space left"):
        export_onnx(trained_dir, out)
    assert out.read_bytes() == b"the show's generator"
    assert list(tmp_path.iterdir()) == [out]


def test_recalibration_settles_the_norms(trained_dir: Path) -> None:
    trained = load_trained(trained_dir)
    generator = recalibrated(trained, rounds=2)
    assert not generator.training
    again = recalibrated(trained, rounds=2)
    for name, value in generator.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name
    assert any(
        not torch.equal(value, trained.generator.state_dict()[name])
        for name, value in generator.state_dict().items()
    )


def test_evaluation_names_its_data(trained_dir: Path, art_dir: Path, tiny_net: FeatureNet) -> None:
    metrics = evaluate(trained_dir, art_dir, Path("not-needed.npz"), samples=20, stored_side=48, net=tiny_net)
    written = json.loads((trained_dir / "metrics.json").read_text())
    assert written == metrics
    assert written["data"]["fitted_on"] == {"splits": ["train", "val"], "paintings": 48}
    assert written["data"]["held_out"]["split"] == "test"
    for reader in ("deep", "colour"):
        for rating in ("valence", "arousal"):
            assert all(-1 <= value <= 1 for value in written["asked_and_read"][reader][rating].values())
    assert written["frechet"]["fire9"]["made"] > 0


def test_frechet_distance_of_shifted_normals() -> None:
    rng = np.random.default_rng(0)
    first = rng.normal(size=(4000, 3))
    assert measures.frechet_distance(first, first) == pytest.approx(0, abs=1e-6)
    assert measures.frechet_distance(first, first + 2) == pytest.approx(12, abs=1e-6)
    assert measures.frechet_distance(first, first * 3) == pytest.approx(12, rel=0.1)


def test_balanced_vote_does_not_favour_the_common_class() -> None:
    rng = np.random.default_rng(0)
    known = np.concatenate([rng.normal(0, 1, (900, 2)), rng.normal(1.0, 1, (90, 2))])
    labels = np.array([0] * 900 + [1] * 90)
    asked = np.concatenate([rng.normal(0, 1, (300, 2)), rng.normal(1.0, 1, (300, 2))])
    found = measures.balanced_vote(known, labels, asked, 2)
    assert 0.35 < found.mean() < 0.65


def test_fault_measures_see_their_fault() -> None:
    rng = torch.Generator().manual_seed(0)
    clean = torch.rand(16, 3, 64, 64, generator=rng) - 0.5
    stamped = clean.clone()
    stamped[:, :, 20:30, 20:30] *= 3
    framed = clean.clone()
    framed[:, :, :, ::62] = 1.0
    white = clean.clone()
    white[:, :, :32] = 1.0
    assert measures.same_place_relief(stamped) > 2 * measures.same_place_relief(clean)
    assert measures.edge_contrast(framed) > 1.1 * measures.edge_contrast(clean)
    assert measures.clipped_share(white) == pytest.approx(0.5, abs=0.01)
    assert measures.flattest(torch.zeros(2, 3, 8, 8)) == 0
    assert measures.spread(clean[:1].repeat(3, 1, 1, 1)) == pytest.approx(0, abs=1e-5)
