"""Where the encoder's layers begin: YAMNet's first seven (Plakal and Ellis 2019, Apache-2.0); training goes on."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from chromesthesia_training.backbones.yamnet import load_yamnet, part_of
from chromesthesia_training.encoder.model import EncoderSizes, StreamingEncoder


def begin_with_yamnet(encoder: StreamingEncoder, weights: Path) -> None:
    """Copy the layers of `yamnet.tflite` into an encoder of the default widths.

    YAMNet's windows and bands are those of `ENCODER_MEL`; its padding looks ahead, ours looks back: the same features,
    later by at most 0.3 s. Raises DataError for another file, ValueError for an encoder of other widths.
    """
    if encoder.sizes.widths != EncoderSizes().widths:
        raise ValueError(f"widths: expected {EncoderSizes().widths}, got {encoder.sizes.widths}")
    yamnet = load_yamnet(weights)
    with torch.no_grad():
        _copy(part_of(yamnet, 1, 1), encoder.first.conv)
        for number, layer in enumerate(encoder.layers, start=2):
            _copy(part_of(yamnet, number, 1), layer.get_submodule("depthwise"))
            _copy(part_of(yamnet, number, 3), layer.get_submodule("pointwise"))


def _copy(source: nn.Module, target: nn.Module) -> None:
    target.load_state_dict(source.state_dict())
