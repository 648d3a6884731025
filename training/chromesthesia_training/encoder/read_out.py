"""A first fit of what reads the statistics, on those kept from one pass: seconds, where whole steps take minutes."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from chromesthesia_training.encoder.model import StreamingEncoder

UNFELT_PULL = 1.0
"""Weight of the cross entropy of `feels nothing` beside that of the emotion."""


@dataclass(frozen=True)
class Points:
    """Moments of sounds: statistics [N, values], target emotion [N, 3] and valence, arousal [N, 2], weights [N].

    unfelt [N]: 1 where a sound feels nothing, for encoders that say so; None asks nothing of that.
    """

    statistics: Tensor
    emotion: Tensor
    emotion_weight: Tensor
    plane: Tensor
    plane_weight: Tensor
    unfelt: Tensor | None = None
    unfelt_weight: Tensor | None = None


@dataclass(frozen=True)
class ReadOutRecipe:
    """mixed: the less, the nearer mixtures of two moments are to one of them; noise in deviations of a statistic."""

    steps: int = 1_500
    batch: int = 128
    learning_rate: float = 1e-3
    weight_decay: float = 0.1
    mixed: float = 0.3
    noise: float = 0.2


def fit_read_out(
    encoder: StreamingEncoder, points: Points, recipe: ReadOutRecipe, plane_pull: float, seed: int
) -> None:
    """Train the read-out of `encoder` on kept moments, drawn by their weights; its layers stay as they are.

    plane_pull: weight of the squared error of valence and arousal beside the cross entropy.
    """
    randomness = torch.Generator().manual_seed(seed)
    _, parameters = encoder.parts()
    optimiser = torch.optim.AdamW(parameters, recipe.learning_rate, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, recipe.learning_rate, total_steps=recipe.steps, pct_start=0.2
    )
    drawn_by = points.emotion_weight + points.plane_weight
    if points.unfelt_weight is not None:
        drawn_by = drawn_by + points.unfelt_weight
    deviation = encoder.statistics_deviation
    encoder.train()
    for _ in range(recipe.steps):
        rows = torch.multinomial(drawn_by, recipe.batch, replacement=True, generator=randomness)
        other = rows[torch.randperm(recipe.batch, generator=randomness)]
        share = _shares(recipe.batch, recipe.mixed, randomness)

        def mixed(
            values: Tensor, rows: Tensor = rows, other: Tensor = other, share: Tensor = share
        ) -> Tensor:
            one, two = values[rows].float(), values[other].float()
            by = share if one.dim() == 2 else share[:, 0]
            return one * by + two * (1.0 - by)

        noise = torch.randn(recipe.batch, len(deviation), generator=randomness)
        heard = mixed(points.statistics) + recipe.noise * deviation * noise
        reading = encoder.read(heard.unsqueeze(1))
        predicted = functional.log_softmax(reading.logits[:, 0], dim=1)
        of_emotion = -(mixed(points.emotion) * predicted).sum(dim=1) * _share(
            points.emotion_weight, drawn_by, rows
        )
        error = (reading.valence_arousal[:, 0] - mixed(points.plane)).square().mean(dim=1)
        of_plane = plane_pull * error * _share(points.plane_weight, drawn_by, rows)
        loss = of_emotion + of_plane
        if encoder.to_unfelt is not None and points.unfelt is not None and points.unfelt_weight is not None:
            of_feeling = functional.binary_cross_entropy_with_logits(
                reading.unfelt[:, 0], mixed(points.unfelt), reduction="none"
            )
            loss = loss + UNFELT_PULL * of_feeling * _share(points.unfelt_weight, drawn_by, rows)
        optimiser.zero_grad()
        torch.autograd.backward(loss.mean())
        optimiser.step()
        schedule.step()
    encoder.eval()


def _share(part: Tensor, whole: Tensor, rows: Tensor) -> Tensor:
    return part[rows] / whole[rows].clamp_min(1e-9)


def _shares(count: int, parameter: float, randomness: torch.Generator) -> Tensor:
    """Shares [count, 1], mostly near 0 or 1: a ratio of powers of uniform numbers, Johnk's method unrejected."""
    if parameter <= 0.0:
        return torch.ones(count, 1)
    one, other = (torch.rand(2, count, 1, generator=randomness).clamp_min(1e-6).log() / parameter).unbind()
    return torch.sigmoid(one - other)
