"""The adapter for torchaudio's speech networks: files of the published layout, small ones made here, what is named."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import weight_norm

from chromesthesia_training.backbones.torchaudio_pipeline import (
    LEAST_SAMPLES,
    LONGEST_S,
    POSITIONS,
    RATE_HZ,
    WEIGHT_NORM,
    load_pipeline,
)
from chromesthesia_training.errors import DataError, TrainingError

WIDTH, LAYERS = 12, 3
SHAPES = [(10, 5)] + [(3, 2)] * 4 + [(2, 2)] * 2
"""Frames and step of each convolution, as published."""


def named(**parts: nn.Module) -> nn.Module:
    """A module of nothing but its parts."""
    whole = nn.Module()
    for name, part in parts.items():
        whole.add_module(name, part)
    return whole


class StandInNetwork(nn.Module):
    """NOT a network of torchaudio: a narrow one with the tensors of its layout, which hears in a simpler way."""

    def __init__(self, layers: int = LAYERS) -> None:
        super().__init__()
        self.heard = torch.zeros(1, 0)
        convolutions = [
            named(conv=nn.Conv1d(1 if number == 0 else WIDTH, WIDTH, *shape, bias=False))
            for number, shape in enumerate(SHAPES)
        ]
        convolutions[0].add_module("layer_norm", nn.GroupNorm(WIDTH, WIDTH))
        self.feature_extractor = named(conv_layers=nn.ModuleList(convolutions))
        linear = functools.partial(nn.Linear, WIDTH, WIDTH)
        blocks = [
            named(
                attention=named(k_proj=linear(), v_proj=linear(), q_proj=linear(), out_proj=linear()),
                layer_norm=nn.LayerNorm(WIDTH),
                feed_forward=named(
                    intermediate_dense=nn.Linear(WIDTH, 4 * WIDTH), output_dense=nn.Linear(4 * WIDTH, WIDTH)
                ),
                final_layer_norm=nn.LayerNorm(WIDTH),
            )
            for _ in range(layers)
        ]
        self.encoder = named(
            feature_projection=named(layer_norm=nn.LayerNorm(WIDTH), projection=linear()),
            transformer=named(
                pos_conv_embed=named(conv=weight_norm(nn.Conv1d(WIDTH, WIDTH, 3, padding=1), dim=2)),
                layer_norm=nn.LayerNorm(WIDTH),
                layers=nn.ModuleList(blocks),
            ),
        )

    def extract_features(
        self, waveforms: Tensor, lengths: Tensor | None = None, num_layers: int | None = None
    ) -> tuple[list[Tensor], Tensor | None]:
        """The outputs of the first `num_layers` layers, each [B, frames, WIDTH]."""
        self.heard = waveforms
        hidden = waveforms[:, None]
        for number in range(len(SHAPES)):
            part = self.get_submodule(f"feature_extractor.conv_layers.{number}")
            hidden = part.get_submodule("conv")(hidden)
            hidden = nn.functional.gelu(part.get_submodule("layer_norm")(hidden) if number == 0 else hidden)
        hidden = self.get_submodule("encoder.feature_projection.projection")(hidden.mT)
        hidden = hidden + self.get_submodule(POSITIONS)(hidden.mT).mT
        found = []
        for number in range(num_layers or LAYERS):
            block = self.get_submodule(f"encoder.transformer.layers.{number}")
            seen = block.get_submodule("attention.out_proj")(hidden.mean(dim=1, keepdim=True))
            hidden = block.get_submodule("final_layer_norm")(hidden + seen)
            found.append(hidden)
        return found, lengths


@pytest.fixture
def torchaudio(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A stand-in for the module torchaudio, with builders of two networks."""
    module: Any = ModuleType("torchaudio")
    module.models = ModuleType("torchaudio.models")
    module.models.hubert_base = module.models.hubert_large = StandInNetwork
    monkeypatch.setitem(sys.modules, "torchaudio", module)
    monkeypatch.setitem(sys.modules, "torchaudio.models", module.models)
    return module


def published(net: nn.Module, path: Path, **changed: Tensor | None) -> Path:
    """The network's file with the names that published ones have; `changed`: put in its place, None: left out."""
    old = {new: name for name, new in WEIGHT_NORM.items()}
    state = {old.get(name, name): value for name, value in net.state_dict().items()}
    for name, value in changed.items():
        state.pop(name, None)
        if value is not None:
            state[name] = value
    torch.save(state, path)
    return path


