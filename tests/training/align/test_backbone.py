"""Image backbones: one interface, weights from a local file, every missing piece named with its remedy."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor, nn
from typer.testing import CliRunner

from chromesthesia.core.errors import UsageError
from chromesthesia_training.align.backbone import PooledMaps, embed_pictures, load_backbone
from chromesthesia_training.align.material import open_backbone
from chromesthesia_training.align.pictures import read_features
from chromesthesia_training.align.stages import command_of, objective_settings
from chromesthesia_training.backbones.squeezenet import WeightsError
from chromesthesia_training.cli.app import app
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.stage import Context

MEAN, DEVIATION = (0.4, 0.5, 0.6), (0.2, 0.3, 0.4)


class StandInNetwork(nn.Module):
    """NOT a network of timm: a pooled convolution with the same interface (`num_classes=0` leaves out the top)."""

    def __init__(self, top: bool = False) -> None:
        super().__init__()
        self.stem = nn.Conv2d(3, 5, 3, stride=2)
        self.seen: list[Tensor] = []
        if top:
            self.classifier = nn.Linear(5, 10)

    def forward(self, images: Tensor) -> Tensor:
        self.seen.append(images)
        return self.stem(images).mean((2, 3))


@pytest.fixture
def stand_in_timm(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A stand-in for the module timm, with the three functions that the adapter uses."""
    timm: Any = ModuleType("timm")
    timm.list_models = lambda: ["standin_b0"]
    timm.create_model = lambda name, pretrained, num_classes: StandInNetwork(top=num_classes != 0)
    timm.data = SimpleNamespace(
        resolve_model_data_config=lambda network: {"input_size": (3, 24, 24), "mean": MEAN, "std": DEVIATION}
    )
    monkeypatch.setitem(sys.modules, "timm", timm)
    return timm


def saved(path: Path, top: bool = True) -> tuple[Path, StandInNetwork]:
    torch.manual_seed(3)
    network = StandInNetwork(top)
    torch.save(network.state_dict(), path)
    return path, network


def test_network_sees_what_it_was_trained_with(stand_in_timm: ModuleType, tmp_path: Path) -> None:
    path, network = saved(tmp_path / "weights.pth")
    backbone = load_backbone("timm:standin_b0", path)
    assert backbone.size == 5
    pictures = np.random.default_rng(0).integers(0, 255, (3, 24, 24, 3), np.uint8)
    found = embed_pictures(backbone, pictures, batch=2)
    unit = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
    wanted = network((unit - torch.tensor(MEAN).reshape(3, 1, 1)) / torch.tensor(DEVIATION).reshape(3, 1, 1))
    np.testing.assert_allclose(found, wanted.detach().numpy(), atol=1e-5)


def test_other_sides_are_resized(stand_in_timm: ModuleType, tmp_path: Path) -> None:
    backbone: Any = load_backbone("timm:standin_b0", saved(tmp_path / "weights.pth")[0])
    embed_pictures(backbone, np.zeros((1, 50, 50, 3), np.uint8))
    assert backbone.network.seen[-1].shape == (1, 3, 24, 24)


@pytest.mark.parametrize("wrapper", ["state_dict", "model", None])
def test_checkpoints_of_training_frames_are_read(
    stand_in_timm: ModuleType, tmp_path: Path, wrapper: str | None
) -> None:
    _, network = saved(tmp_path / "plain.pth")
    state = {f"module.{name}": value for name, value in network.state_dict().items()}
    torch.save({wrapper: state, "epoch": 3} if wrapper else state, tmp_path / "wrapped.pth")
    backbone: Any = load_backbone("timm:standin_b0", tmp_path / "wrapped.pth")
    torch.testing.assert_close(backbone.network.stem.weight, network.stem.weight)


