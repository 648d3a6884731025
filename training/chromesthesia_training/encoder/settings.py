"""What a training of the encoder is asked for."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from chromesthesia_training.backbones.yamnet import WEIGHTS_FILE
from chromesthesia_training.corpora.datasets import DEFAULT_CACHE_DIR
from chromesthesia_training.encoder.model import DEFAULT_SIZES, EncoderSizes


@dataclass(frozen=True)
class EncoderSettings:
    """One training run. `data_dir` holds speech/, vgmidi/ and emotify/; `sounds` is a user's own folder; one or both.

    The convolutional layers begin with those of `pretrained`, YAMNet's weights (else with weights/yamnet.tflite of
    `data_dir`, where it is): then what reads their statistics is fitted first, on `read_out_batches` batches, and
    all is tuned at `tuning_rate`, the layers at `layer_rate` of it. From nothing, all learns at `learning_rate`.
    A step takes `rows` rows of `row_steps` steps of 80 ms. Everything random in step n comes from (seed, n).
    """

    run_dir: Path = Path("runs/encoder")
    data_dir: Path | None = None
    sounds: Path | None = None
    cache_dir: Path = DEFAULT_CACHE_DIR
    pretrained: Path | None = None
    steps: int = 500
    rows: int = 24
    row_steps: int = 80
    learning_rate: float = 1.5e-3
    tuning_rate: float = 1e-4
    layer_rate: float = 0.1
    read_out_steps: int = 1_500
    read_out_batches: int = 24
    weight_decay: float = 0.05
    warm_up: int = 50
    average_decay: float = 0.995
    evaluate_every: int = 50
    seed: int = 1
    threads: int = 1
    sizes: EncoderSizes = DEFAULT_SIZES


def pretrained_weights(settings: EncoderSettings) -> Path | None:
    """The file that the convolutional layers begin with; None where they begin at random."""
    if settings.sizes.widths != DEFAULT_SIZES.widths:
        return None
    if settings.pretrained is not None:
        return settings.pretrained
    found = settings.data_dir / WEIGHTS_FILE if settings.data_dir is not None else None
    return found if found is not None and found.is_file() else None


def learning_rate_at(step: int, settings: EncoderSettings) -> float:
    """Linear warm-up, then a cosine down to a fiftieth."""
    if step < settings.warm_up:
        return settings.learning_rate * (step + 1) / settings.warm_up
    done = (step - settings.warm_up) / max(1, settings.steps - settings.warm_up)
    return settings.learning_rate * (0.02 + 0.98 * 0.5 * (1.0 + math.cos(math.pi * min(done, 1.0))))
