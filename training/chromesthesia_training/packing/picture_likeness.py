"""How alike two batches of pictures are, pixel by pixel: for models that should paint the same."""

from __future__ import annotations

from typing import cast

import numpy as np
import torch
from torch import Tensor
from torchmetrics.functional.image import structural_similarity_index_measure

from chromesthesia.core.records import Float32

DEVIATION = 1.5


def structural_similarity(first: Float32, second: Float32) -> float:
    """Mean SSIM (Wang et al. 2004) of two batches [N, 3, H, W] in 0..1, over a Gaussian of 1.5 pixels; 1 when equal."""
    one, other = (torch.from_numpy(np.ascontiguousarray(batch, np.float32)) for batch in (first, second))
    return float(
        cast(Tensor, structural_similarity_index_measure(one, other, sigma=DEVIATION, data_range=1.0))
    )


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
