"""Measure a generator against paintings it has not seen; each figure names its data and split.

Real figures stand beside each: the same measure on paintings of held-out artists, which is what a perfect generator
would get. Works from anything that paints: an exported ONNX file of any side, a pack, or a run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from chromesthesia.core.emotions import ASKED
from chromesthesia.core.records import Float32
from chromesthesia_training.backbones.squeezenet import FeatureNet
from chromesthesia_training.data.condition import ConditionSpace
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.measuring import measures
from chromesthesia_training.measuring.consistency import (
    HEADLINE,
    Consistency,
    ceiling_and_floor,
    neighbourhood,
    shuffled_conditions,
)
from chromesthesia_training.measuring.controllability import (
    RATINGS,
    agreement,
    conditions_of,
    engine_conditions,
    fit_rating_readers,
    inner_conditions_of,
)
from chromesthesia_training.measuring.frechet import Space, kernel_distance, spaces
from chromesthesia_training.measuring.gallery import Gallery
from chromesthesia_training.measuring.looks import Looks, join, look_at, resized
from chromesthesia_training.measuring.memorisation import nearest_paintings
from chromesthesia_training.measuring.motion import latent_motion
from chromesthesia_training.measuring.overlap import NEIGHBOURS, judged, overlap
from chromesthesia_training.measuring.painters import Painter, normal_latents
from chromesthesia_training.metrics.metrics_file import over_folds, tables_over_folds

SAMPLES = 300
DRAWS = 3
REAL_DRAWS = 20
FAULTS_SIDE = 128
SURE_EACH = 60
SURE: dict[str, tuple[float, float, float, float, float]] = {
    "angry": (*ASKED.angry, 0.9, 0.0, 0.05),
    "happy": (*ASKED.happy, 0.0, 0.9, 0.0),
    "sad": (*ASKED.sad, 0.05, 0.0, 0.9),
}
"""What the engine asks for when it is sure of an emotion."""

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Draw:
    """Pictures made for a draw of held-out paintings: how they look, what was asked, which paintings asked for it."""

    looks: Looks
    conditions: Float32
    paintings: Gallery


@dataclass(frozen=True)
class Reference:
    """What is measured against: all paintings, those that readers and spaces are fitted on, those held out."""

    gallery: Gallery
    fitted: Gallery
    train_only: Gallery
    held_out: Gallery
    space: ConditionSpace

    @staticmethod
    def of(gallery: Gallery) -> Reference:
        """Fit on the splits train and val, hold out test.

        Raises:
            TrainingError: fewer than two held-out paintings.
        """
        held = gallery.where("test")
        if len(held) < 2:
            raise TrainingError(f"{len(held)} held-out paintings", "evaluation needs at least 2")
        fitted = gallery.rows(gallery.where("train", "val"))
        train = gallery.rows(gallery.where("train"))
        return Reference(gallery, fitted, train, gallery.rows(held), ConditionSpace.fit(fitted))


def data_of(reference: Reference, samples: int, draws: int) -> dict[str, object]:
    """Which paintings the figures are of."""
    held = min(samples, len(reference.held_out))
    return {
        "content_hash": reference.gallery.content_hash,
        "fitted_on": {"splits": ["train", "val"], "paintings": len(reference.fitted)},
        "held_out": {"split": "test", "artists_unseen": True, "paintings": len(reference.held_out)},
        "made": held,
        "draws": draws,
    }


def measure(
    painter: Painter,
    reference: Reference,
    net: FeatureNet,
    samples: int = SAMPLES,
    draws: int = DRAWS,
    seed: int = 1,
) -> dict[str, Any]:
    """All figures of a generator that need no sound, with mean and deviation over draws of `samples` pictures.

    A draw takes that many held-out paintings and asks for a picture by the inner condition of each: its ratings and its
    one of eight emotions. What only the engine's five values can say is measured beside, on one draw.
    """
    made = [_draw(painter, reference, net, samples, seed + number) for number in range(draws)]
    by_five = _draw(painter, reference, net, samples, seed, five_values=True)
    known = spaces(reference.fitted.looks, reference.train_only.looks)
    return {
        "frechet": _frechet(known, reference, made, samples),
        "kernel_distance": _kernel_distances(reference, made),
        "overlap": _overlaps(known, reference, made, samples),
        "asked_and_read": _asked_and_read(painter, reference, net, made, by_five, samples, seed),
        "three_emotions": _emotions(reference, made, "three")
        | {
            "made_by_five_values": _emotions(reference, [by_five], "three")["made"]["mean"],
            "made_when_sure": _when_sure(painter, reference, net, seed, min(SURE_EACH, samples)),
        },
        "eight_emotions": _emotions(reference, made, "eight"),
        "copies": {
            "made": nearest_paintings(join(one.looks for one in made), reference.fitted.looks).figures(),
            "real_held_out": nearest_paintings(reference.held_out.looks, reference.fitted.looks).figures(),
        },
        "faults": _faults(painter, by_five, seed),
        "motion": latent_motion(painter, SURE, seed),
    }


def only_means(figures: Mapping[str, Any]) -> dict[str, Any]:
    """The same figures with each mean in the place of its mean, deviation and single values."""
    means: dict[str, Any] = {}
    for name, value in figures.items():
        if isinstance(value, Mapping):
            means[name] = value["mean"] if "mean" in value and "deviation" in value else only_means(value)
        else:
            means[name] = value
    return means


def _draw(
    painter: Painter,
    reference: Reference,
    net: FeatureNet,
    samples: int,
    seed: int,
    five_values: bool = False,
) -> Draw:
    rows = np.random.default_rng(seed).permutation(len(reference.held_out))[:samples]
    paintings = reference.held_out.rows(rows)
    latents = normal_latents(len(rows), painter.latent_size, seed)
    if five_values:
        conditions = conditions_of(paintings, reference.space)
        pictures = painter.paint(conditions, latents)
    else:
        conditions = inner_conditions_of(paintings, reference.space)
        pictures = painter.paint_inner(conditions, latents)
    return Draw(look_at(net, pictures), conditions, paintings)


def _frechet(
    known: Mapping[str, Space], reference: Reference, made: Sequence[Draw], samples: int
) -> dict[str, Any]:
    held = reference.held_out.looks
    chosen = [np.random.default_rng(number).permutation(len(held))[:samples] for number in range(REAL_DRAWS)]
    figures: dict[str, Any] = {"what": f"{samples} pictures at most, to all paintings of train and val"}
    for name, space in known.items():
        figures[name] = {
            "made": over_folds([space.distance(one.looks) for one in made]),
            "real_held_out": over_folds([space.distance(held.rows(rows)) for rows in chosen]),
        }
    return figures


def _kernel_distances(reference: Reference, made: Sequence[Draw]) -> dict[str, Any]:
    """Times 1000, fire9 means over their root mean square; halves of the training paintings share their artists."""
    deep = reference.fitted.looks.deep
    scale = float(np.sqrt((deep.astype(np.float64) ** 2).mean()))
    order = np.random.default_rng(0).permutation(len(deep))
    half = len(deep) // 2
    pairs = {
        "made": (np.concatenate([one.looks.deep for one in made]), deep),
        "real_held_out": (reference.held_out.looks.deep, deep),
        "real_same_artists": (deep[order[:half]], deep[order[half:]]),
    }
    figures: dict[str, Any] = {}
    for name, (first, second) in pairs.items():
        mean, deviation = kernel_distance(first / scale, second / scale)
        figures[name] = {"mean": round(1000 * mean, 3), "deviation": round(1000 * deviation, 3)}
    return figures


def _overlaps(
    known: Mapping[str, Space], reference: Reference, made: Sequence[Draw], samples: int
) -> dict[str, Any]:
    """Made pictures, and as many paintings of train and val, among held-out ones; and a judge of each against them.

    In three spaces: fire9 at 224 pixels, and colours and texture, which training has not seen.
    """
    held, fitted = reference.held_out.looks, reference.fitted.looks
    chosen = [np.random.default_rng(number).permutation(len(fitted))[:samples] for number in range(len(made))]
    figures: dict[str, Any] = {"what": f"{samples} pictures at most among held-out paintings, k = 3"}
    for name in ("fire9_at_224", "colour", "texture"):
        real = known[name].place(held)[:samples]
        figures[name] = {}
        for what, sets in (
            ("made", [one.looks for one in made]),
            ("real_known_artists", [fitted.rows(rows) for rows in chosen]),
        ):
            places = [known[name].place(looks) for looks in sets]
            found = [overlap(real, place).figures() for place in places if len(place) > NEIGHBOURS]
            figures[name][what] = tables_over_folds(found) if found else {}
            figures[name][what]["judge_auroc"] = over_folds([judged(real, place) for place in places])
    return figures


def _asked_and_read(
    painter: Painter,
    reference: Reference,
    net: FeatureNet,
    made: Sequence[Draw],
    by_five: Draw,
    samples: int,
    seed: int,
) -> dict[str, Any]:
    """Correlation of what was asked and what is read, by reader and rating.

    `made` is asked by the conditions of held-out paintings, `made_by_five_values` by what the engine's five values can
    say of these, `made_by_engine_condition` by five values all over their range; `real_held_out` is rated by people.
    """
    readers = fit_rating_readers(reference.fitted, reference.space)
    asked = engine_conditions(samples, seed)
    by_engine = look_at(net, painter.paint(asked, normal_latents(samples, painter.latent_size, seed + 1000)))
    rated = reference.space.z_scores(reference.held_out.vad)[:, : len(RATINGS)].numpy()
    figures: dict[str, Any] = {}
    for name, reader in readers.items():
        real = agreement(rated, reader.read(reference.held_out.looks))
        engine = agreement(asked[:, :2], reader.read(by_engine))
        five = agreement(by_five.conditions[:, :2], reader.read(by_five.looks))
        draws = [agreement(one.conditions[:, :2], reader.read(one.looks)) for one in made]
        figures[name] = {
            rating: {
                "real_held_out_r": round(real[rating], 4),
                "made_r": over_folds([draw[rating] for draw in draws]),
                "made_by_five_values_r": round(five[rating], 4),
                "made_by_engine_condition_r": round(engine[rating], 4),
            }
            for rating in RATINGS
        }
    return figures


def _emotions(reference: Reference, made: Sequence[Draw], classes: str) -> dict[str, Any]:
    """Emotion consistency of made pictures, among all paintings and among those of unseen artists only."""
    real = ceiling_and_floor(reference.gallery, classes)
    known = neighbourhood(reference.gallery, classes)
    unseen = neighbourhood(reference.gallery, classes, reference.gallery.where("test"))
    scored, among_unseen, floor = [], [], []
    for number, one in enumerate(made):
        intended = one.paintings.three if classes == "three" else one.paintings.emotions
        rows = np.flatnonzero(intended >= 0)
        near = one.looks.near[rows]
        scored.append(known.score(near, intended[rows]))
        among_unseen.append(unseen.score(near, intended[rows]).balanced[HEADLINE])
        floor.append(shuffled_conditions(known, near, intended[rows], number))
    figures: dict[str, Any] = {
        "what": "balanced vote of k neighbours among all paintings, fire9 at 224 pixels, cosine; awe left out of three",
        "made": over_folds([one.balanced[HEADLINE] for one in scored]),
        "made_conditions_shuffled": over_folds(floor),
        "made_among_unseen_artists": over_folds(among_unseen),
        "made_by_k": {f"k{k}": over_folds([one.balanced[k] for one in scored]) for k in scored[0].balanced},
        "made_any_of_k": {
            f"k{k}": over_folds([one.any_of_k[k] for one in scored]) for k in scored[0].any_of_k
        },
        "made_each": {
            name: over_folds([one.each[name] for one in scored if name in one.each])
            for name in dict.fromkeys(name for one in scored for name in one.each)
        },
    }
    for name, value in real.items():
        if isinstance(value, Consistency):
            figures[f"real_{name}"] = round(value.balanced[HEADLINE], 4)
            figures[f"real_{name}_by_k"] = {f"k{k}": round(one, 4) for k, one in value.balanced.items()}
            figures[f"real_{name}_any_of_k"] = {f"k{k}": round(one, 4) for k, one in value.any_of_k.items()}
        else:
            figures[f"real_{name}"] = round(value, 4)
    figures["confusion"] = [list(row) for row in np.sum([one.confusion for one in scored], axis=0).tolist()]
    return figures


def _when_sure(painter: Painter, reference: Reference, net: FeatureNet, seed: int, each: int) -> float:
    """Consistency, k = 5, of pictures asked for with the engine's conditions when it is sure of one of the three."""
    asked = np.repeat(np.array(list(SURE.values()), np.float32), each, axis=0)
    intended = np.repeat(np.arange(len(SURE)), each).astype(np.int64)
    looks = look_at(net, painter.paint(asked, normal_latents(len(asked), painter.latent_size, seed + 2000)))
    return round(neighbourhood(reference.gallery).score(looks.near, intended).balanced[HEADLINE], 4)


def _faults(painter: Painter, one: Draw, seed: int, count: int = 200) -> dict[str, float]:
    """Faults that show, seen at 128 pixels: marks at the same place, edge frames, white, sameness, flatness."""
    latents = normal_latents(min(count, len(one.conditions)), painter.latent_size, seed)
    pictures = painter.paint(one.conditions[: len(latents)], latents)
    images = resized(torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 127.5 - 1, FAULTS_SIDE)
    return {
        "same_place_relief": round(measures.same_place_relief(images), 3),
        "edge_contrast": round(measures.edge_contrast(images), 3),
        "white_share": round(measures.clipped_share(images), 3),
        "spread": round(measures.spread(images), 2),
        "flattest_deviation": round(measures.flattest(images), 4),
    }
