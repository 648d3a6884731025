"""Clips as the reference prepares them: resampled, levelled, trimmed, of one length, as one log-mel tensor."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32
from chromesthesia.features.mel import DEFAULT_MEL, frames_of, log_mel
from chromesthesia_training.data.cache import content_hash
from chromesthesia_training.data.sound import read_sound
from chromesthesia_training.errors import DataError
from chromesthesia_training.safe_write import whole_file, write_array_header

logger = logging.getLogger(__name__)

PREPARED_VERSION = 1
LENGTH_BASE = 1_000
"""Lengths are kept as two float16 values, quotient and rest: one alone is exact only up to 2,048."""


@dataclass(frozen=True)
class Preparation:
    """What is done to a clip. The rate is the engine's own, 24 kHz.

    seconds: length every clip is cut or padded to; rms_db: level it is brought to, dBFS, None leaves it; trim_db:
    hops quieter than the loudest one by more than this are taken off both ends, None takes nothing; crop: which
    part of a longer clip stays.
    """

    seconds: float = 3.0
    rms_db: float | None = -23.0
    trim_db: float | None = 40.0
    crop: str = "centre"

    def __post_init__(self) -> None:
        if not 0.2 <= self.seconds <= 600.0:
            raise DataError(f"clips of {self.seconds:g} s were asked for", "ask for 0.2 to 600 s")
        if self.crop not in ("centre", "start"):
            raise DataError(f"crop is {self.crop!r}", "use centre or start")

    @property
    def hops(self) -> int:
        """Length of every clip in 10 ms hops."""
        return round(self.seconds * SAMPLE_RATE_HZ / DEFAULT_MEL.hop)


@dataclass(frozen=True)
class PreparedSet:
    """Log-mel of clips in the order they were given.

    spectra: float16 [clips, hops, mels], on the CPU, mapped from the cache file where there is one (read only);
    lengths: int64 [clips], hops that sound, the rest is padding with silence.
    """

    spectra: Tensor
    lengths: Tensor
    content_hash: str


def level(samples: Float32, rms_db: float) -> Float32:
    """Bring float32 [n] to an RMS of `rms_db` dBFS; silence stays silence. Peaks may pass 1: the mel does not clip."""
    rms = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    if rms < 1e-6:
        return samples
    return np.asarray(samples * (10.0 ** (rms_db / 20.0) / rms), dtype=np.float32)


def trim(samples: Float32, trim_db: float) -> Float32:
    """Take off both ends what is quieter than the loudest window by more than `trim_db`: float32 [n] -> [m <= n]."""
    power = np.mean(np.square(frames_of(samples)), axis=1)
    if len(power) == 0 or power.max() <= 0.0:
        return samples
    loud = np.flatnonzero(power > power.max() * 10.0 ** (-trim_db / 10.0))
    # a window ends with its hop and begins two hops before it
    start = max(0, int(loud[0]) - (DEFAULT_MEL.window // DEFAULT_MEL.hop - 1)) * DEFAULT_MEL.hop
    return samples[start : (int(loud[-1]) + 1) * DEFAULT_MEL.hop]


def fit_length(samples: Float32, count: int, crop: str = "centre") -> Float32:
    """Cut float32 [n] to `count` samples around its middle or from its start, or pad it with silence at the end."""
    if len(samples) >= count:
        start = (len(samples) - count) // 2 if crop == "centre" else 0
        return samples[start : start + count]
    return np.concatenate([samples, np.zeros(count - len(samples), np.float32)])


def prepare(samples: Float32, settings: Preparation) -> tuple[Float32, int]:
    """Level, trim, fit, log-mel: float32 [n] at 24 kHz -> float32 [hops, mels], and how many hops of it sound."""
    if settings.rms_db is not None:
        samples = level(samples, settings.rms_db)
    if settings.trim_db is not None:
        samples = trim(samples, settings.trim_db)
    sounding = min(settings.hops, max(1, len(samples) // DEFAULT_MEL.hop))
    return log_mel(fit_length(samples, settings.hops * DEFAULT_MEL.hop, settings.crop)), sounding


def prepare_files(
    name: str,
    paths: Sequence[Path],
    settings: Preparation,
    cache_dir: Path,
    on_progress: Callable[[int], None] = lambda count: None,
) -> PreparedSet:
    """Prepared clips of sound files, from the file of an earlier run when neither sounds nor settings changed.

    The cache is `prepared-<name>-<content hash>.npy`; caches of the same name for other content stay, so that runs
    with other settings keep theirs. on_progress: called after each sound computed, with the number done. Raises
    DataError naming a sound that cannot be read or a full disk; nothing half-written stays behind, and an
    interrupted run starts anew.
    """
    if not paths:
        raise DataError(f"there are no clips to prepare for {name!r}", "give at least one")
    made_of = [PREPARED_VERSION, asdict(settings), content_hash(paths)]
    key = hashlib.sha256(json.dumps(made_of).encode()).hexdigest()[:16]
    file = cache_dir / f"prepared-{name}-{key}.npy"
    shape = (len(paths), settings.hops + 1, DEFAULT_MEL.mels)
    rows = _stored(file, shape)
    if rows is None:
        _compute(file, paths, settings, on_progress)
        rows = _stored(file, shape)
        if rows is None:
            raise DataError(f"{file} was damaged while it was written", "remove it and try again")
    lengths = rows[:, -1, 0].to(torch.int64) * LENGTH_BASE + rows[:, -1, 1].to(torch.int64)
    return PreparedSet(rows[:, :-1], lengths, key)


def band_statistics(spectra: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation of each band over training clips: float [clips, hops, mels] -> two float32 [mels]."""
    total = torch.zeros(2, spectra.shape[-1], dtype=torch.float64)
    for start in range(0, len(spectra), 256):  # the whole set in float64 may not fit
        values = spectra[start : start + 256].double()
        total += torch.stack([values.sum(dim=(0, 1)), values.square().sum(dim=(0, 1))])
    mean, square = total / (spectra.shape[0] * spectra.shape[1])
    return mean.float(), (square - mean.square()).clamp_min(1e-6).sqrt().float()


def standardise(spectra: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """Bands of mean 0 and deviation 1, with the statistics of the training clips: float [..., mels] -> float32."""
    return (spectra.float() - mean) / deviation


def _compute(
    file: Path, paths: Sequence[Path], settings: Preparation, on_progress: Callable[[int], None]
) -> None:
    """Write float16 [clips, hops + 1, mels], clip by clip; the last row of each clip holds its length."""
    shape = (len(paths), settings.hops + 1, DEFAULT_MEL.mels)
    with whole_file(file) as stream:
        write_array_header(stream, np.dtype("<f2"), shape)
        for done, path in enumerate(paths, start=1):
            spectrum, sounding = prepare(read_sound(path), settings)
            stream.write(spectrum.astype(np.float16).tobytes())
            tail = np.zeros(DEFAULT_MEL.mels, np.float16)
            tail[:2] = divmod(sounding, LENGTH_BASE)
            stream.write(tail.tobytes())
            on_progress(done)


def _stored(file: Path, shape: tuple[int, ...]) -> Tensor | None:
    """The cached tensor, mapped copy-on-write; None when there is none or it is damaged."""
    if not file.is_file():
        return None
    try:
        stored = np.load(file, mmap_mode="c", allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        logger.warning("the cache %s is damaged (%s); preparing the clips again", file, error)
        return None
    if stored.shape != shape or stored.dtype != np.float16:
        logger.warning("the cache %s holds %s, not %s; preparing the clips again", file, stored.shape, shape)
        return None
    return torch.from_numpy(np.asarray(stored))
