"""The reference's encoders, one module each; all take spectra [B, 3, frames, 64] and a mask [B, frames]."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chromesthesia_training.errors import TrainingError
from chromesthesia_training.offline.models.ann import Ann
from chromesthesia_training.offline.models.cnn import Cnn
from chromesthesia_training.offline.models.cnn_gru import CnnGru
from chromesthesia_training.offline.models.cnn_lstm import CnnLstm
from chromesthesia_training.offline.models.cnn_lstm_attention import CnnLstmAttention
from chromesthesia_training.offline.models.parts import ClipEncoder
from chromesthesia_training.offline.models.resnet import ResNet
from chromesthesia_training.offline.models.transformer import Transformer

ENCODERS: dict[str, Callable[..., ClipEncoder]] = {
    "cnn": Cnn,
    "cnn_lstm_attention": CnnLstmAttention,
    "resnet": ResNet,
    "cnn_gru": CnnGru,
    "cnn_lstm": CnnLstm,
    "ann": Ann,
    "transformer": Transformer,
}
"""Makers by name, each taking the size of the embedding; of the reference's size where nothing else is given."""
SMALL: dict[str, dict[str, Any]] = {
    "cnn": {"widths": (4, 8, 8, 8)},
    "cnn_lstm_attention": {"widths": (4, 8, 8, 8), "hidden": 8},
    "resnet": {"widths": (4, 8, 8)},
    "cnn_gru": {"widths": (4, 8, 8, 8), "hidden": 8},
    "cnn_lstm": {"widths": (4, 8, 8, 8), "hidden": 8},
    "ann": {"hidden": (16, 16)},
    "transformer": {"width": 16, "layers": 1, "heads": 2, "stem": 4},
}
"""Sizes of the same shapes for runs that only show that the way is open: tests, and `reproduce --quick`."""


def make_encoder(name: str, embedding: int = 128, small: bool = False) -> ClipEncoder:
    """A fresh encoder. Raises TrainingError for a name that is not one of `ENCODERS`."""
    if name not in ENCODERS:
        raise TrainingError(f"there is no encoder {name!r}", f"use one of {', '.join(ENCODERS)}")
    return ENCODERS[name](embedding, **(SMALL[name] if small else {}))


__all__ = ["ENCODERS", "ClipEncoder", "make_encoder"]
