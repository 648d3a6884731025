"""What a trained version is worth on unseen artists and series: losses, and what is read from the latent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from chromesthesia_training.music.scores import concordance, pearson
from chromesthesia_training.vae.batches import Side
from chromesthesia_training.vae.categories import category_numbers
from chromesthesia_training.vae.material import KINDS, Kind
from chromesthesia_training.vae.versions import TokenFusionVae
from chromesthesia_training.vae.worlds import World

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]
BATCH = 16
AXES = ("valence", "arousal")


@dataclass(frozen=True)
class Read:
    """Of every item of a side: latents [n, latent], labels said and true [n, 2], square errors of its tokens [n]."""

    latent: Float64
    log_variance: Float64
    said: Float64
    wanted: Float64
    square: Float64


@torch.inference_mode()
def read_side(net: TokenFusionVae, side: Side, kind: Kind, most: int | None = None) -> Read:
    """Encode, predict and rebuild each item by the mean of its latent; the decoder is told the predicted labels.

    most: only so many items, spread evenly.
    """
    count = len(side.rows) if most is None else min(most, len(side.rows))
    chosen = np.linspace(0, len(side.rows) - 1, count).astype(np.int64)
    latents, spreads, said, wanted, squares = [], [], [], [], []
    for start in range(0, count, BATCH):
        part = side.part(chosen[start : start + BATCH])
        mean, log_variance = net.encode(kind, part.tokens, part.cls, part.va)
        told = net.va(mean)
        made = net.decode(kind, mean, told, part.cls)[:, :, : part.tokens.shape[2]]
        squares.append((made - part.tokens).square().mean(dim=(1, 2)))
        latents.append(mean)
        spreads.append(log_variance)
        said.append(told)
        wanted.append(part.va)
    parts = [torch.cat(one).double().numpy() for one in (latents, spreads, said, wanted, squares)]
    return Read(*parts)


def figures_of(world: World, net: TokenFusionVae, kl: float) -> dict[str, Any]:
    """Figures of the scored side, each kind and the mean of both. `total` is reconstruction + kl * divergence + VA."""
    found: dict[str, Any] = {}
    for kind in KINDS:
        read = read_side(net, world.score[kind], kind)
        divergence = -0.5 * (1.0 + read.log_variance - read.latent**2 - np.exp(read.log_variance)).mean()
        va = float(((read.said - read.wanted) ** 2).mean())
        recon = float(read.square.mean())
        one: dict[str, Any] = {
            "items": len(read.said),
            "recon": recon,
            "va_loss": va,
            "kl": float(divergence),
            "total": recon + kl * float(divergence) + va,
        }
        for place, axis in enumerate(AXES):
            one[f"{axis}_r"] = pearson(read.wanted[:, place], read.said[:, place])
            one[f"{axis}_ccc"] = concordance(read.wanted[:, place], read.said[:, place])
        one |= _categories(read.wanted, read.said)
        found[kind] = {name: round(float(value), 5) for name, value in one.items()}
    names = ("recon", "va_loss", "kl", "total", *(f"{axis}_r" for axis in AXES))
    both = {name: round(float(np.mean([found[kind][name] for kind in KINDS])), 5) for name in names}
    return {**both, **found}


def _categories(wanted: Float64, said: Float64) -> dict[str, float]:
    """Share of items in the right one of twelve, and of always saying the commonest."""
    true, told = category_numbers(wanted), category_numbers(np.clip(said, -1.0, 1.0))
    return {
        "category_accuracy": float((true == told).mean()),
        "category_commonest": float(np.bincount(true).max() / len(true)),
    }


def floors(world: World, parts: int, most: int = 1500, asked: int = 300) -> dict[str, Any]:
    """What can be known of the scored tokens without a net, as mean square errors of standardised tokens.

    mean: one token for all. place: the mean at each place of each kind. item: the true mean over the places of each
    item, which is as good as a version that repeats one token can be. linear_<n>: the first n principal components of
    whole items, fitted to at most `most` training items of each kind: the best that n linear values can keep.
    cls_linear: place, and a linear map from the CLS token at each place.
    """
    found: dict[str, Any] = {}
    for kind in KINDS:
        learn, score = world.learn[kind], world.score[kind]
        train = _flat(learn, most)
        test = _flat(score, asked)
        count, width = world.inputs[kind]
        middle = train.mean(axis=0)
        centred, apart = train - middle, test - middle
        tokens = test.reshape(len(test), count, width)
        one = {
            "mean": float((tokens**2).mean()),
            "place": float((apart**2).mean()),
            "item": float(((tokens - tokens.mean(axis=1, keepdims=True)) ** 2).mean()),
        }
        gram = centred @ centred.T
        values, vectors = np.linalg.eigh(gram.astype(np.float64))
        order = np.argsort(values)[::-1]
        # Projections of the scored items on the components, by the kernel: no matrix of all values by all values.
        cross = apart @ centred.T
        weights = vectors[:, order] / np.sqrt(np.maximum(values[order], 1e-9))
        scores = cross.astype(np.float64) @ weights
        energy = float((apart.astype(np.float64) ** 2).sum())
        size = apart.size
        for kept in sorted({min(parts, len(train) - 1), min(2 * parts, len(train) - 1)}):
            one[f"linear_{kept}"] = (energy - float((scores[:, :kept] ** 2).sum())) / size
        if learn.tokens.cls is not None:
            one["cls_linear"] = _from_cls(learn, score, centred, apart, most, asked)
        found[kind] = {name: round(float(value), 5) for name, value in one.items()}
    names = [name for name in found["image"] if name in found["sound"]]
    return {
        **{name: round(float(np.mean([found[kind][name] for kind in KINDS])), 5) for name in names},
        **found,
    }


def _flat(side: Side, most: int) -> NDArray[np.float32]:
    chosen = np.linspace(0, len(side.rows) - 1, min(most, len(side.rows))).astype(np.int64)
    parts = [side.part(chosen[at : at + 64]).tokens.flatten(1).numpy() for at in range(0, len(chosen), 64)]
    return np.concatenate(parts)


def _from_cls(
    learn: Side, score: Side, centred: NDArray[np.float32], apart: NDArray[np.float32], most: int, asked: int
) -> float:
    """Square error of a ridge from the CLS token to all tokens."""
    told = []
    for side, count in ((learn, most), (score, asked)):
        chosen = np.linspace(0, len(side.rows) - 1, min(count, len(side.rows))).astype(np.int64)
        cls = side.part(chosen).cls
        assert cls is not None
        told.append(cls.numpy())
    middle = told[0].mean(axis=0)
    x, asked_x = told[0] - middle, told[1] - middle
    gram = x.T @ x + 0.1 * len(x) * np.eye(x.shape[1], dtype=np.float32) * x.var()
    weight = np.linalg.solve(gram, x.T @ centred)
    return float(((apart - asked_x @ weight) ** 2).mean())
