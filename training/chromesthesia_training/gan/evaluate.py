"""Measure a trained generator against paintings it has not seen; each figure names its data and split.

Real figures beside each: the same measure on paintings of held-out artists, which is what a perfect generator
would get. Frechet distance on fire9 flatters, since the discriminator learned on it; the pixel space is
independent of training. So is the colour reader, where the deep reader's twin was part of the loss.
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from chromesthesia_training.art import EMOTIONS, ArtSet, load_art
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.gan import measures
from chromesthesia_training.gan.batching import batches
from chromesthesia_training.gan.checkpoint import TrainedGenerator, load_trained
from chromesthesia_training.gan.condition import VAD_SIZE, ConditionSpace, EngineCondition
from chromesthesia_training.gan.export import random_engine_conditions, recalibrated
from chromesthesia_training.gan.model import IMAGE_SIDE, LATENT_SIZE, Generator
from chromesthesia_training.gan.reader import RATING_STRENGTH, pooled_features, resize
from chromesthesia_training.squeezenet import FeatureNet, load_squeezenet

SAMPLES = 300
READER_SIDE = 112
STEP_ANGLE = 0.02
THREE = {
    "angry": ("anger", "disgust", "fear"),
    "happy": ("amusement", "contentment", "excitement"),
    "sad": ("sadness",),
}
SURE = {
    "angry": (-0.6, 0.6, 0.9, 0.0, 0.05),
    "happy": (0.6, 0.4, 0.0, 0.9, 0.0),
    "sad": (-0.6, -0.4, 0.05, 0.0, 0.9),
}


@dataclass(frozen=True)
class Set:
    """Pictures (N, 3, 128, 128) in [-1, 1], their pooled features, fire9 means, and what they were asked for."""

    images: Tensor
    pooled: Tensor
    deep: np.ndarray
    condition: Tensor


def evaluate(
    run_dir: Path,
    art_dir: Path,
    feature_weights: Path,
    cache_dir: Path | None = None,
    samples: int = SAMPLES,
    seed: int = 1,
    stored_side: int = 176,
    net: FeatureNet | None = None,
) -> dict[str, object]:
    """Measure the run's averaged generator as exported; write `metrics.json` into the run folder.

    Readers and references are fitted on the splits train and val, held-out figures are of test.

    Raises:
        TrainingError, ArtError, WeightsError: nothing to measure, or nothing to measure against.
    """
    trained = load_trained(run_dir)
    net = net or load_squeezenet(feature_weights)
    art = load_art(art_dir, stored_side, cache_dir)
    fit, held_art = art.subset("train", "val"), art.subset("test")
    samples = min(samples, len(held_art))
    if samples < 2:
        raise TrainingError(f"{samples} held-out paintings", "evaluation needs at least 2")
    rng = torch.Generator().manual_seed(seed)
    generator = recalibrated(trained)
    real = _real_set(net, fit, trained.space, torch.arange(len(fit)))
    held = _real_set(net, held_art, trained.space, torch.randperm(len(held_art), generator=rng)[:samples])
    made = _made_set(net, generator, held.condition, rng)
    engine_asked = random_engine_conditions(samples, rng)
    engine_made = _made_set(net, generator, EngineCondition(trained.space)(engine_asked), rng)

    metrics: dict[str, object] = {
        "step": trained.step,
        "images_seen": trained.images_seen,
        "training_minutes": round(trained.elapsed_s / 60, 1),
        "data": {
            "paintings": str(art_dir.name),
            "content_hash": art.content_hash,
            "fitted_on": {"splits": ["train", "val"], "paintings": len(fit)},
            "held_out": {"split": "test", "artists_unseen": True, "paintings": samples},
            "made": samples,
        },
        "asked_and_read": _asked_and_read(real, held, made, engine_made, engine_asked),
        "frechet": _frechet(real, held, made),
        "three_emotions": _three_emotions(net, generator, trained, fit, real, held_art, rng),
        "faults": {"real_held_out": _faults(held.images), "made": _faults(made.images)},
        "motion": _motion(generator, trained, rng),
    }
    path = run_dir / "metrics.json"
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(metrics, indent=2) + "\n", encoding="utf-8")
    os.replace(partial, path)
    return metrics


def _real_set(net: FeatureNet, art: ArtSet, space: ConditionSpace, rows: Tensor) -> Set:
    stored = torch.from_numpy(art.images)[rows]
    images = torch.cat(
        [resize(part.permute(0, 3, 1, 2).float() / 127.5 - 1, IMAGE_SIDE) for part in batches(stored, 64)]
    ).contiguous()
    one_hot = torch.eye(len(EMOTIONS))[torch.from_numpy(art.emotions)[rows]]
    return _set(net, images, torch.cat([space.z_scores(art.vad)[rows], one_hot], 1))


def _made_set(net: FeatureNet, generator: Generator, condition: Tensor, rng: torch.Generator) -> Set:
    latents = torch.randn(len(condition), LATENT_SIZE, generator=rng)
    with torch.no_grad():
        images = torch.cat(
            [generator(z, c) for z, c in zip(batches(latents, 16), batches(condition, 16), strict=True)]
        )
    return _set(net, images.contiguous(), condition)


def _set(net: FeatureNet, images: Tensor, condition: Tensor) -> Set:
    pooled = pooled_features(net, images, READER_SIDE)
    last = list(net.channels)[-1]
    width = net.channels[last]
    return Set(images, pooled, pooled[:, -2 * width : -width].numpy().astype(np.float64), condition)


def _asked_and_read(real: Set, held: Set, made: Set, engine: Set, engine_asked: Tensor) -> dict[str, object]:
    figures: dict[str, object] = {}
    for reader, strength, look in (
        ("deep", RATING_STRENGTH, lambda one: one.pooled),
        ("colour", measures.COLOUR_STRENGTH, lambda one: measures.colour_statistics(one.images)),
    ):
        weight, bias = measures.fit_ridge(look(real), real.condition[:, :VAD_SIZE], strength)
        read = {
            name: look(one) @ weight + bias
            for name, one in (("held", held), ("made", made), ("engine", engine))
        }
        figures[reader] = {
            rating: {
                "real_held_out_r": round(
                    measures.correlation(held.condition[:, column], read["held"][:, column]), 3
                ),
                "made_r": round(measures.correlation(made.condition[:, column], read["made"][:, column]), 3),
                "made_by_engine_condition_r": round(
                    measures.correlation(engine_asked[:, column], read["engine"][:, column]), 3
                ),
            }
            for column, rating in enumerate(("valence", "arousal"))
        }
    return figures


def _frechet(real: Set, held: Set, made: Set) -> dict[str, object]:
    reference = measures.small_pixels(real.images)
    mean, axes = measures.principal_axes(reference)

    def pixels(one: Set) -> measures.Float64:
        projected: measures.Float64 = (measures.small_pixels(one.images) - mean) @ axes
        return projected

    scale = real.deep.std(0) + 1e-3
    return {
        "what": "300 samples at most against train and val; fire9 channel means over their deviation there",
        "fire9": {
            "real_held_out": round(measures.frechet_distance(real.deep / scale, held.deep / scale), 2),
            "made": round(measures.frechet_distance(real.deep / scale, made.deep / scale), 2),
        },
        "pixels_16x16_pca64": {
            "real_held_out": round(measures.frechet_distance(pixels(real), pixels(held)), 2),
            "made": round(measures.frechet_distance(pixels(real), pixels(made)), 2),
        },
    }


def _three_emotions(
    net: FeatureNet,
    generator: Generator,
    trained: TrainedGenerator,
    fit: ArtSet,
    real: Set,
    held_art: ArtSet,
    rng: torch.Generator,
) -> dict[str, object]:
    known_labels, known_rows = _three_labels(fit)
    held_labels, held_rows = _three_labels(held_art)
    mean, deviation = real.pooled.mean(0), real.pooled.std(0) + 1e-3

    def scaled(pooled: Tensor) -> measures.Float64:
        vectors: measures.Float64 = ((pooled - mean) / deviation).numpy().astype(np.float64)
        return vectors

    known = scaled(real.pooled[torch.from_numpy(known_rows)])
    held = _real_set(net, held_art, trained.space, torch.from_numpy(held_rows))
    per_class = max(2, len(held_rows) // 6)
    asked = torch.tensor([SURE[name] for name in THREE]).repeat_interleave(per_class, 0)
    made_labels = np.repeat(np.arange(len(THREE)), per_class)
    made = _made_set(net, generator, EngineCondition(trained.space)(asked), rng)
    shuffled = np.random.default_rng(0).permutation(known_labels)
    found_held = measures.balanced_vote(known, known_labels, scaled(held.pooled), len(THREE))
    found_shuffled = measures.balanced_vote(known, shuffled, scaled(held.pooled), len(THREE))
    found_made = measures.balanced_vote(known, known_labels, scaled(made.pooled), len(THREE))
    return {
        "what": "balanced accuracy, balanced vote of 5 neighbours of train and val; angry includes disgust, fear",
        "real_held_out": round(measures.balanced_accuracy(held_labels, found_held, len(THREE)), 3),
        "shuffled_labels": round(measures.balanced_accuracy(held_labels, found_shuffled, len(THREE)), 3),
        "made": round(measures.balanced_accuracy(made_labels, found_made, len(THREE)), 3),
        "made_each": {
            name: round(float((found_made[made_labels == number] == number).mean()), 3)
            for number, name in enumerate(THREE)
        },
    }


def _three_labels(art: ArtSet) -> tuple[np.ndarray, np.ndarray]:
    """Class numbers and row numbers of the paintings that belong to one of the three."""
    number_of = {
        EMOTIONS.index(emotion): number for number, names in enumerate(THREE.values()) for emotion in names
    }
    rows = np.array([row for row, emotion in enumerate(art.emotions) if int(emotion) in number_of], np.int64)
    return np.array([number_of[int(emotion)] for emotion in art.emotions[rows]], np.int64), rows


def _faults(images: Tensor) -> dict[str, float]:
    return {
        "same_place_relief": round(measures.same_place_relief(images), 3),
        "edge_contrast": round(measures.edge_contrast(images), 3),
        "white_share": round(measures.clipped_share(images), 3),
        "spread": round(measures.spread(images), 2),
        "flattest_deviation": round(measures.flattest(images), 4),
    }


def _motion(
    generator: Generator, trained: TrainedGenerator, rng: torch.Generator, paths: int = 32
) -> dict[str, object]:
    """Change of the picture along slow latent walks, and between emotions, in 8-bit levels."""
    start = torch.randn(paths, LATENT_SIZE, generator=rng)
    start = start * math.sqrt(LATENT_SIZE) / start.norm(dim=1, keepdim=True)
    other = torch.randn(paths, LATENT_SIZE, generator=rng)
    other = other - (other * start).sum(1, keepdim=True) * start / LATENT_SIZE
    other = other * math.sqrt(LATENT_SIZE) / other.norm(dim=1, keepdim=True)
    condition = EngineCondition(trained.space)(random_engine_conditions(paths, rng))
    with torch.no_grad():
        walk = [
            generator(start * math.cos(angle) + other * math.sin(angle), condition)
            for angle in (0.0, STEP_ANGLE, 2 * STEP_ANGLE)
        ]
        emotions = [
            generator(start, EngineCondition(trained.space)(torch.tensor([values]).expand(paths, -1)))
            for values in SURE.values()
        ]
    step = (walk[1] - walk[0]).abs().mean((1, 2, 3)) * 127.5
    jerk = (walk[2] - 2 * walk[1] + walk[0]).abs().mean((1, 2, 3)) * 127.5
    between = torch.stack(
        [(emotions[a] - emotions[b]).abs().mean((1, 2, 3)) for a, b in ((0, 1), (0, 2), (1, 2))]
    )
    return {
        "what": "mean absolute change in 8-bit levels; a step is 0.02 rad on the latent sphere",
        "step_mean": round(float(step.mean()), 3),
        "step_largest": round(float(step.max()), 3),
        "second_difference_over_step": round(float((jerk / step.clamp_min(1e-6)).mean()), 4),
        "between_emotions": {
            pair: round(float(value) * 127.5, 1)
            for pair, value in zip(("angry_happy", "angry_sad", "happy_sad"), between.mean(1), strict=True)
        },
    }
