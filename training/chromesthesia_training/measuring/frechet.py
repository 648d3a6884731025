"""Distances of a set of pictures to real paintings: Frechet in several spaces, and the kernel distance.

The main space is fire9 of SqueezeNet, which the discriminator also looks at: it flatters. Coarse pixels, colours and
texture are spaces that no part of training has seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from chromesthesia_training.measuring.looks import Looks
from chromesthesia_training.measuring.measures import frechet_distance, principal_axes

Float64 = npt.NDArray[np.float64]

AXES = 64
KERNEL_SUBSETS = 50
KERNEL_SUBSET_SIZE = 100


@dataclass(frozen=True)
class Space:
    """A space to compare sets in: vectors, less `mean`, over `scale`, on `axes` (d, k); and the reference there."""

    view: Callable[[Looks], npt.NDArray[np.float32]]
    mean: Float64
    scale: Float64
    axes: Float64
    reference: Float64

    def place(self, looks: Looks) -> Float64:
        """Pictures as vectors (N, k) of this space."""
        return _project(self.view(looks), self.mean, self.scale, self.axes)

    def distance(self, looks: Looks) -> float:
        """Frechet distance of a set to the reference (Heusel et al. 2017)."""
        return frechet_distance(self.reference, self.place(looks))


def fit_space(
    view: Callable[[Looks], npt.NDArray[np.float32]],
    reference: Looks,
    scaled: Literal["not", "whole", "each"],
    axes: int = AXES,
) -> Space:
    """A space fitted on real paintings: their first principal axes, after scaling.

    scaled: not at all; the whole by one number, the root of the mean variance, so that only the unit is taken away; or
    each value by its own deviation.
    """
    vectors = view(reference).astype(np.float64)
    mean, deviation = vectors.mean(0), vectors.std(0)
    if scaled == "not":
        scale = np.ones_like(deviation)
    elif scaled == "whole":
        scale = np.full_like(deviation, float(np.sqrt((deviation**2).mean())))
    else:
        scale = np.maximum(deviation, 1e-6)
    _, kept = principal_axes((vectors - mean) / scale, min(axes, vectors.shape[1]))
    return Space(view, mean, scale, kept, _project(vectors, mean, scale, kept))


def _project(vectors: npt.NDArray[np.floating], mean: Float64, scale: Float64, axes: Float64) -> Float64:
    placed: Float64 = ((vectors.astype(np.float64) - mean) / scale) @ axes
    return placed


def spaces(reference: Looks, train_only: Looks) -> dict[str, Space]:
    """The spaces that are reported, by name.

    `fire9` is that of `gan.frechet_squeezenet`: one scale, 64 axes, against `reference`; `pixels` that of
    `gan.frechet_pixels`: values in [-1, 1] as they are. `fire9_standardised` is a second reading: every channel by
    its own deviation, against the split train alone.
    """
    return {
        "fire9": fit_space(lambda looks: looks.deep, reference, "whole"),
        "fire9_standardised": fit_space(lambda looks: looks.deep, train_only, "each"),
        "fire9_at_224": fit_space(lambda looks: looks.near, reference, "whole"),
        "pixels": fit_space(lambda looks: looks.pixels, reference, "not"),
        "colour": fit_space(lambda looks: looks.colour, reference, "each"),
        "texture": fit_space(lambda looks: looks.texture, reference, "each"),
    }


def kernel_distance(
    first: npt.NDArray[np.floating],
    second: npt.NDArray[np.floating],
    seed: int = 0,
    subsets: int = KERNEL_SUBSETS,
    size: int = KERNEL_SUBSET_SIZE,
) -> tuple[float, float]:
    """Kernel distance of two sets of vectors (N, d): mean and deviation of the unbiased squared MMD over subsets.

    Kernel (x . y / d + 1)^3 (Binkowski et al. 2018). Around 0, and below it at times, for sets of one distribution.
    """
    rng = np.random.default_rng(seed)
    size = min(size, len(first), len(second))
    values = []
    for _ in range(subsets):
        one = first[rng.permutation(len(first))[:size]].astype(np.float64)
        other = second[rng.permutation(len(second))[:size]].astype(np.float64)
        values.append(_squared_mmd(one, other))
    return float(np.mean(values)), float(np.std(values, ddof=1)) if subsets > 1 else 0.0


def _squared_mmd(one: Float64, other: Float64) -> float:
    def kernel(a: Float64, b: Float64) -> Float64:
        values: Float64 = (a @ b.T / a.shape[1] + 1.0) ** 3
        return values

    count = len(one)
    within = [
        (square.sum() - np.trace(square)) / (count * (count - 1))
        for square in map(kernel, (one, other), (one, other))
    ]
    return float(within[0] + within[1] - 2.0 * kernel(one, other).mean())
