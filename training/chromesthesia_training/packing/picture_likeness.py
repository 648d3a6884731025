"""How alike two batches of pictures are, pixel by pixel: for models that should paint the same."""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter

from chromesthesia.core.records import Float32

DEVIATION = 1.5
STABLE_LUMINANCE, STABLE_CONTRAST = 0.01**2, 0.03**2


def structural_similarity(first: Float32, second: Float32) -> float:
    """Mean SSIM (Wang et al. 2004) of two batches [N, 3, H, W] in 0..1, over a Gaussian of 1.5 pixels; 1 when equal."""
    one, other = (np.asarray(batch, np.float64) for batch in (first, second))

    def blurred(batch: np.ndarray) -> np.ndarray:
        smooth: np.ndarray = gaussian_filter(batch, (0, 0, DEVIATION, DEVIATION))
        return smooth

    mean, other_mean = blurred(one), blurred(other)
    variance = blurred(one * one) - mean * mean
    other_variance = blurred(other * other) - other_mean * other_mean
    together = blurred(one * other) - mean * other_mean
    likeness = ((2 * mean * other_mean + STABLE_LUMINANCE) * (2 * together + STABLE_CONTRAST)) / (
        (mean**2 + other_mean**2 + STABLE_LUMINANCE) * (variance + other_variance + STABLE_CONTRAST)
    )
    return float(likeness.mean())


def colour_r(first: Float32, second: Float32) -> float:
    """How well the colours that carry a picture's emotion are kept: least r over the batch of six colour statistics.

    Mean and deviation of every channel of [N, 3, H, W]; 1 where none of them varies.
    """
    statistics = [
        np.concatenate([batch.mean(axis=(2, 3)), batch.std(axis=(2, 3))], axis=1) for batch in (first, second)
    ]
    one, other = (values - values.mean(axis=0) for values in statistics)
    scale = np.linalg.norm(one, axis=0) * np.linalg.norm(other, axis=0)
    products = (one * other).sum(axis=0)
    return float(np.where(scale > 1e-9, products / np.maximum(scale, 1e-9), 1.0).min())
