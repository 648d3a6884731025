"""Emotion read back from what was made, by readers fitted on real items of training artists and series only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from chromesthesia.core.records import Float32
from chromesthesia_training.backbones.squeezenet import FeatureNet
from chromesthesia_training.measuring.reader import pooled_features
from chromesthesia_training.music.scores import pearson
from chromesthesia_training.vae.spectra import PICTURE_MEL, of_picture, spectrum

Float64 = NDArray[np.float64]
AXES = ("valence", "arousal")
RIDGE = 3.0
SEEN_SIDE = 112
SHUFFLES = 200


@dataclass(frozen=True)
class LinearReader:
    """Ridge regression from standardised features to valence and arousal."""

    middle: Float64
    spread: Float64
    weight: Float64
    level: Float64

    def read(self, features: Float64) -> Float64:
        """[n, features] to [n, 2]."""
        return np.asarray(((features - self.middle) / self.spread) @ self.weight + self.level)


def fit_linear(features: Float64, va: Float64, ridge: float = RIDGE) -> LinearReader:
    """Ridge with a strength in units of the number of items."""
    middle, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    x = (features - middle) / spread
    level = va.mean(axis=0)
    gram = x.T @ x + ridge * len(x) * np.eye(x.shape[1])
    return LinearReader(middle, spread, np.linalg.solve(gram, x.T @ (va - level)), level)


def picture_features(net: FeatureNet, pictures: Tensor) -> Float64:
    """Of pictures [n, 3, h, w] in 0..1: what SqueezeNet's maps hold, and mean and deviation of the colours."""
    seen = pooled_features(net, pictures * 2.0 - 1.0, SEEN_SIDE).double().numpy()
    plain = torch.cat([pictures.mean(dim=(2, 3)), pictures.std(dim=(2, 3))], dim=1).double().numpy()
    return np.concatenate([seen, plain], axis=1)


def sound_features(samples: Float32) -> Float64:
    """Of 5 s at 22,050 Hz: mean and deviation of 56 bands, of their changes, and the level in time."""
    return spectrum_features(spectrum(samples, PICTURE_MEL))


def spectrum_features(shown: Float32) -> Float64:
    """The same of a spectrum [bands, frames] in 0..1."""
    bands = shown.astype(np.float64).reshape(56, -1, shown.shape[1]).mean(axis=1)
    change = np.abs(np.diff(bands, axis=1))
    level = bands.mean(axis=0)
    along = [level.mean(), level.std(), np.abs(np.diff(level)).mean()]
    return np.concatenate(
        [bands.mean(axis=1), bands.std(axis=1), change.mean(axis=1), change.std(axis=1), along]
    )


def shown_features(pictures: Tensor) -> Float64:
    """Of spectra shown as pictures [n, 3, 224, 224]."""
    return np.stack([spectrum_features(of_picture(one.permute(1, 2, 0).numpy())) for one in pictures])


def agreement(asked: Float64, read: Float64, seed: int = 0) -> dict[str, Any]:
    """r of asked and read [n, 2] by axis, with what dealing the asked ones out anew gives: mean and 95th percentile."""
    rng = np.random.default_rng(seed)
    found: dict[str, Any] = {}
    for place, axis in enumerate(AXES):
        shuffled = [
            pearson(asked[rng.permutation(len(asked)), place], read[:, place]) for _ in range(SHUFFLES)
        ]
        found[axis] = {
            "r": round(pearson(asked[:, place], read[:, place]), 4),
            "shuffled_mean": round(float(np.mean(shuffled)), 4),
            "shuffled_95": round(float(np.quantile(shuffled, 0.95)), 4),
        }
    return found
