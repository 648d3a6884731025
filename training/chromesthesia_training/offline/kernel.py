"""A kernel machine over several descriptions of a clip: exact, seconds to train, hard to overfit on few speakers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.records import Float32
from chromesthesia_training.backbones.yamnet import Yamnet
from chromesthesia_training.offline.module import draw_weights
from chromesthesia_training.offline.views import Views

Int64 = NDArray[np.int64]
Float64 = NDArray[np.float64]
LAYER = 8
SHARPNESS = 6.0
"""Scores of the kernel machine times this, through a softmax, are its probabilities."""


@dataclass(frozen=True)
class KernelSettings:
    """Chosen by leaving out pairs of the training folds.

    ridge: what is added to the kernel's diagonal; sharpness: of the Gaussian, 1 at the median distance; balance as in
    `Recipe`; clip: deviations kept of every value.
    """

    ridge: float = 0.03
    sharpness: float = 0.2
    balance: float = 0.6
    clip: float = 4.0


def describe_clips(views: Views, yamnet: Yamnet | None) -> dict[str, Float32]:
    """Descriptions by name, float32 [n, values]: functionals, statistics of the spectra, and of three YAMNet layers."""
    found = {"functionals": views.described, "spectra": spectral_statistics(views)}
    if yamnet is not None:
        found |= {"layer5": views.layer5.astype(np.float32), **layer_statistics(views, yamnet)}
    return found


def spectral_statistics(views: Views) -> Float32:
    """Per band: mean and deviation of louder frames, change over 20 and 80 ms; mean and deviation of pitch."""
    rows = []
    for mel, pitch, frames in zip(views.mel, views.pitch, views.frames, strict=True):
        heard, gram = mel[:frames].astype(np.float32), pitch[:frames].astype(np.float32)
        loudness = heard.mean(axis=1)
        loud = loudness >= np.percentile(loudness, 40.0)
        shape = heard[loud] - heard[loud].mean()
        near, far = np.diff(heard, axis=0), heard[4:] - heard[:-4]
        rows.append(
            np.concatenate(
                [
                    shape.mean(axis=0), shape.std(axis=0),
                    np.abs(near).mean(axis=0), np.abs(far).mean(axis=0) if len(far) else np.zeros(heard.shape[1]),
                    gram[loud].mean(axis=0), gram[loud].std(axis=0),
                ]
            )
        )  # fmt: skip
    return np.asarray(np.stack(rows), dtype=np.float32)


@torch.inference_mode()
def layer_statistics(views: Views, yamnet: Yamnet, batch: int = 32) -> dict[str, Float32]:
    """Mean and deviation over time of layer 7 in each of its four bands; of layer 8 over all bands, and maximum."""
    parts: dict[str, list[Float32]] = {"layer7": [], "layer8": []}
    for at in range(0, len(views.layer7), batch):
        hidden = torch.from_numpy(views.layer7[at : at + batch].astype(np.float32))
        steps = torch.from_numpy(views.steps7[at : at + batch])
        weight = (torch.arange(hidden.shape[2])[None] < steps[:, None]).float()
        weight = (weight / weight.sum(dim=1, keepdim=True))[:, None, :, None]
        parts["layer7"].append(_over_time(hidden, weight).flatten(1).numpy())
        hidden = yamnet.layers[LAYER - 1](hidden.contiguous(memory_format=torch.channels_last))
        over_bands = hidden.mean(dim=3, keepdim=True)
        greatest = (over_bands * (weight > 0.0)).amax(dim=2).flatten(1)
        parts["layer8"].append(
            torch.cat([_over_time(over_bands, weight).flatten(1), greatest], dim=1).numpy()
        )
    return {name: np.concatenate(rows) for name, rows in parts.items()}


def _over_time(hidden: torch.Tensor, weight: torch.Tensor) -> torch.Tensor:
    mean = (hidden * weight).sum(dim=2)
    deviation = ((hidden - mean.unsqueeze(2)).square() * weight).sum(dim=2).sqrt()
    return torch.cat([mean, deviation], dim=1)


def kernel_answers(
    descriptions: Mapping[str, Float32],
    labels: Int64,
    groups: Sequence[tuple[str, int]],
    train: Int64,
    test: Int64,
    settings: KernelSettings = KernelSettings(),
) -> Float64:
    """Kernel ridge regression on the classes, then a softmax: probabilities float64 [test rows, 3].

    The kernel is the mean over descriptions of a Gaussian one of values standardised on the training rows, as wide as
    their median distance (Gönen and Alpaydın 2011). groups: (corpus, label) of every row, for balance.
    """
    rows = np.concatenate([train, test])
    kernel = np.zeros((len(rows), len(train)), dtype=np.float32)
    for values in descriptions.values():
        mean, deviation = values[train].mean(axis=0), values[train].std(axis=0) + 1e-6
        scaled = np.clip((values[rows] - mean) / deviation, -settings.clip, settings.clip).astype(np.float32)
        known = scaled[: len(train)]
        squares = np.square(scaled).sum(axis=1)
        distance = np.maximum(squares[:, None] + squares[None, : len(train)] - 2.0 * (scaled @ known.T), 0.0)
        width = np.median(distance[: len(train)]) / settings.sharpness
        kernel += np.exp(-distance / width) / len(descriptions)
    weights = draw_weights([groups[row] for row in train], settings.balance)
    diagonal = settings.ridge / (weights * len(train))
    wanted = np.eye(len(EMOTIONS))[labels[train]] * len(EMOTIONS) - 1.0
    matrix = torch.from_numpy(np.array(kernel[: len(train)]))
    matrix.diagonal().add_(torch.from_numpy(diagonal.astype(np.float32)))
    factor = torch.linalg.cholesky(matrix)
    solved = torch.cholesky_solve(torch.from_numpy(wanted.astype(np.float32)), factor)
    scores = kernel[len(train) :].astype(np.float64) @ solved.double().numpy()
    return softmax(SHARPNESS / len(EMOTIONS) * scores)


def softmax(scores: Float64) -> Float64:
    """Rows to probabilities: float64 [n, 3]."""
    raised = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))
