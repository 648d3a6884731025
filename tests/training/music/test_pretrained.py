"""Pretrained networks: MusiCNN against its graph, the graph's own walk, PANNs from a file of its layout."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from chromesthesia_training.backbones.musicnn import load_musicnn, musicnn_patches
from chromesthesia_training.backbones.panns import STFT_REAL, Cnn14, embed_chunks, load_cnn14
from chromesthesia_training.errors import DataError
from chromesthesia_training.music.graph import evaluate, read_graph


def text(word: str) -> dict[str, str]:
    return {"s": base64.b64encode(word.encode()).decode()}


def numbers(*values: int) -> dict[str, Any]:
    return {"list": {"i": [str(value) for value in values]}}


def conv_node(padding: str) -> dict[str, Any]:
    return {
        "name": "conv",
        "op": "_FusedConv2D",
        "input": ["x", "kernel", "bias"],
        "attr": {
            "data_format": text("NHWC"),
            "padding": text(padding),
            "strides": numbers(1, 1, 1, 1),
            "dilations": numbers(1, 1, 1, 1),
            "fused_ops": {"list": {"s": [text("BiasAdd")["s"], text("Relu")["s"]]}},
        },
    }


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_the_walk_convolves_as_torch_does(padding: str) -> None:
    rng = np.random.default_rng(0)
    inputs, kernel = rng.normal(size=(2, 9, 8, 3)), rng.normal(size=(4, 3, 3, 5))
    bias = rng.normal(size=5)
    nodes = [{"name": name, "op": "Const"} for name in ("kernel", "bias")] + [conv_node(padding)]
    ours = evaluate(nodes, {"kernel": kernel, "bias": bias}, {"x": inputs}, "conv")
    wanted = functional.conv2d(
        torch.from_numpy(inputs.transpose(0, 3, 1, 2)),
        torch.from_numpy(kernel.transpose(3, 2, 0, 1)),
        torch.from_numpy(bias),
        padding=padding.lower(),
    ).relu()
    assert ours == pytest.approx(wanted.numpy().transpose(0, 2, 3, 1))


def test_the_walk_names_what_it_does_not_know() -> None:
    nodes: list[dict[str, Any]] = [{"name": "a", "op": "Sin", "input": ["x"]}]
    with pytest.raises(DataError, match="operation Sin of a is not known"):
        evaluate(nodes, {}, {"x": np.zeros(2)}, "a")
    with pytest.raises(DataError, match="no node b"):
        evaluate(nodes, {}, {}, "b")
    with pytest.raises(DataError, match="constant c is not given"):
        evaluate([{"name": "c", "op": "Const"}], {}, {}, "c")
    circle = [
        {"name": "a", "op": "Add", "input": ["b", "b"]},
        {"name": "b", "op": "Add", "input": ["a", "a"]},
    ]
    with pytest.raises(DataError, match="in a circle"):
        evaluate(circle, {}, {}, "a")


def test_a_file_that_describes_no_graph_is_named(tmp_path: Path) -> None:
    path = tmp_path / "graph.json"
    for content in ('{"a": 1}', "not json", '{"modelTopology": {"node": [1]}}'):
        path.write_text(content)
        with pytest.raises(DataError, match=r"graph\.json describes no graph"):
            read_graph(path)


def test_musicnn_reads_weights_of_the_published_layout_and_embeds(
    tmp_path: Path, chord: Callable[..., np.ndarray], musicnn_weights: Callable[..., Path]
) -> None:
    net = load_musicnn(musicnn_weights(tmp_path / "w.npz"))
    patches = musicnn_patches(chord(6.1, rate_hz=16_000))
    assert patches.shape == (2, 187, 96)
    with torch.inference_mode():
        pooled, embedding = net.embed(torch.from_numpy(patches))
        assert pooled.shape == (2, 1506)
        assert embedding.shape == (2, 200)
        tags = net(torch.from_numpy(patches))
    assert tags.shape == (2, 50)
    assert bool(((tags > 0.0) & (tags < 1.0)).all())


def test_weights_of_musicnn_that_do_not_fit_are_named(
    tmp_path: Path, musicnn_weights: Callable[..., Path]
) -> None:
    with pytest.raises(DataError, match=r"there is no .*gone\.npz"):
        load_musicnn(tmp_path / "gone.npz")
    path = musicnn_weights(tmp_path / "w.npz", **{"dense|bias": np.zeros(201, np.float32)})
    with pytest.raises(DataError, match=r"dense/bias is of shape \(201,\)"):
        load_musicnn(path)
    np.savez(path, other=np.zeros(2))
    with pytest.raises(DataError, match="has no tensor model/batch_normalization/FusedBatchNorm/Scaled"):
        load_musicnn(path)
    path.write_bytes(b"not a zip")
    with pytest.raises(DataError, match=r"w\.npz are damaged"):
        load_musicnn(path)


@pytest.mark.shared_data
def test_musicnn_is_its_published_graph(shared_dir: Path, chord: Callable[..., np.ndarray]) -> None:
    from chromesthesia_training.backbones.musicnn import read_weights

    weights = shared_dir / "data/weights/musicnn_msd.npz"
    patch = musicnn_patches(chord(3.0, rate_hz=16_000))
    nodes = read_graph(weights.with_name("musicnn_msd_graph.json"))
    constants = read_weights(weights)
    with torch.inference_mode():
        net = load_musicnn(weights)
        tags, embedding = net(torch.from_numpy(patch)), net.embed(torch.from_numpy(patch))[1]
    for node, ours in (("model/Sigmoid", tags), ("model/dense/Relu", embedding)):
        wanted = evaluate(nodes, constants, {"model/Placeholder": patch}, node)
        assert ours.numpy() == pytest.approx(wanted, abs=1e-4)


WIDTHS = (2, 2, 4, 4, 4, 8)


def panns_content(**changed: torch.Tensor | None) -> dict[str, Any]:
    """A small random checkpoint, its tensors named as the published file's; `changed` ones replaced or left out."""
    torch.manual_seed(0)
    net = Cnn14(window=64, bins=33, mels=32, widths=WIDTHS, embedding=6)
    names = {
        "real.weight": STFT_REAL,
        "imaginary.weight": STFT_REAL.replace("real", "imag"),
        "mel": "logmel_extractor.melW",
    }
    state = {names.get(name, name): value.clone() for name, value in net.state_dict().items()}
    state["logmel_extractor.melW"] = torch.rand(33, 32)
    state["fc_audioset.weight"], state["fc_audioset.bias"] = torch.zeros(5, 6), torch.zeros(5)
    for name, value in changed.items():
        if value is None:
            del state[name]
        else:
            state[name] = value
    return {"iteration": 1, "model": state}


