"""The reference's encoders, one module each; all take spectra [B, 3, frames, 64] and a mask [B, frames]."""

from __future__ import annotations

from collections.abc import Callable

from chromesthesia_training.errors import TrainingError
from chromesthesia_training.offline.models.ann import Ann
from chromesthesia_training.offline.models.cnn import Cnn
from chromesthesia_training.offline.models.cnn_gru import CnnGru
from chromesthesia_training.offline.models.cnn_lstm import CnnLstm
from chromesthesia_training.offline.models.cnn_lstm_attention import CnnLstmAttention
from chromesthesia_training.offline.models.parts import ClipEncoder
from chromesthesia_training.offline.models.resnet import ResNet
from chromesthesia_training.offline.models.transformer import Transformer

ENCODERS: dict[str, Callable[[int], ClipEncoder]] = {
    "cnn": Cnn,
    "cnn_lstm_attention": CnnLstmAttention,
    "resnet": ResNet,
    "cnn_gru": CnnGru,
    "cnn_lstm": CnnLstm,
    "ann": Ann,
    "transformer": Transformer,
}
"""Makers by name, each taking the size of the embedding."""


def make_encoder(name: str, embedding: int = 128) -> ClipEncoder:
    """A fresh encoder. Raises TrainingError for a name that is not one of `ENCODERS`."""
    if name not in ENCODERS:
        raise TrainingError(f"there is no encoder {name!r}", f"use one of {', '.join(ENCODERS)}")
    return ENCODERS[name](embedding)


__all__ = ["ENCODERS", "ClipEncoder", "make_encoder"]
