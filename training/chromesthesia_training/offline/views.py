"""What an offline encoder sees of a clip: log-mel and pitch in time, a hand-made description, YAMNet's layers."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import soxr
import torch
from numpy.typing import NDArray
from torch import Tensor

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32
from chromesthesia.features.mel import DEFAULT_MEL
from chromesthesia_training.backbones.yamnet import LOG_OFFSET, Yamnet, load_yamnet, yamnet_log_mel
from chromesthesia_training.data.cache import Float16, content_hash
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.data.sound import read_sound
from chromesthesia_training.errors import DataError
from chromesthesia_training.offline.functionals import functionals
from chromesthesia_training.offline.pitch import CANDIDATES, HOP, RATE_HZ, pitch_gram, track_pitch
from chromesthesia_training.safe_write import whole_file

logger = logging.getLogger(__name__)

VIEWS_VERSION = 2
FRAMES = 160
"""Frames of 20 ms a row holds: 3.2 s. Of a longer clip the middle is taken."""
TRIM_DB = 35.0
KEPT_AROUND = 2
RMS = 0.1
YAMNET_LAYER = 7
YAMNET_SHAPE = (512, 20, 4)
"""Channels, steps of 160 ms and bands of layer 7 for a row; deeper layers are cheap to compute from it."""
LAYER5_VALUES = 4_096
YAMNET_FRAMES = 320
YAMNET_SAMPLES = 51_600
FRAMES_PER_YAMNET_STEP = {5: 8, 7: 16}
SILENCE = float(np.log(DEFAULT_MEL.floor))

Int64 = NDArray[np.int64]


@dataclass(frozen=True)
class Views:
    """Rows in the order of the clips.

    mel, pitch: float16 [n, 160, 64], trimmed, padded with silence (pitch: with 0).
    frames: int64 [n], how many of the 160 sound.
    described: float32 [n, functionals].
    layer7: float16 [n, 512, 20, 4], YAMNet's activations at one loudness; no rows where there are no weights.
    steps7: int64 [n], how many of its steps sound.
    layer5: float16 [n, 4096], mean and deviation over time of layer 5 in each of its eight bands.
    """

    mel: Float16
    pitch: Float16
    frames: Int64
    described: Float32
    layer7: Float16
    steps7: Int64
    layer5: Float16


def named_clips(clips: Sequence[Clip]) -> list[Clip]:
    """Speech with one of the three emotions, in order."""
    return [clip for clip in clips if clip.role == "speech" and clip.emotion is not None]


def labels_of(clips: Sequence[Clip]) -> Int64:
    """Place of each clip's emotion in `EMOTIONS`: int64 [n]."""
    return np.array([EMOTIONS.index(clip.emotion or "") for clip in clips], dtype=np.int64)


def load_views(
    clips: Sequence[Clip],
    mel_of: Mapping[Path, Float16],
    cache_dir: Path,
    weights: Path | None,
    on_progress: Callable[[int], None] = lambda done: None,
) -> Views:
    """Views of `clips` from the cache of an earlier run, else computed (50 ms a clip).

    mel_of: log-mel [hops, 64] by path, as `datasets.load_spectra` caches it; weights: yamnet.tflite, None goes without.
    Raises DataError naming a sound that cannot be read; nothing half-written stays behind.
    """
    key = hashlib.sha256(
        json.dumps([VIEWS_VERSION, content_hash([clip.path for clip in clips]), weights is not None]).encode()
    ).hexdigest()[:16]
    path = cache_dir / f"views-{key}.npz"
    if path.is_file():
        try:
            with np.load(path, allow_pickle=False) as stored:
                return Views(**{field.name: stored[field.name] for field in fields(Views)})
        except (OSError, ValueError, KeyError):
            logger.warning("%s is damaged; computing the views again", path)
    views = compute_views(clips, mel_of, None if weights is None else load_yamnet(weights), on_progress)
    cache_dir.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as file:
        np.savez(file, **{field.name: getattr(views, field.name) for field in fields(Views)})
    return views