def test_panns_reads_a_file_of_the_documented_layout(tmp_path: Path) -> None:
    path = tmp_path / "Cnn14.pth"
    torch.save(panns_content(), path)
    net = load_cnn14(path)
    sound = np.random.default_rng(0).normal(0.0, 0.1, 2 * 96_000 + 10).astype(np.float32)
    embedding = embed_chunks(net, sound)
    assert embedding.shape == (2, 6)
    assert np.isfinite(embedding).all()
    assert embedding[0] == pytest.approx(embed_chunks(net, sound[:96_000])[0], abs=1e-5)
    assert embed_chunks(net, sound[:100]).shape == (1, 6)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({STFT_REAL: None}, f"lacks {STFT_REAL}"),
        ({"conv_block3.conv1.weight": None}, r"lacks conv_block3\.conv1\.weight"),
        ({"conv_block3.bn2.running_var": None}, r"lacks conv_block3\.bn2\.running_var"),
        ({"conv_block2.bn1.weight": torch.ones(3)}, r"conv_block2\.bn1\.weight is of shape \(3,\)"),
        ({"fc1.bias": torch.zeros(7)}, r"fc1\.bias is of shape \(7,\)"),
    ],
)
def test_what_a_file_of_panns_lacks_is_named(
    tmp_path: Path, changed: dict[str, torch.Tensor | None], said: str
) -> None:
    path = tmp_path / "Cnn14.pth"
    torch.save(panns_content(**changed), path)
    with pytest.raises(DataError, match=said):
        load_cnn14(path)


def test_files_that_are_no_panns_are_named(tmp_path: Path) -> None:
    path = tmp_path / "Cnn14.pth"
    with pytest.raises(DataError, match=r"there is no .*Cnn14\.pth.*zenodo"):
        load_cnn14(path)
    path.write_bytes(b"half a file")
    with pytest.raises(DataError, match="no checkpoint of plain tensors"):
        load_cnn14(path)
    torch.save(nn.Linear(2, 2), path)  # a pickled module runs code when it is read: refused
    with pytest.raises(DataError, match="no checkpoint of plain tensors"):
        load_cnn14(path)
    torch.save([torch.zeros(2)], path)
    with pytest.raises(DataError, match="holds no `model` of tensors"):
        load_cnn14(path)