@pytest.fixture
def net() -> StandInNetwork:
    torch.manual_seed(0)
    return StandInNetwork().eval()


def noise(count: int, seed: int = 0) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(seed).normal(0.1, 0.2, count).astype(np.float32)


def mean_of(net: StandInNetwork, samples: np.ndarray[Any, Any], layer: int) -> np.ndarray[Any, Any]:
    with torch.no_grad():
        return net.extract_features(torch.from_numpy(samples)[None])[0][layer - 1][0].mean(dim=0).numpy()


@pytest.mark.parametrize("layer", [1, LAYERS])
def test_a_clip_becomes_the_mean_over_time_of_the_layer(
    torchaudio: ModuleType, net: StandInNetwork, tmp_path: Path, layer: int
) -> None:
    pipeline = load_pipeline("hubert_base", published(net, tmp_path / "hubert.pth"), layer)
    assert pipeline.size == WIDTH
    assert f"hubert_base, layer {layer}, weights hubert.pth" in pipeline.name
    first, second = (noise(RATE_HZ, seed) for seed in (1, 2))
    embedding = pipeline(first)
    assert embedding.shape == (WIDTH,)
    assert embedding.dtype == np.float32
    np.testing.assert_allclose(embedding, mean_of(net, first, layer), atol=1e-5)
    assert not np.allclose(pipeline(second), embedding)


def test_clips_of_any_length_are_heard(torchaudio: ModuleType, net: StandInNetwork, tmp_path: Path) -> None:
    pipeline = load_pipeline("hubert_base", published(net, tmp_path / "hubert.pth"), 2)
    short = noise(40)
    np.testing.assert_array_equal(pipeline(short), pipeline(np.pad(short, (0, LEAST_SAMPLES - 40))))
    assert np.isfinite(pipeline(np.zeros(0, np.float32))).all()
    long = noise((LONGEST_S + 1) * RATE_HZ)
    halves = [mean_of(net, half, 2) for half in np.split(long, 2)]
    np.testing.assert_allclose(pipeline(long), np.mean(halves, axis=0), atol=1e-5)


def test_the_large_ones_hear_sound_of_one_level(
    torchaudio: ModuleType, net: StandInNetwork, tmp_path: Path
) -> None:
    path, sound = published(net, tmp_path / "hubert.pth"), noise(4_000)
    heard = {}
    for name in ("hubert_base", "hubert_large"):
        pipeline: Any = load_pipeline(name, path, 1)
        pipeline(sound)
        heard[name] = pipeline.net.heard[0].numpy()
    np.testing.assert_array_equal(heard["hubert_base"], sound)
    np.testing.assert_allclose(heard["hubert_large"], (sound - sound.mean()) / sound.std(), atol=1e-3)


def test_files_of_fine_tuned_ones_and_of_todays_torch_are_read(
    torchaudio: ModuleType, net: StandInNetwork, tmp_path: Path
) -> None:
    aux = {"aux.weight": torch.zeros(29, WIDTH), "aux.bias": torch.zeros(29)}
    torch.save(net.state_dict() | aux, tmp_path / "own.pth")
    sound = noise(2_000)
    np.testing.assert_array_equal(
        load_pipeline("hubert_base", tmp_path / "own.pth", 1)(sound),
        load_pipeline("hubert_base", published(net, tmp_path / "hubert.pth"), 1)(sound),
    )


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (
            "encoder.transformer.layers.1.attention.q_proj.weight",
            None,
            r"lacks .*\.1\.attention\.q_proj\.weight",
        ),
        (f"{POSITIONS}.weight_g", None, r"lacks .*pos_conv_embed\.conv"),
        ("encoder.feature_projection.projection.bias", torch.zeros(5), r"of shape \(5,\), expected \(12,\)"),
        ("feature_extractor.conv_layers.0.conv.bias", torch.zeros(WIDTH), r"has .*0\.conv\.bias, which"),
    ],
)
def test_a_file_of_another_layout_is_named(
    torchaudio: ModuleType, net: StandInNetwork, tmp_path: Path, name: str, value: Tensor | None, said: str
) -> None:
    path = published(net, tmp_path / "hubert.pth", **{name: value})
    with pytest.raises(DataError, match=said) as caught:
        load_pipeline("hubert_base", path, 1)
    assert caught.value.kind == "layout"
    assert "hubert_fairseq_base_ls960.pth" in caught.value.remedy


