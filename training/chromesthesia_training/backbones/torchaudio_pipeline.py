"""Adapter for torchaudio's speech networks (wav2vec 2.0, HuBERT): for who has a published file, which is not shipped.

torchaudio is optional (the extra `torchaudio`) and only builds the network here; its `pipelines` would download. Layout
of the files that these use, e.g. `hubert_fairseq_base_ls960.pth`, a plain state dict:
`feature_extractor.conv_layers.<n>.conv` and `.layer_norm`, `encoder.feature_projection.layer_norm` and `.projection`,
`encoder.transformer.pos_conv_embed.conv.weight_g`, `.weight_v`, `.bias` (weight norm),
`encoder.transformer.layer_norm`, and for each layer `encoder.transformer.layers.<n>.attention.k_proj`, `.v_proj`,
`.q_proj`, `.out_proj`, `.layer_norm`, `.feed_forward.intermediate_dense`, `.output_dense`, `.final_layer_norm`. The
`aux` of a fine-tuned file is not read.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from chromesthesia.core.records import Float32
from chromesthesia.core.user_files import one_line
from chromesthesia_training.backbones.encodec import read_state
from chromesthesia_training.errors import DataError, TrainingError

WHERE = "https://download.pytorch.org/torchaudio/models/"
RATE_HZ = 16_000
LEAST_SAMPLES = 400
"""What the seven convolutions need for their first frame; a frame follows every 320."""
LONGEST_S = 20
"""Attention grows with the square of the time: a longer sound is heard in even parts."""
REMEDY = "pip install 'chromesthesia[torchaudio]'"
NOT_READ = ("aux.",)
POSITIONS = "encoder.transformer.pos_conv_embed.conv"
WEIGHT_NORM = {
    f"{POSITIONS}.weight_g": f"{POSITIONS}.parametrizations.weight.original0",
    f"{POSITIONS}.weight_v": f"{POSITIONS}.parametrizations.weight.original1",
}
"""Files name length and direction as torch once did; networks that are built now have the names behind."""


@dataclass(frozen=True)
class Published:
    """A network that `torchaudio.models` builds. file: as published; levelled: heard with mean 0 and deviation 1."""

    file: str
    levelled: bool = False


NETWORKS = {
    "wav2vec2_base": Published("wav2vec2_fairseq_base_ls960.pth"),
    "wav2vec2_large": Published("wav2vec2_fairseq_large_ls960.pth"),
    "wav2vec2_large_lv60k": Published("wav2vec2_fairseq_large_lv60k.pth", levelled=True),
    "hubert_base": Published("hubert_fairseq_base_ls960.pth"),
    "hubert_large": Published("hubert_fairseq_large_ll60k.pth", levelled=True),
    "hubert_xlarge": Published("hubert_fairseq_xlarge_ll60k.pth", levelled=True),
}


class TorchaudioPipeline:
    """A clip, float32 [n] at 16 kHz, to one embedding, float32 [size]: the mean over time of one layer's output.

    Nothing is trained. A clip shorter than 25 ms gets silence behind.
    """

    def __init__(self, net: nn.Module, name: str, layer: int, levelled: bool) -> None:
        self.net = net.eval().requires_grad_(False)
        self.name = name
        self.layer = layer
        self.levelled = levelled
        self.size = len(self(np.zeros(LEAST_SAMPLES, np.float32)))

    @torch.inference_mode()
    def __call__(self, samples: Float32) -> Float32:
        samples = np.pad(samples, (0, max(0, LEAST_SAMPLES - len(samples))))
        sound = torch.from_numpy(np.ascontiguousarray(samples, np.float32))
        if self.levelled:
            sound = functional.layer_norm(sound, sound.shape)
        parts = torch.tensor_split(sound, math.ceil(len(sound) / (LONGEST_S * RATE_HZ)))
        frames = torch.cat([self._frames(part) for part in parts])
        return frames.mean(dim=0).numpy()

    def _frames(self, sound: Tensor) -> Tensor:
        """Sound [n] to the layer's output [frames, size]."""
        net: Any = self.net
        found, _ = net.extract_features(sound[None], num_layers=self.layer)
        return torch.as_tensor(found[-1])[0]


def load_pipeline(network: str, weights: Path, layer: int) -> TorchaudioPipeline:
    """A network of `NETWORKS` with the weights of a local file, heard at `layer`, from 1 (below) to its last.

    Raises:
        TrainingError: torchaudio is not installed, or has no such network or layer.
        DataError: the file is missing (saying where to get it), no state dict of plain tensors, or of another layout:
            the first tensor that it lacks, that does not fit, or that the network has no place for is named.
    """
    if network not in NETWORKS:
        raise TrainingError(f"unknown speech network {network!r}", f"use one of {', '.join(NETWORKS)}")
    published = NETWORKS[network]
    net = _build(network)
    count = _layers(net)
    if not 1 <= layer <= count:
        raise TrainingError(f"{network} has no layer {layer}", f"choose one from 1 to {count}")
    state = read_state(weights, published.file, WHERE)
    net.load_state_dict(_fitting(state, net, weights, published.file))
    name = f"torchaudio {network}, layer {layer}, weights {weights.name}"
    return TorchaudioPipeline(net, name, layer, published.levelled)


def _build(network: str) -> nn.Module:
    # Its library may want another torch, or one with CUDA.
    try:
        from torchaudio import models
    except (ImportError, OSError, RuntimeError) as error:
        raise TrainingError(f"torchaudio cannot be imported: {one_line(error)}", REMEDY) from error
    builder = getattr(models, network, None)
    if builder is None:
        raise TrainingError(f"this torchaudio builds no {network}", f"a newer one does: {REMEDY}")
    net: nn.Module = builder()
    return net


def _layers(net: nn.Module) -> int:
    begin = "encoder.transformer.layers."
    return len({name.split(".")[3] for name in net.state_dict() if name.startswith(begin)})


def _fitting(state: Mapping[str, Tensor], net: nn.Module, path: Path, file: str) -> dict[str, Tensor]:
    """The file's tensors by the network's names; all of them, each of its shape. Raises DataError."""
    own = {name: value for name, value in net.state_dict().items() if not name.startswith(NOT_READ)}
    renamed = {old: new for old, new in WEIGHT_NORM.items() if new in own}
    given = {renamed.get(name, name): value for name, value in state.items() if not name.startswith(NOT_READ)}
    remedy = f"give {file} as published"
    for name, value in own.items():
        if name not in given:
            raise DataError(f"{path} lacks {name}", remedy, "layout")
        if given[name].shape != value.shape:
            raise DataError(
                f"{path}: {name} is of shape {tuple(given[name].shape)}, expected {tuple(value.shape)}",
                remedy,
                "layout",
            )
    for name in given:
        if name not in own:
            raise DataError(f"{path} has {name}, which the network has not", remedy, "layout")
    return {name: given[name] for name in own}
