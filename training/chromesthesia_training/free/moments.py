"""Moments of free voices, each held against its own room: what the read-out of a free encoder learns from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.records import Float32
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.encoder.batches import AT_REST, STEP_S
from chromesthesia_training.encoder.losses import smoothed
from chromesthesia_training.encoder.model import LEAST_DEVIATION, StreamingEncoder
from chromesthesia_training.encoder.read_out import Points
from chromesthesia_training.encoder.room_moments import PROXY_GAIN
from chromesthesia_training.encoder.whole_clips import clip_batches

ASKED_AT_S = (0.8, 1.6)
"""Of every clip, beside where it ends."""
FULL_AT_S = 1.2
"""From here on a moment counts in full; what is heard of a voice sooner says little."""
BATCH = 16
UNFELT_SHARE = 0.16
"""Of the draws of the fit."""


@dataclass(frozen=True)
class Kept:
    """Statistics of moments, float16 [N, values]; clips int64 [N]: of which; at_s float32 [N]: since its start."""

    statistics: NDArray[np.float16]
    clips: NDArray[np.int64]
    at_s: NDArray[np.float32]


@torch.no_grad()
def moments_of(encoder: StreamingEncoder, mels: Sequence[Float32], batch: int = BATCH) -> Kept:
    """Statistics of every sound 0.8 and 1.6 s after its start, and where it ends; as they are, no room taken away."""
    found, clips, at = [], [], []
    for part in clip_batches(mels, batch):
        state = encoder.initial_state(len(part.places))
        statistics, _, _ = encoder.moments(part.log_mel, state if encoder.room_keep is None else state[:-1])
        for row, (place, steps) in enumerate(zip(part.places, part.steps, strict=True)):
            asked = sorted(
                {*(round(second / STEP_S) for second in ASKED_AT_S), steps} & set(range(1, steps + 1))
            )
            found.append(statistics[row, [step - 1 for step in asked]].numpy().astype(np.float16))
            clips += [place] * len(asked)
            at += [step * STEP_S for step in asked]
    return Kept(np.concatenate(found), np.array(clips, np.int64), np.array(at, np.float32))


def in_their_rooms(
    statistics: NDArray[np.floating], rooms: Sequence[str], mean: Float32, deviation: Float32, prior: float
) -> NDArray[np.float16]:
    """Statistics [N, values] as if every room had sounded like all training sounds: with their mean and deviation.

    prior: how many moments of a room count as much as what is known of all. As the encoder does it while it hears.
    """
    placed = np.empty(statistics.shape, np.float16)
    names = np.array(rooms)
    for room in dict.fromkeys(rooms):
        own = np.flatnonzero(names == room)
        heard = statistics[own].astype(np.float32)
        share = len(own) / (len(own) + prior)
        centre = share * heard.mean(axis=0) + (1.0 - share) * mean
        square = share * np.square(heard).mean(axis=0) + (1.0 - share) * (
            np.square(mean) + np.square(deviation)
        )
        spread = np.sqrt(np.maximum(square - np.square(centre), LEAST_DEVIATION**2))
        placed[own] = (heard - centre) / spread * deviation + mean
    return placed


def points_of(
    statistics: NDArray[np.float16], moments: Sequence[tuple[Clip | None, float]], bursts: float
) -> Points:
    """What is asked at each moment, (its clip, seconds after its start); None for a sound that feels nothing.

    Every corpus counts the same and every emotion within it, but what has no words only `bursts` as much.
    """
    counts = Counter(_key(clip) for clip, _ in moments if clip is not None)
    even = np.full(len(EMOTIONS), 1.0 / len(EMOTIONS), np.float32)
    emotions, planes = [], []
    weights = np.zeros((len(moments), 3), np.float32)
    for row, (clip, at_s) in enumerate(moments):
        emotions.append(even)
        planes.append(np.array(AT_REST, np.float32))
        if clip is None:
            weights[row] = (0.0, 0.5, 1.0)
            continue
        if clip.points:
            place = PROXY_GAIN * np.array([clip.points[0].valence, clip.points[0].arousal])
            planes[-1] = np.clip(place, -1.0, 1.0).astype(np.float32)
        ripe = min(1.0, at_s / FULL_AT_S)
        each = ripe * (bursts if clip.corpus == "emogator" else 1.0) / counts[_key(clip)]
        if clip.emotion is not None:
            emotions[-1] = np.eye(len(EMOTIONS), dtype=np.float32)[EMOTIONS.index(clip.emotion)]
            weights[row] = (each, each, each)
        else:
            weights[row] = (0.0, each, 0.3 * each)
    unfelt = np.array([clip is None for clip, _ in moments])
    voices = weights[~unfelt].sum()
    if unfelt.any() and voices > 0.0:
        weights[unfelt] *= UNFELT_SHARE / (1.0 - UNFELT_SHARE) * voices / weights[unfelt].sum()
    weights *= len(weights) / max(float(weights.sum()), 1e-9)
    return Points(
        torch.from_numpy(statistics),
        smoothed(torch.from_numpy(np.array(emotions))),
        *_columns(weights, np.array(planes), unfelt),
    )


def _columns(weights: Float32, planes: Float32, unfelt: NDArray[np.bool_]) -> tuple[Tensor, ...]:
    """Emotion's weight, places, their weight, whether it feels nothing, that weight."""
    return (
        torch.from_numpy(weights[:, 0].copy()),
        torch.from_numpy(planes),
        torch.from_numpy(weights[:, 1].copy()),
        torch.from_numpy(unfelt.astype(np.float32)),
        torch.from_numpy(weights[:, 2].copy()),
    )


def _key(clip: Clip) -> tuple[str, str | None]:
    return clip.corpus, clip.emotion
