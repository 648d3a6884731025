"""The adapters for ViT-base and EnCodec: files of the published layout, small ones made here, and what is named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from chromesthesia_training.backbones.encodec import HOP, load_encodec
from chromesthesia_training.backbones.vit_base import load_vit_base, vit_file
from chromesthesia_training.errors import DataError

State = dict[str, Tensor]
WIDTH = 64


def write_safetensors(path: Path, state: State) -> Path:
    header: dict[str, object] = {"__metadata__": {"format": "pt"}}
    values = b""
    for name, value in state.items():
        content = value.numpy().astype(np.float32).tobytes()
        header[name] = {
            "dtype": "F32", "shape": list(value.shape), "data_offsets": [len(values), len(values) + len(content)],
        }  # fmt: skip
        values += content
    packed = json.dumps(header).encode()
    path.write_bytes(len(packed).to_bytes(8, "little") + packed + values)
    return path


def layer_by_hand(state: State, name: str, hidden: Tensor) -> Tensor:
    """A transformer layer by torch's own, one head of 64."""
    layer = torch.nn.TransformerEncoderLayer(
        WIDTH, 1, 4 * WIDTH, 0.0, "gelu", 1e-12, batch_first=True, norm_first=True
    ).eval()
    parts = [state[f"{name}.attention.attention.{part}.weight"] for part in ("query", "key", "value")]
    biases = [state[f"{name}.attention.attention.{part}.bias"] for part in ("query", "key", "value")]
    given = {"self_attn.in_proj_weight": torch.cat(parts), "self_attn.in_proj_bias": torch.cat(biases)}
    for theirs, ours in {
        "self_attn.out_proj": "attention.output.dense", "linear1": "intermediate.dense", "linear2": "output.dense",
        "norm1": "layernorm_before", "norm2": "layernorm_after",
    }.items():  # fmt: skip
        for end in ("weight", "bias"):
            given[f"{theirs}.{end}"] = state[f"{name}.{ours}.{end}"]
    layer.load_state_dict(given)
    with torch.no_grad():
        return torch.as_tensor(layer(hidden))


def test_vit_gives_its_tokens_from_both_kinds_of_file(vit_state: State, tmp_path: Path) -> None:
    state = dict(vit_state)
    torch.save(state, tmp_path / "vit_base_patch16_224.bin")
    net = load_vit_base(vit_file(tmp_path))
    pictures = torch.rand(2, 3, 224, 224)
    tokens, cls = net(pictures)
    assert tokens.shape == (2, 196, WIDTH)
    assert cls.shape == (2, WIDTH)
    packed = load_vit_base(write_safetensors(tmp_path / "vit_base_patch16_224.safetensors", state))
    assert torch.equal(packed(pictures)[0], tokens)
    with torch.no_grad():
        weight, bias = (
            state[f"vit.embeddings.patch_embeddings.projection.{end}"] for end in ("weight", "bias")
        )
        patches = torch.nn.functional.conv2d(pictures * 2 - 1, weight, bias, stride=16)
        hidden = torch.cat([state["vit.embeddings.cls_token"].expand(2, -1, -1), patches.flatten(2).mT], 1)
        hidden = hidden + state["vit.embeddings.position_embeddings"]
    for number in range(2):
        hidden = layer_by_hand(state, f"vit.encoder.layer.{number}", hidden)
    wanted = torch.nn.functional.layer_norm(hidden, (WIDTH,), eps=1e-12)
    assert torch.allclose(wanted[:, 1:], tokens, atol=1e-4)
    assert torch.allclose(wanted[:, 0], cls, atol=1e-4)


@pytest.mark.parametrize(
    "name",
    [
        "vit.encoder.layer.0.layernorm_before.weight",
        "vit.encoder.layer.1.output.dense.bias",
        "vit.layernorm.bias",
    ],
)
def test_a_tensor_that_vit_lacks_is_named(vit_state: State, tmp_path: Path, name: str) -> None:
    state = dict(vit_state)
    del state[name]
    torch.save(state, tmp_path / "vit.bin")
    with pytest.raises(DataError, match=f"lacks {name}"):
        load_vit_base(tmp_path / "vit.bin")


