"""Reading a sound file for training, as the engine does: mono, float32, 24 kHz unless another rate is wanted."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
import soxr

from chromesthesia.audio.decoders import Tell
from chromesthesia.audio.mixdown import Mixdown
from chromesthesia.audio.sound_file import look_at
from chromesthesia.core.errors import AudioError
from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32
from chromesthesia.core.user_files import one_line
from chromesthesia.features.mel import ENCODER_MEL, MelSettings, log_mel
from chromesthesia_training.errors import DataError

logger = logging.getLogger(__name__)

SHORTEST_S = 0.2


def read_sound(path: Path, wanted_hz: int = SAMPLE_RATE_HZ) -> Float32:
    """Whole sound file as mono float32 [n] at `wanted_hz`. Raises DataError as `read_as_recorded` does."""
    samples, rate_hz = read_as_recorded(path)
    if rate_hz != wanted_hz:
        samples = np.asarray(soxr.resample(samples, rate_hz, wanted_hz), dtype=np.float32)
    return samples


def read_as_recorded(path: Path, tell: Tell = logger.warning) -> tuple[Float32, int]:
    """Whole sound file as mono float32 [n], and its own rate in Hz, by the engine's reader and rules.

    tell: gets a line for what is odd about a file that can be used all the same. Raises DataError for a missing,
    empty, corrupt or truncated file, one that is too short, or holds what is no number.
    """
    where = one_line(path)
    try:
        if path.stat().st_size == 0:
            raise DataError(f"cannot read the sound {where}: 0 bytes", "remove or replace this file", "empty")
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise DataError(
            f"cannot read the sound {where}: {said}", "restore it or take it off the list", "missing"
        ) from error
    try:
        sound = look_at(path)
        for note in sound.notes:
            tell(note)
        mixdown = Mixdown(sound.rate_hz, lambda line: tell(f"{where}: {line}"))
        pieces: list[Float32] = []
        finite = True
        for piece in sound.pieces(tell):
            finite = finite and bool(np.isfinite(piece).all())
            pieces.append(mixdown.push(piece))
    except AudioError as error:
        raise DataError(f"the sound {error.message}", "remove or replace this file", "corrupt") from error
    samples: Float32 = np.concatenate(pieces) if pieces else np.zeros(0, np.float32)
    if len(samples) < SHORTEST_S * sound.rate_hz:
        raise DataError(
            f"the sound {where} lasts {len(samples) / sound.rate_hz:.3f} s",
            f"give sounds of at least {SHORTEST_S} s",
            "short",
        )
    if not finite:
        raise DataError(
            f"the sound {where} holds samples that are not numbers", "remove or replace this file", "corrupt"
        )
    return samples, sound.rate_hz


def mel_of_file(path: Path, settings: MelSettings = ENCODER_MEL) -> Float32:
    """Log-mel of a sound file with the engine's own definition: float32 [hops, mels]."""
    return log_mel(read_sound(path), settings)
