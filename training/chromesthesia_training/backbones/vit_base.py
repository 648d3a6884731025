"""Adapter for ViT-base-patch16-224 (Dosovitskiy et al. 2021): for who has the published file, which is not shipped.

Layout of `pytorch_model.bin` or `model.safetensors` of google/vit-base-patch16-224: `vit.embeddings.cls_token`,
`.position_embeddings` [1, 197, 768], `.patch_embeddings.projection`, for each layer
`vit.encoder.layer.<n>.attention.attention.query|key|value`, `.attention.output.dense`, `.intermediate.dense`,
`.output.dense`, `.layernorm_before`, `.layernorm_after`, and `vit.layernorm`. Sizes are read from the file; a head
has 64 values.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from chromesthesia_training.backbones.encodec import read_state
from chromesthesia_training.errors import DataError

FILE_NAMES = ("vit_base_patch16_224.safetensors", "vit_base_patch16_224.bin")
"""Under these names in the folder of weights; the published ones are `model.safetensors` and `pytorch_model.bin`."""
WHERE = "https://huggingface.co/google/vit-base-patch16-224"
HEAD = 64
EPSILON = 1e-12
LONGEST_HEADER = 1 << 24
_KINDS = {"F32": np.float32, "F16": np.float16, "F64": np.float64, "I64": np.int64}


class VitBase:
    """Pictures [B, 3, 224, 224] in 0..1 to patch tokens [B, 196, width] and CLS [B, width]. Nothing is trained."""

    def __init__(self, weights: Mapping[str, Tensor], where: Path) -> None:
        self.weights = weights
        self.where = where
        self.layers = 0
        while f"vit.encoder.layer.{self.layers}.layernorm_before.weight" in weights:
            self.layers += 1
        if self.layers == 0:
            raise self._lacks("vit.encoder.layer.0.layernorm_before.weight")
        self.width = int(self._get("vit.embeddings.cls_token").shape[2])
        self(torch.zeros(1, 3, 224, 224))  # names what is missing or does not fit, now

    @torch.inference_mode()
    def __call__(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        name = "vit.embeddings"
        patches = self._fitting(
            f"{name}.patch_embeddings.projection",
            lambda: functional.conv2d(
                pictures * 2.0 - 1.0,
                self._get(f"{name}.patch_embeddings.projection.weight"),
                self._get(f"{name}.patch_embeddings.projection.bias"),
                stride=16,
            ),
        )
        hidden = patches.flatten(2).transpose(1, 2)
        cls = self._get(f"{name}.cls_token").expand(len(pictures), -1, -1)
        hidden = self._fitting(
            f"{name}.position_embeddings",
            lambda: torch.cat([cls, hidden], dim=1) + self._get(f"{name}.position_embeddings"),
        )
        for number in range(self.layers):
            hidden = self._layer(f"vit.encoder.layer.{number}", hidden)
        hidden = self._norm("vit.layernorm", hidden)
        return hidden[:, 1:], hidden[:, 0]

    def _layer(self, name: str, hidden: Tensor) -> Tensor:
        count, length, width = hidden.shape
        normed = self._norm(f"{name}.layernorm_before", hidden)
        query, key, value = (
            self._linear(f"{name}.attention.attention.{part}", normed)
            .reshape(count, length, width // HEAD, HEAD)
            .transpose(1, 2)
            for part in ("query", "key", "value")
        )
        seen = functional.scaled_dot_product_attention(query, key, value).transpose(1, 2).flatten(2)
        hidden = hidden + self._linear(f"{name}.attention.output.dense", seen)
        normed = self._norm(f"{name}.layernorm_after", hidden)
        wide = functional.gelu(self._linear(f"{name}.intermediate.dense", normed))
        return hidden + self._linear(f"{name}.output.dense", wide)

    def _linear(self, name: str, given: Tensor) -> Tensor:
        weight, bias = self._get(f"{name}.weight"), self._get(f"{name}.bias")
        return self._fitting(name, lambda: functional.linear(given, weight, bias))

    def _norm(self, name: str, given: Tensor) -> Tensor:
        weight, bias = self._get(f"{name}.weight"), self._get(f"{name}.bias")
        return self._fitting(name, lambda: functional.layer_norm(given, (self.width,), weight, bias, EPSILON))

    def _get(self, name: str) -> Tensor:
        if name not in self.weights:
            raise self._lacks(name)
        return self.weights[name]

    def _lacks(self, name: str) -> DataError:
        return DataError(f"{self.where} lacks {name}", f"give the file of {WHERE}", "layout")

    def _fitting(self, name: str, compute: Any) -> Tensor:
        try:
            return torch.as_tensor(compute())
        except RuntimeError as error:
            raise DataError(
                f"{self.where}: {name} does not fit: {str(error).splitlines()[0]}",
                f"give the file of {WHERE}",
                "layout",
            ) from error


def vit_file(folder: Path) -> Path:
    """The file in a folder of weights. Raises DataError naming both names where there is none."""
    for name in FILE_NAMES:
        if (folder / name).is_file():
            return folder / name
    raise DataError(f"there is no {folder / FILE_NAMES[0]}, nor {FILE_NAMES[1]}", f"put the file of {WHERE} there",
                    "missing")  # fmt: skip


def load_vit_base(path: Path) -> VitBase:
    """Read a file of that layout.

    Raises DataError when it is missing (saying where to get it), damaged, or lacks a tensor or has one of a shape that
    does not fit, which is named.
    """
    if path.suffix == ".safetensors":
        return VitBase(read_safetensors(path), path)
    return VitBase(read_state(path, FILE_NAMES[1], WHERE), path)


def read_safetensors(path: Path) -> Mapping[str, Tensor]:
    """Tensors of a .safetensors file: eight bytes of length, a JSON header, the values. Else DataError."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"there is no {path}", f"put the file of {WHERE} there", "missing") from error
    try:
        length = int.from_bytes(content[:8], "little")
        if not 2 <= length <= min(LONGEST_HEADER, len(content) - 8):
            raise ValueError(f"a header of {length} bytes")
        header = json.loads(content[8 : 8 + length])
        found = {}
        for name, about in header.items():
            if name == "__metadata__":
                continue
            start, end = about["data_offsets"]
            values = np.frombuffer(
                memoryview(content)[8 + length + start : 8 + length + end], _KINDS[about["dtype"]]
            )
            found[name] = torch.from_numpy(values.reshape(about["shape"]).copy()).float()
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            f"{path} is no safetensors file: {error}", f"give the file of {WHERE}", "corrupt"
        ) from error
    return found
