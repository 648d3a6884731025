"""Does it copy? How near its pictures come to those given, beside how near unseen squares by the same hand come.

A picture is described by where its colours lie (CIELAB on 8 x 8) and where its strokes run (log-Gabor magnitudes on
4 x 4, after Oliva and Torralba 2001), each standardised over the given squares. A learned picture is looked up whole
and in parts, both ways round, so that a copy of a part, or a mirrored one, is near too. What is usual is asked of the
artist's own work: squares of a held-out picture, and of each learned one beside the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from chromesthesia_training.adapt.pictures import Given, GivenPictures, to_lab, to_side
from chromesthesia_training.data.condition import random_engine_conditions
from chromesthesia_training.gan.model import LATENT_SIZE
from chromesthesia_training.measuring.looks import gabor_magnitudes, resized
from chromesthesia_training.measuring.memorisation import COPY_LEVELS

MADE = 192
SIDE, SHOWN = 64, 128
"""Pictures are described at the first side, and shown at the second."""
COLOUR_GRID, STROKE_GRID = 8, 4
THUMBNAIL = 32
BATCH = 16
PARTS = ((1.0, 2), (0.75, 3), (0.5, 3))
"""Shares of a picture's shorter side, and how many squares of each across and down."""
USUAL_SHARE = 0.05
MOST_SHARE = 0.2
"""More pictures than this nearer than the usual nearest twentieth, and it copies."""
MOST_PLAIN = 0.01
PLAIN_DEVIATION = 24.0
"""Levels; a thumbnail that varies less is nearly plain, and near to any other plain one."""


@dataclass(frozen=True)
class CopyReport:
    """What was found; `line` for the card; `pairs`: the nearest made pictures and the squares they are near to."""

    copies: bool
    figures: dict[str, float]
    line: str
    pairs: Tensor


def look_for_copies(
    paint: Callable[[Tensor, Tensor], Tensor],
    given: GivenPictures,
    made: int = MADE,
    seed: int = 21,
) -> CopyReport:
    """Paint `made` pictures and say whether they are copies.

    paint: engine conditions (n, 5) and latents (n, 64) to pictures (n, 3, side, side) in [-1, 1].
    """
    rng = torch.Generator().manual_seed(seed)
    conditions, latents = random_engine_conditions(made, rng), torch.randn(made, LATENT_SIZE, generator=rng)
    with torch.no_grad():
        pictures = torch.cat(
            [
                _resized(paint(conditions[first : first + BATCH], latents[first : first + BATCH]), SHOWN)
                for first in range(0, made, BATCH)
            ]
        )
    return judge(pictures, given)


def judge(pictures: Tensor, given: GivenPictures) -> CopyReport:
    """Whether pictures (n, 3, side, side) in [-1, 1] are copies of the learned ones."""
    known = [_parts(one) for one in given.learned]
    shown = torch.cat(known)
    squares, painted = _resized(shown, SIDE), pictures
    pictures = _resized(pictures, SIDE)
    owner = torch.arange(len(known)).repeat_interleave(torch.tensor([len(one) for one in known]))
    scale = _Scale.over(_described(squares))
    references = scale(_described(torch.cat([squares, squares.flip(3)])))
    owners = owner.repeat(2)

    made = scale(_described(pictures))
    distances = torch.cdist(made, references)
    nearest = distances.min(1)
    usual = _nearest_to_others(scale(_described(squares)), owner, references, owners)
    figures = {"learned": float(len(given.learned)), "held_out": float(len(given.held_out))}
    if given.held_out:
        unseen = _resized(torch.cat([_parts(one) for one in given.held_out]), SIDE)
        described = scale(_described(unseen))
        held = torch.cdist(described, references).min(1).values
        usual = torch.cat([usual, held])
        both_ways = scale(_described(torch.cat([unseen, unseen.flip(3)])))
        figures["made_to_held_out"] = float(torch.cdist(made, both_ways).min(1).values.median())
        figures["held_out_to_learned"] = float(held.median())
    limit = float(usual.quantile(USUAL_SHARE))
    levels = _thumbnail_distances(pictures, torch.cat([squares, squares.flip(3)]))
    plain_copies = (levels < COPY_LEVELS) & (_thumbnails(pictures).std(1) > PLAIN_DEVIATION)
    figures |= {
        "made": float(len(pictures)),
        "made_to_learned": float(nearest.values.median()),
        "usual_to_learned": float(usual.median()),
        "usual_nearest_twentieth": limit,
        "share_nearer_than_usual": float((nearest.values < limit).float().mean()),
        "share_of_copies_in_small": float(plain_copies.float().mean()),
    }
    copies = (
        figures["share_nearer_than_usual"] > MOST_SHARE or figures["share_of_copies_in_small"] > MOST_PLAIN
    )
    closest = nearest.values.argsort()[:8]
    both = torch.cat([shown, shown.flip(3)])[nearest.indices[closest]]
    rounded = {name: round(value, 4) for name, value in figures.items()}
    return CopyReport(
        copies, rounded, _line(copies, rounded), torch.cat([_resized(painted[closest], SHOWN), both])
    )


