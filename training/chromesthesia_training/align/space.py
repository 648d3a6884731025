"""The shared space drawn in two dimensions (UMAP), by emotion and by modality, and how mixed it is in numbers."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.records import Float32
from chromesthesia_training.align.evaluate import Sides
from chromesthesia_training.align.train import Alignment
from chromesthesia_training.metrics.style import EMOTION_COLOURS, INK, MUTED, drawing

EACH = 350
NEIGHBOURS = 10
MODALITY_COLOURS = {"sound": "#7a5ba6", "picture": "#4b9b6e"}
TITLES = {"infonce": "InfoNCE (one pair a row)", "multi_positive": "Multi-positive (SupCon)"}


@dataclass(frozen=True)
class Drawn:
    """Figures of the metrics file, and the coordinates that were drawn."""

    figures: dict[str, float]
    points: dict[str, Any]


@dataclass(frozen=True)
class Points:
    """Vectors (N, 128) with emotion (N,), modality (N,) 0 sound 1 picture, and whether it was known in training."""

    vectors: Float32
    emotions: NDArray[np.int64]
    modalities: NDArray[np.int64]
    known: NDArray[np.bool_]


def gather(alignment: Alignment, sides: Sides, seed: int, each: int = EACH) -> Points:
    """`each` clips and paintings of either kind, known and unseen, by lot."""
    rng = np.random.default_rng(seed)
    parts = []
    for vectors, emotions, modality, known in (
        (alignment.sounds(sides.known_clips), sides.known_clips.emotions, 0, True),
        (alignment.sounds(sides.unseen_clips), sides.unseen_clips.emotions, 0, False),
        (alignment.pictures(sides.known_paintings), sides.known_paintings.kinds, 1, True),
        (alignment.pictures(sides.unseen_paintings), sides.unseen_paintings.kinds, 1, False),
    ):
        rows = rng.permutation(len(vectors))[:each]
        parts.append((vectors[rows], emotions[rows], np.full(len(rows), modality), np.full(len(rows), known)))
    joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    return Points(joined[0], joined[1], joined[2], joined[3])


def mixing(points: Points, neighbours: int = NEIGHBOURS) -> tuple[float, float]:
    """Share of each point's nearest that are of the other modality, over an even mixture's; and of its own emotion."""
    similarity = points.vectors @ points.vectors.T
    np.fill_diagonal(similarity, -np.inf)
    nearest = np.argpartition(-similarity, neighbours, axis=1)[:, :neighbours]
    other = (points.modalities[nearest] != points.modalities[:, None]).mean(axis=1)
    counts = np.bincount(points.modalities, minlength=2)
    even = counts[1 - points.modalities] / (len(points.modalities) - 1)
    agreement = (points.emotions[nearest] == points.emotions[:, None]).mean()
    return float((other / even).mean()), float(agreement)


def draw_space(
    spaces: Mapping[str, tuple[Alignment, Sides]], path: Path, seed: int, each: int = EACH
) -> Drawn:
    """One row a loss, by emotion on the left and by modality on the right; writes a PNG.

    UMAP (McInnes et al. 2018), cosine, 30 neighbours, from `seed`.
    """
    figures: dict[str, float] = {}
    coordinates: dict[str, Any] = {}
    with drawing(path, len(spaces), 2, 4.6 * len(spaces)) as (figure, axes):
        for row, (name, (alignment, sides)) in enumerate(spaces.items()):
            points = gather(alignment, sides, seed, each)
            flat = _flatten(points.vectors, seed)
            mixed, agreement = mixing(points)
            figures |= {
                f"{name}_modality_mixing": round(mixed, 4),
                f"{name}_emotion_agreement": round(agreement, 4),
                f"{name}_points": len(flat),
            }
            coordinates[name] = np.round(flat, 3).tolist()
            left, right = axes[2 * row : 2 * row + 2]
            _scatter(left, flat, points, points.emotions, EMOTION_COLOURS)
            _scatter(right, flat, points, points.modalities, MODALITY_COLOURS)
            left.set_title(f"{TITLES.get(name, name)}: by emotion")
            right.set_title(f"by modality: mixing {mixed:.2f} of 1")
        figure.supxlabel(
            "filled: known in training; ring: unseen speaker or artist", fontsize=9.5, color=MUTED
        )
    return Drawn(figures, coordinates)


def _flatten(vectors: Float32, seed: int) -> Float32:
    import umap

    with warnings.catch_warnings():  # a seed makes it run on one thread, and it says so
        warnings.simplefilter("ignore")
        reducer = umap.UMAP(
            n_neighbors=min(30, len(vectors) - 1), min_dist=0.25, metric="cosine", random_state=seed, n_jobs=1
        )
        flat: Float32 = reducer.fit_transform(vectors)
    return flat


def _scatter(
    axes: Any, flat: Float32, points: Points, labels: NDArray[np.int64], colours: Mapping[str, str]
) -> None:
    shades = np.array(list(colours.values()))
    order = np.random.default_rng(0).permutation(len(flat))
    known, unseen = order[points.known[order]], order[~points.known[order]]
    axes.scatter(*flat[known].T, s=13, alpha=0.75, linewidths=0, c=shades[labels[known]])
    axes.scatter(
        *flat[unseen].T,
        s=17,
        alpha=0.85,
        linewidths=0.9,
        facecolors="none",
        edgecolors=shades[labels[unseen]],
    )
    for name, colour in colours.items():
        axes.scatter([], [], s=36, c=colour, label=name)
    axes.legend(loc="best", handletextpad=0.2, labelcolor=INK)
    axes.grid(False)
    axes.set(xticks=[], yticks=[])