def test_what_is_missing_is_named(
    stand_in_timm: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, network = saved(tmp_path / "weights.pth")
    with pytest.raises(WeightsError, match="no backbone weights at"):
        load_backbone("timm:standin_b0", tmp_path / "none.pth")
    with pytest.raises(TrainingError, match="no network 'other'"):
        load_backbone("timm:other", path)
    with pytest.raises(TrainingError, match="unknown image backbone 'resnet'"):
        load_backbone("resnet", path)
    (tmp_path / "damaged.pth").write_bytes(path.read_bytes()[:100])
    with pytest.raises(WeightsError, match="are damaged"):
        load_backbone("timm:standin_b0", tmp_path / "damaged.pth")
    torch.save({"stem.weight": network.stem.weight.detach()}, tmp_path / "lacking.pth")
    with pytest.raises(WeightsError, match=r"lacks 1 tensors of standin_b0, the first is stem\.bias"):
        load_backbone("timm:standin_b0", tmp_path / "lacking.pth")
    torch.save({"stem.weight": torch.zeros(5, 3, 1, 1), "stem.bias": torch.zeros(5)}, tmp_path / "wide.pth")
    with pytest.raises(WeightsError, match="expected shape"):
        load_backbone("timm:standin_b0", tmp_path / "wide.pth")
    monkeypatch.setitem(sys.modules, "timm", None)
    with pytest.raises(TrainingError, match="timm is not installed") as caught:
        load_backbone("timm:standin_b0", path)
    assert "pip install" in caught.value.remedy


@pytest.mark.parametrize(("model", "size"), [("efficientnet_b0", 1_280), ("test_vit", 64)])
def test_a_real_network_of_timm(tmp_path: Path, model: str, size: int) -> None:
    """EfficientNet and a tiny ViT, random weights; skipped where timm, or a torchvision that fits torch, is not
    installed."""
    try:
        import timm
    except (ImportError, RuntimeError) as error:
        pytest.skip(f"timm cannot be imported: {str(error).splitlines()[0]}")
    torch.manual_seed(0)
    network = timm.create_model(model, pretrained=False).eval()
    torch.save(network.state_dict(), tmp_path / f"{model}.pth")
    backbone = load_backbone(f"timm:{model}", tmp_path / f"{model}.pth")
    pictures = np.random.default_rng(0).integers(0, 255, (2, 40, 40, 3), np.uint8)
    features = embed_pictures(backbone, pictures)
    assert features.shape == (2, backbone.size) == (2, size)
    assert np.isfinite(features).all()
    assert not np.allclose(features[0], features[1])
    # The same weights say the same, other weights something else.
    again = embed_pictures(load_backbone(f"timm:{model}", tmp_path / f"{model}.pth"), pictures)
    np.testing.assert_array_equal(again, features)
    torch.save(timm.create_model(model, pretrained=False).state_dict(), tmp_path / "other.pth")
    other = embed_pictures(load_backbone(f"timm:{model}", tmp_path / "other.pth"), pictures)
    assert not np.allclose(other, features)


def test_the_stages_see_with_the_network_asked_for(stand_in_timm: ModuleType, tmp_path: Path) -> None:
    usual = Context(tmp_path, command="chromesthesia-train reproduce --only alignment.infonce")
    asked = replace(usual, backbone="timm:standin_b0", backbone_weights=saved(tmp_path / "weights.pth")[0])
    backbone = open_backbone(asked)
    assert (backbone.name, backbone.size) == ("timm standin_b0, weights weights.pth", 5)
    with pytest.raises(WeightsError, match="squeezenet1_1_imagenet_notop"):
        open_backbone(usual)
    # Figures seen by one network do not stand for those of another, in either direction.
    figures = {str(objective_settings(context, "infonce")["backbone"]) for context in (usual, asked)}
    assert figures == {"None", "timm:standin_b0 weights.pth"}
    assert command_of(usual) == usual.command
    assert command_of(asked).endswith(f"--backbone timm:standin_b0 --backbone-weights {tmp_path}/weights.pth")


def test_the_command_hands_the_network_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Context] = []
    monkeypatch.setattr(
        "chromesthesia_training.reproduce.run.reproduce",
        lambda stages, context, *rest: given.append(context),
    )
    words = ["reproduce", "--data", str(tmp_path), "--runs", str(tmp_path), "--only", "alignment"]
    more = ["--backbone", "timm:efficientnet_b0", "--backbone-weights", str(tmp_path / "b0.pth")]
    for arguments in (words, words + more):
        result = CliRunner().invoke(app, arguments)
        assert result.exception is None, result.output
    assert [(one.backbone, one.backbone_weights) for one in given] == [
        (None, None),
        ("timm:efficientnet_b0", tmp_path / "b0.pth"),
    ]
    alone = CliRunner().invoke(app, words + more[:2])
    assert isinstance(alone.exception, UsageError)
    assert "--backbone-weights" in str(alone.exception)


class TinyMaps(nn.Module):
    """A feature net of one map."""

    channels: dict[str, int] = {"only": 4}  # noqa: RUF012 - matches the protocol

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        return {"only": torch.cat([image, image.mean(1, keepdim=True)], 1)}


def test_features_of_a_folder_are_kept(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    for emotion in ("anger", "awe", "contentment", "sadness"):
        (tmp_path / "art" / emotion).mkdir(parents=True)
        for number in range(2):
            pixels = rng.integers(0, 255, (8, 8, 3), np.uint8)
            Image.fromarray(pixels).save(tmp_path / "art" / emotion / f"klee{number}_{emotion}.png")
    backbone = PooledMaps(TinyMaps(), "tiny", side=16)
    cache = tmp_path / "cache"
    first = read_features(tmp_path / "art", backbone, cache)
    assert first.features.shape == (8, backbone.size) == (8, 8)
    assert len(first.of_three()) == 6
    assert set(first.artists) == {"klee0", "klee1"}
    assert "awe/klee1_awe.png" in first.paths
    (kept,) = cache.glob("features-*.npy")
    np.save(kept, first.features + 1)
    np.testing.assert_array_equal(
        read_features(tmp_path / "art", backbone, cache).features, first.features + 1
    )
    kept.write_bytes(b"damaged")
    np.testing.assert_array_equal(read_features(tmp_path / "art", backbone, cache).features, first.features)
