"""Reading a sound file for training: mono, float32, 24 kHz unless another rate is wanted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
import soxr

from chromesthesia.features.mel import ENCODER_MEL, MelSettings, log_mel
from chromesthesia.seams import SAMPLE_RATE_HZ, Float32
from chromesthesia_training.errors import DataError

SHORTEST_S = 0.2


def read_sound(path: Path, wanted_hz: int = SAMPLE_RATE_HZ) -> Float32:
    """Whole sound file as mono float32 [n] at `wanted_hz`. Raises DataError for a missing, corrupt, empty file."""
    try:
        if path.stat().st_size == 0:
            raise DataError(f"cannot read the sound {path}: 0 bytes", "remove or replace this file", "empty")
    except OSError as error:
        raise DataError(
            f"cannot read the sound {path}: {error.strerror}", "restore it or take it off the list", "missing"
        ) from error
    try:
        samples, rate_hz = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise DataError(
            f"cannot read the sound {path}: {error}", "remove or replace this file", "corrupt"
        ) from error
    mono = np.asarray(samples.mean(axis=1), dtype=np.float32)
    if len(mono) < SHORTEST_S * rate_hz:
        raise DataError(
            f"the sound {path} lasts {len(mono) / rate_hz:.3f} s",
            f"give sounds of at least {SHORTEST_S} s",
            "short",
        )
    if not np.isfinite(mono).all():
        raise DataError(
            f"the sound {path} holds samples that are not numbers", "remove or replace this file", "corrupt"
        )
    if rate_hz != wanted_hz:
        mono = np.asarray(soxr.resample(mono, rate_hz, wanted_hz), dtype=np.float32)
    return mono


def mel_of_file(path: Path, settings: MelSettings = ENCODER_MEL) -> Float32:
    """Log-mel of a sound file with the engine's own definition: float32 [hops, mels]."""
    return log_mel(read_sound(path), settings)
