"""Measures of pictures: distances between sets, agreement with labels, and faults that show."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor

Float64 = npt.NDArray[np.float64]

PIXEL_SIDE = 16
PIXEL_COMPONENTS = 64
NEIGHBOURS = 5
COLOUR_STRENGTH = 30.0


def frechet_distance(first: Float64, second: Float64) -> float:
    """Frechet distance of two sets of vectors (N, d), each taken as normal (Heusel et al. 2017)."""
    mean_gap = first.mean(0) - second.mean(0)
    cov_first, cov_second = np.cov(first, rowvar=False), np.cov(second, rowvar=False)
    values, vectors = np.linalg.eigh(cov_first)
    root = (vectors * np.sqrt(np.clip(values, 0, None))) @ vectors.T
    shared = np.sqrt(np.clip(np.linalg.eigvalsh(root @ cov_second @ root), 0, None)).sum()
    return float(mean_gap @ mean_gap + np.trace(cov_first) + np.trace(cov_second) - 2 * shared)


def small_pixels(images: Tensor) -> Float64:
    """Pictures (N, 3, h, w) in [-1, 1] shrunk by averaging to 16 x 16, as vectors (N, 768)."""
    shrunk = F.adaptive_avg_pool2d(images, PIXEL_SIDE).flatten(1)
    result: Float64 = shrunk.numpy().astype(np.float64)
    return result


def principal_axes(vectors: Float64, count: int = PIXEL_COMPONENTS) -> tuple[Float64, Float64]:
    """Mean (d,) and the first axes (d, count) of a set of vectors."""
    mean = vectors.mean(0)
    _, axes = np.linalg.eigh(np.cov(vectors, rowvar=False))
    return mean, axes[:, ::-1][:, :count]


def colour_statistics(images: Tensor) -> Tensor:
    """Colour alone: means, deviations, deciles of luminance, two opponent axes and saturation (N, 44)."""
    red, green, blue = images.unbind(1)
    high, low = images.amax(1), images.amin(1)
    axes = torch.stack(
        [(red + green + blue) / 3, red - green, (red + green) / 2 - blue, high - low], 1
    ).flatten(2)
    deciles = torch.quantile(axes[:, :, ::4], torch.linspace(0.1, 0.9, 9), dim=2).permute(1, 2, 0).flatten(1)
    return torch.cat([axes.mean(2), axes.std(2), deciles], 1)


def fit_ridge(x: Tensor, target: Tensor, strength: float) -> tuple[Tensor, Tensor]:
    """Weight (d, k) and bias (k,) of a ridge on standardised `x` (N, d)."""
    mean, deviation = x.mean(0), x.std(0) + 1e-3
    scaled = (x - mean) / deviation
    centre = target.mean(0)
    weight = torch.linalg.solve(
        scaled.T @ scaled + strength * torch.eye(x.shape[1]), scaled.T @ (target - centre)
    )
    weight = weight / deviation[:, None]
    return weight, centre - mean @ weight


def correlation(first: Tensor, second: Tensor) -> float:
    """Pearson's r of two vectors."""
    return float(np.corrcoef(first.numpy(), second.numpy())[0, 1])


def balanced_vote(
    known: Float64, labels: npt.NDArray[np.int64], asked: Float64, classes: int, neighbours: int = NEIGHBOURS
) -> npt.NDArray[np.int64]:
    """Class of each row of `asked` by its nearest rows of `known`, each vote divided by its class's count."""
    squares = (known**2).sum(1)
    distance = squares[None, :] - 2 * asked @ known.T
    nearest = np.argpartition(distance, neighbours, axis=1)[:, :neighbours]
    weight = 1 / np.maximum(np.bincount(labels, minlength=classes), 1)
    votes = np.zeros((len(asked), classes))
    for column in range(neighbours):
        chosen = labels[nearest[:, column]]
        votes[np.arange(len(asked)), chosen] += weight[chosen]
    result: npt.NDArray[np.int64] = votes.argmax(1)
    return result


def balanced_accuracy(labels: npt.NDArray[np.int64], found: npt.NDArray[np.int64], classes: int) -> float:
    """Mean over classes of the share found right."""
    return float(np.mean([(found[labels == number] == number).mean() for number in range(classes)]))


def same_place_relief(images: Tensor) -> float:
    """How uneven the mean fine relief is over the frame: low when marks fall anywhere, high when in place.

    Deviation over mean, across 32 x 32 cells, of the set's mean absolute difference from a 5-pixel blur.
    """
    grey = images.mean(1, keepdim=True)
    relief = (grey - F.avg_pool2d(F.pad(grey, (2, 2, 2, 2), mode="replicate"), 5, 1)).abs()
    cells = F.adaptive_avg_pool2d(relief, 32).mean(0)
    return float(cells.std() / cells.mean())


def edge_contrast(images: Tensor) -> float:
    """Mean pixel-to-pixel change in the outermost eighth of the frame over that inside it."""
    grey = images.mean(1)
    steps = (grey[:, 1:, :-1] - grey[:, :-1, :-1]).abs() + (grey[:, :-1, 1:] - grey[:, :-1, :-1]).abs()
    mean = steps.mean(0)
    rim = mean.shape[0] // 8
    inside = mean[rim:-rim, rim:-rim].mean()
    total = mean.sum() - mean[rim:-rim, rim:-rim].sum()
    outside = total / (mean.numel() - mean[rim:-rim, rim:-rim].numel())
    return float(outside / inside)


def clipped_share(images: Tensor, above: float = 0.95) -> float:
    """Share of pixels with every channel above `above` (of [-1, 1]): white blow-out."""
    return float((images.amin(1) > above).float().mean())


def spread(images: Tensor) -> float:
    """Mean distance of pairs of pictures at 16 x 16: how different the pictures of a set are."""
    vectors = torch.from_numpy(small_pixels(images))
    distances = torch.pdist(vectors)
    return float(distances.mean())


def flattest(images: Tensor) -> float:
    """Smallest deviation of luminance ([0, 1]) within any picture of the set."""
    return float((images.mean(1).flatten(1).std(1) / 2).min())


def square_distances(first: Float64, second: Float64) -> Float64:
    """Between each row of (n, d) and each of (m, d), as (n, m); rounding may leave one just below 0."""
    distances: Float64 = (first**2).sum(1)[:, None] - 2 * first @ second.T + (second**2).sum(1)[None]
    return distances