def _line(copies: bool, figures: dict[str, float]) -> str:
    nearer = 100 * figures["share_nearer_than_usual"]
    small = round(figures["share_of_copies_in_small"] * figures["made"])
    held = (
        f" {figures['held_out']:.0f} more were held out of it."
        if figures["held_out"]
        else (" None was held out: there were too few.")
    )
    found = "It copies" if copies else "No copying was found"
    return (
        f"{found}: of {figures['made']:.0f} pictures {nearer:.0f} % lie nearer to one of the {figures['learned']:.0f} "
        f"learned ones than the nearest twentieth of unseen squares by the same hand ({100 * USUAL_SHARE:.0f} % would "
        f"be chance, over {100 * MOST_SHARE:.0f} % is copying), and {small or 'none'} "
        f"{'is one' if small == 1 else 'are ones'} in small.{held}"
    )


@dataclass(frozen=True)
class _Scale:
    """Standardises descriptions over given squares; the two kinds weigh alike."""

    mean: Tensor
    deviation: Tensor

    @staticmethod
    def over(described: Tensor) -> _Scale:
        return _Scale(described.mean(0), described.std(0).clamp_min(1e-3))

    def __call__(self, described: Tensor) -> Tensor:
        z = (described - self.mean) / self.deviation
        colours = 3 * COLOUR_GRID**2
        return torch.cat([z[:, :colours] / colours**0.5, z[:, colours:] / (z.shape[1] - colours) ** 0.5], 1)


def _described(pictures: Tensor) -> Tensor:
    """(n, 3, 64, 64) to (n, 192 + 384)."""
    parts = []
    for first in range(0, len(pictures), BATCH):
        some = pictures[first : first + BATCH]
        lab = F.adaptive_avg_pool2d(to_lab(some), COLOUR_GRID).flatten(1)
        strokes = [
            F.adaptive_avg_pool2d(magnitude[:, None], STROKE_GRID).flatten(1)
            for magnitude in gabor_magnitudes(some.mean(1))
        ]
        parts.append(torch.cat([lab, (torch.cat(strokes, 1) + 1e-2).log()], 1))
    return torch.cat(parts)


def _nearest_to_others(described: Tensor, owner: Tensor, references: Tensor, owners: Tensor) -> Tensor:
    """Distance of each square to the nearest square of another picture."""
    distances = torch.cdist(described, references)
    distances[owner[:, None] == owners[None]] = float("inf")
    nearest: Tensor = distances.min(1).values
    return nearest[nearest.isfinite()]


def _parts(one: Given) -> Tensor:
    """Squares of a picture, whole and in parts, as a grid lays them: (n, 3, 128, 128)."""
    height, width = one.pixels.shape[1:]
    squares = []
    for share, count in PARTS:
        cut = max(8, round(min(height, width) * share))
        downs, acrosses = (_places(room - cut, count) for room in (height, width))
        squares += [
            to_side(one.pixels[:, top : top + cut, left : left + cut], SHOWN)
            for top in downs
            for left in acrosses
        ]
    return torch.stack(squares)


def _places(room: int, count: int) -> Sequence[int]:
    return sorted({round(room * number / (count - 1)) for number in range(count)})


def _resized(pictures: Tensor, side: int) -> Tensor:
    return resized(pictures, side).clamp(-1, 1)


def _thumbnails(pictures: Tensor) -> Tensor:
    """(n, 3072) in levels."""
    return (resized(pictures, THUMBNAIL).flatten(1) + 1) * 127.5


def _thumbnail_distances(pictures: Tensor, references: Tensor) -> Tensor:
    """Root mean square levels to the nearest reference."""
    ours, theirs = _thumbnails(pictures), _thumbnails(references)
    nearest: Tensor = torch.cdist(ours, theirs).min(1).values / ours.shape[1] ** 0.5
    return nearest
