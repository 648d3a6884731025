"""Memorisation would show here: how near a picture comes to its nearest training painting, beside unseen real ones.

Distances of 32 x 32 thumbnails, root mean square over RGB in 8-bit levels, the nearer of the picture and its mirror
image; and cosine distances of deep features, where a copy moved or recoloured would still be near.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chromesthesia.core.records import UInt8
from chromesthesia_training.measuring.looks import Looks
from chromesthesia_training.measuring.measures import square_distances

Float64 = npt.NDArray[np.float64]

COPY_LEVELS = 12.0
"""A thumbnail this near may be a copy. Plain paintings get here too, so the share of unseen real ones stands beside."""


@dataclass(frozen=True)
class Nearness:
    """Nearest training painting of each picture: distance of thumbnails (levels), of features (cosine), its row."""

    levels: Float64
    cosine: Float64
    row: npt.NDArray[np.int64]

    def figures(self) -> dict[str, float]:
        """Median and lowest percentile of both distances, and the share of copies."""
        return {
            "median_levels": round(float(np.median(self.levels)), 2),
            "lowest_percent_levels": round(float(np.percentile(self.levels, 1)), 2),
            "nearest_levels": round(float(self.levels.min()), 2),
            "median_cosine": round(float(np.median(self.cosine)), 4),
            "lowest_percent_cosine": round(float(np.percentile(self.cosine, 1)), 4),
            "share_below_copy_levels": round(float((self.levels < COPY_LEVELS).mean()), 4),
        }


def nearest_paintings(looks: Looks, training: Looks) -> Nearness:
    """How near each picture comes to any of the training paintings."""
    known = _flat(training.thumbnails)
    squares = np.minimum(
        square_distances(_flat(looks.thumbnails), known),
        square_distances(_flat(looks.thumbnails[:, :, ::-1]), known),
    )
    mean, deviation = training.near.mean(0), training.near.std(0) + 1e-3
    likeness = _unit((looks.near - mean) / deviation) @ _unit((training.near - mean) / deviation).T
    row = squares.argmin(1)
    return Nearness(
        np.sqrt(np.maximum(squares[np.arange(len(row)), row], 0.0) / known.shape[1]),
        1.0 - likeness.max(1).astype(np.float64),
        row.astype(np.int64),
    )


def _flat(thumbnails: UInt8) -> Float64:
    flat: Float64 = thumbnails.reshape(len(thumbnails), -1).astype(np.float64)
    return flat


def _unit(vectors: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    unit: npt.NDArray[np.float32] = vectors / np.maximum(
        np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12
    )
    return unit