def compute_views(
    clips: Sequence[Clip],
    mel_of: Mapping[Path, Float16],
    yamnet: Yamnet | None,
    on_progress: Callable[[int], None] = lambda done: None,
) -> Views:
    """As `load_views`, always computing."""
    if not clips:
        raise DataError("there are no clips to look at", "add sounds named angry, happy or sad")
    count = len(clips)
    mel = np.full((count, FRAMES, DEFAULT_MEL.mels), SILENCE, dtype=np.float16)
    pitch = np.zeros((count, FRAMES, CANDIDATES), dtype=np.float16)
    frames = np.zeros(count, dtype=np.int64)
    described = []
    layer7 = np.zeros((0 if yamnet is None else count, *YAMNET_SHAPE), dtype=np.float16)
    steps7 = np.full(count, YAMNET_SHAPE[1], dtype=np.int64)
    layer5 = np.zeros((len(layer7), LAYER5_VALUES), dtype=np.float16)
    for row, clip in enumerate(clips):
        clip_mel = halve_rate(mel_of[clip.path].astype(np.float32))
        first, last = sounding(clip_mel)
        samples = np.asarray(soxr.resample(read_sound(clip.path), SAMPLE_RATE_HZ, RATE_HZ), dtype=np.float32)
        gram = pitch_gram(samples)
        last = min(last, len(gram))
        clip_mel, gram = clip_mel[first:last], gram[first:last]
        described.append(functionals(clip_mel, *track_pitch(gram))[1])
        if yamnet is not None:
            layer7[row], steps7[row], layer5[row] = yamnet_layers(yamnet, samples[first * HOP : last * HOP])
        kept = min(len(clip_mel), FRAMES)
        start = (len(clip_mel) - kept) // 2
        mel[row, :kept] = clip_mel[start : start + kept]
        pitch[row, :kept] = gram[start : start + kept]
        frames[row] = kept
        on_progress(row + 1)
    return Views(mel, pitch, frames, np.stack(described), layer7, steps7, layer5)


def halve_rate(log_mel: Float32) -> Float32:
    """Mean power of pairs of 10 ms hops: [n, 64] -> [n // 2, 64]."""
    pairs = np.exp(log_mel[: len(log_mel) // 2 * 2]).reshape(-1, 2, log_mel.shape[1])
    return np.asarray(np.log(pairs.mean(axis=1)), dtype=np.float32)


def sounding(log_mel: Float32) -> tuple[int, int]:
    """First frame and one past the last that lie within 35 dB of the loudest, with two frames around."""
    loudness = np.log(np.exp(log_mel).sum(axis=1))
    loud = np.flatnonzero(loudness > loudness.max() - TRIM_DB * np.log(10.0) / 10.0)
    return max(0, int(loud[0]) - KEPT_AROUND), min(len(log_mel), int(loud[-1]) + 1 + KEPT_AROUND)


@torch.inference_mode()
def yamnet_layers(yamnet: Yamnet, samples: Float32) -> tuple[Float16, int, Float16]:
    """Layer 7 [512, 20, 4] of the middle 3.2 s, how many of its steps sound, and the statistics of layer 5 [4096].

    samples: float32 [n] at 16 kHz, brought to one level first.
    """
    level = float(np.sqrt(np.mean(np.square(samples)))) + 1e-9
    start = max(0, (len(samples) - YAMNET_SAMPLES) // 2)
    heard = samples[start : start + YAMNET_SAMPLES] * np.float32(RMS / level)
    log_mel = yamnet_log_mel(heard)[:YAMNET_FRAMES]
    filled = np.full((YAMNET_FRAMES, log_mel.shape[1]), np.log(LOG_OFFSET), dtype=np.float32)
    filled[: len(log_mel)] = log_mel
    spectrum = torch.from_numpy(filled)[None, None].contiguous(memory_format=torch.channels_last)
    hidden = yamnet(spectrum, (5, YAMNET_LAYER))
    steps = {
        layer: int(np.clip((len(log_mel) + stride // 2) // stride, 2, YAMNET_FRAMES // stride))
        for layer, stride in FRAMES_PER_YAMNET_STEP.items()
    }
    heard5 = hidden[5][0, :, : steps[5]]
    statistics = torch.cat([heard5.mean(dim=1), heard5.std(dim=1, correction=0)]).flatten()
    return (
        hidden[YAMNET_LAYER][0].numpy().astype(np.float16),
        steps[YAMNET_LAYER],
        statistics.numpy().astype(np.float16),
    )


def network_input(views: Views, rows: Int64) -> tuple[Tensor, Tensor]:
    """Spectra float32 [n, 3, 80, 64] at 40 ms and mask [n, 80] of `rows`.

    First view: log-mel against the clip's own mean level. Second: each band against its own mean and deviation in the
    clip, which takes the microphone's and the speaker's colour away. Third: the pitch gram.
    """
    frames = torch.from_numpy(views.frames[rows])
    inside = (torch.arange(FRAMES)[None] < frames[:, None]).float().unsqueeze(2)
    mel = torch.from_numpy(views.mel[rows].astype(np.float32))
    count = inside.sum(dim=1, keepdim=True).clamp_min(1.0)
    mean = (mel * inside).sum(dim=1, keepdim=True) / count
    deviation = (((mel - mean).square() * inside).sum(dim=1, keepdim=True) / count).sqrt().clamp_min(0.5)
    level = mean.mean(dim=2, keepdim=True)
    pitch = torch.from_numpy(views.pitch[rows].astype(np.float32))
    seen = torch.stack(
        [(mel - level) / 3.0, (mel - mean) / deviation, 2.0 * pitch - 0.5], dim=1
    ) * inside.unsqueeze(1)
    pairs = seen.reshape(len(seen), 3, FRAMES // 2, 2, -1).mean(dim=3)
    return pairs, inside.reshape(len(seen), FRAMES // 2, 2).mean(dim=2)