def test_a_tensor_of_vit_that_does_not_fit_is_named(vit_state: State, tmp_path: Path) -> None:
    state = vit_state | {"vit.encoder.layer.1.intermediate.dense.weight": torch.zeros(8, 9)}
    torch.save(state, tmp_path / "vit.bin")
    with pytest.raises(DataError, match=r"layer\.1\.intermediate\.dense does not fit"):
        load_vit_base(tmp_path / "vit.bin")


@pytest.mark.parametrize("content", [b"", b"\xff" * 40, (4).to_bytes(8, "little") + b"[1] ", b"PK nothing"])
def test_a_damaged_file_is_named(tmp_path: Path, content: bytes) -> None:
    for name in ("vit.safetensors", "vit.bin"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=name):
            load_vit_base(tmp_path / name)


def test_a_missing_file_says_where_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is no") as caught:
        vit_file(tmp_path)
    assert "huggingface.co" in caught.value.remedy
    with pytest.raises(DataError, match="there is no") as caught:
        load_encodec(tmp_path / "encodec.th")
    assert "encodec_24khz" in caught.value.remedy


@pytest.mark.parametrize("length", [HOP * 6, HOP * 6 + 1, 100])
def test_encodec_codes_sound_at_75_frames_a_second_and_back(
    encodec_state: State, tmp_path: Path, length: int
) -> None:
    torch.save(encodec_state, tmp_path / "encodec.th")
    codec = load_encodec(tmp_path / "encodec.th")
    codes = codec.encode(torch.randn(2, length) * 0.1)
    frames = -(-length // HOP)
    assert codes.shape == (2, 3, frames)
    assert int(codes.min()) >= 0
    assert int(codes.max()) < 16
    assert codec.decode(codes).shape == (2, frames * HOP)


def test_encodec_hears_nothing_ahead_of_time(encodec_state: State, tmp_path: Path) -> None:
    torch.save(encodec_state, tmp_path / "encodec.th")
    codec = load_encodec(tmp_path / "encodec.th")
    sound = torch.randn(1, HOP * 20)
    changed = sound.clone()
    changed[:, HOP * 12 :] = 0.0
    first, second = codec.frames(sound), codec.frames(changed)
    # The first frames see what is mirrored at the beginning.
    assert torch.allclose(first[:, :, 7:12], second[:, :, 7:12], atol=1e-5)
    assert not torch.allclose(first[:, :, 13:], second[:, :, 13:], atol=1e-3)


def test_each_code_book_describes_what_is_left(encodec_state: State, tmp_path: Path) -> None:
    torch.save(encodec_state, tmp_path / "encodec.th")
    codec = load_encodec(tmp_path / "encodec.th")
    sound = torch.randn(1, HOP * 4)
    rest = codec.frames(sound)[0].T
    for number, book in enumerate(codec.books):
        nearest = ((rest[:, None] - book[None]) ** 2).sum(dim=2).argmin(dim=1)
        assert torch.equal(codec.encode(sound)[0, number], nearest)
        rest = rest - book[nearest]


@pytest.mark.parametrize(
    "name",
    [
        "encoder.model.6.conv.conv.weight_g",
        "decoder.model.10.block.1.conv.conv.bias",
        "encoder.model.13.lstm.weight_ih_l1",
        "quantizer.vq.layers.0._codebook.embed",
    ],
)
def test_a_tensor_that_encodec_lacks_is_named(encodec_state: State, tmp_path: Path, name: str) -> None:
    state = dict(encodec_state)
    del state[name]
    torch.save(state, tmp_path / "encodec.th")
    with pytest.raises(DataError, match=name.replace(".", r"\.")):
        load_encodec(tmp_path / "encodec.th")


def test_a_tensor_of_encodec_that_does_not_fit_is_named(encodec_state: State, tmp_path: Path) -> None:
    state = encodec_state | {"decoder.model.0.conv.conv.weight_v": torch.zeros(4, 5, 7)}
    torch.save(state, tmp_path / "encodec.th")
    with pytest.raises(DataError, match=r"decoder\.model\.0"):
        load_encodec(tmp_path / "encodec.th")