def test_a_file_of_another_network_is_named(torchaudio: ModuleType, tmp_path: Path) -> None:
    deeper = published(StandInNetwork(LAYERS + 1), tmp_path / "deep.pth")
    with pytest.raises(DataError, match=rf"has encoder\.transformer\.layers\.{LAYERS}\."):
        load_pipeline("hubert_base", deeper, 1)
    torch.save({"model": {"weight": torch.zeros(3)}}, tmp_path / "other.pth")
    with pytest.raises(DataError, match="holds no tensors by name"):
        load_pipeline("hubert_base", tmp_path / "other.pth", 1)


def test_a_missing_or_damaged_file_is_named(
    torchaudio: ModuleType, net: StandInNetwork, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match="there is no") as caught:
        load_pipeline("hubert_base", tmp_path / "none.pth", 1)
    assert caught.value.kind == "missing"
    assert "hubert_fairseq_base_ls960.pth of https://" in caught.value.remedy
    path = published(net, tmp_path / "hubert.pth")
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match=r"hubert\.pth is no file of plain tensors"):
        load_pipeline("hubert_base", path, 1)


@pytest.mark.parametrize("layer", [0, LAYERS + 1])
def test_a_layer_that_is_not_there_is_named(torchaudio: ModuleType, tmp_path: Path, layer: int) -> None:
    with pytest.raises(TrainingError, match=f"hubert_base has no layer {layer}") as caught:
        load_pipeline("hubert_base", tmp_path / "hubert.pth", layer)
    assert caught.value.remedy == f"choose one from 1 to {LAYERS}"


def test_networks_that_cannot_be_built_are_named(
    torchaudio: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TrainingError, match="unknown speech network 'whisper'") as caught:
        load_pipeline("whisper", tmp_path / "hubert.pth", 1)
    assert "hubert_base" in caught.value.remedy
    with pytest.raises(TrainingError, match="this torchaudio builds no wav2vec2_base"):
        load_pipeline("wav2vec2_base", tmp_path / "hubert.pth", 1)
    monkeypatch.setitem(sys.modules, "torchaudio", None)
    with pytest.raises(TrainingError, match="torchaudio cannot be imported") as caught:
        load_pipeline("hubert_base", tmp_path / "hubert.pth", 1)
    assert "chromesthesia[torchaudio]" in caught.value.remedy


def test_a_torchaudio_whose_own_library_is_not_found_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Ill:
        """What torchaudio does beside a torch without its CUDA libraries."""

        def find_spec(self, name: str, *_: object) -> None:
            if name.partition(".")[0] == "torchaudio":
                raise OSError("libcudart.so.13: cannot open shared object file")

    monkeypatch.delitem(sys.modules, "torchaudio", raising=False)
    monkeypatch.setattr(sys, "meta_path", [Ill(), *sys.meta_path])
    with pytest.raises(TrainingError, match=r"libcudart\.so\.13") as caught:
        load_pipeline("hubert_base", tmp_path / "hubert.pth", 1)
    assert "pip install" in caught.value.remedy


def test_a_real_network_of_torchaudio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A narrow one with random weights; skipped where torchaudio, or a torch that fits it, is not installed."""
    try:
        from torchaudio import models
    except (ImportError, OSError, RuntimeError) as error:
        pytest.skip(f"torchaudio cannot be imported: {str(error).splitlines()[0]}")
    narrow: Callable[[], nn.Module] = functools.partial(
        models.wav2vec2_model,
        extractor_mode="group_norm",
        extractor_conv_layer_config=[(16, *shape) for shape in SHAPES],
        extractor_conv_bias=False,
        encoder_embed_dim=32,
        encoder_projection_dropout=0.1,
        encoder_pos_conv_kernel=16,
        encoder_pos_conv_groups=4,
        encoder_num_layers=3,
        encoder_num_heads=4,
        encoder_attention_dropout=0.1,
        encoder_ff_interm_features=64,
        encoder_ff_interm_dropout=0.0,
        encoder_dropout=0.1,
        encoder_layer_norm_first=False,
        encoder_layer_drop=0.05,
        aux_num_out=None,
    )
    monkeypatch.setattr(models, "hubert_base", narrow)
    torch.manual_seed(0)
    net: Any = narrow().eval()
    pipeline = load_pipeline("hubert_base", published(net, tmp_path / "hubert.pth"), 2)
    sound = noise(RATE_HZ)
    with torch.no_grad():
        wanted = net.extract_features(torch.from_numpy(sound)[None])[0][1][0].mean(dim=0).numpy()
    np.testing.assert_allclose(pipeline(sound), wanted, atol=1e-4)
    assert pipeline.size == 32
