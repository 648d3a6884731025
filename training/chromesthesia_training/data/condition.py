"""What the generator is asked for: the inner 11-d condition, and how the engine's five values become it.

The inner condition is valence, arousal and dominance as z-scores of the training paintings, then a mixture
over the eight emotions of the paintings. The engine knows valence and arousal in [-1, 1] and the
probabilities of angry, happy and sad; the rest of the probability is neutral and spreads evenly over the
eight.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from chromesthesia_training.data.art import EMOTIONS, ArtSet

VAD_SIZE = 3
CONDITION_SIZE = VAD_SIZE + len(EMOTIONS)
ENGINE_CONDITION_SIZE = 5
ENGINE_VAD_GAIN = 2.0
"""Standard deviations of the paintings that valence or arousal 1 asks for."""

ENGINE_MIXTURES: dict[str, dict[str, float]] = {
    "angry": {"anger": 0.5, "disgust": 0.25, "fear": 0.25},
    "happy": {"amusement": 1 / 3, "contentment": 1 / 3, "excitement": 1 / 3},
    "sad": {"sadness": 1.0},
    "neutral": {emotion: 1 / len(EMOTIONS) for emotion in EMOTIONS},
}


def engine_mixture_matrix() -> Tensor:
    """Rows angry, happy, sad, neutral; columns the eight emotions; every row sums to 1. Float32 (4, 8)."""
    return torch.tensor(
        [[mixture.get(emotion, 0.0) for emotion in EMOTIONS] for mixture in ENGINE_MIXTURES.values()]
    )


class Rated(Protocol):
    """Paintings with ratings `vad` (N, 3) in [0, 1]."""

    @property
    def vad(self) -> npt.NDArray[np.float32]: ...


@dataclass(frozen=True)
class ConditionSpace:
    """Scale of the training paintings' ratings; how dominance follows from valence and arousal (z-scores)."""

    mean: tuple[float, float, float]
    deviation: tuple[float, float, float]
    dominance_slopes: tuple[float, float]

    @staticmethod
    def fit(art: Rated) -> ConditionSpace:
        """Measure on `art`; dominance by a ridge (strength 1) on standardised valence and arousal."""
        mean, deviation = art.vad.mean(0), np.maximum(art.vad.std(0), 1e-3)
        z = (art.vad - mean) / deviation
        known = z[:, :2]
        slopes = np.linalg.solve(known.T @ known + np.eye(2), known.T @ z[:, 2])
        return ConditionSpace(
            (float(mean[0]), float(mean[1]), float(mean[2])),
            (float(deviation[0]), float(deviation[1]), float(deviation[2])),
            (float(slopes[0]), float(slopes[1])),
        )

    def to_dict(self) -> dict[str, object]:
        return asdict(self)

    def z_scores(self, vad: np.ndarray) -> Tensor:
        """Ratings in [0, 1], (N, 3), as float32 z-scores."""
        return torch.from_numpy(((vad - np.array(self.mean)) / np.array(self.deviation)).astype(np.float32))


def random_engine_conditions(count: int, rng: torch.Generator) -> Tensor:
    """Engine conditions (count, 5) all over their range: uniform ratings, probabilities sure to unsure."""
    ratings = torch.rand(count, 2, generator=rng) * 2 - 1
    parts = -(torch.rand(count, 4, generator=rng).clamp_min(1e-6).log() ** 2)
    parts = parts / parts.sum(1, keepdim=True)
    return torch.cat([ratings, parts.abs()[:, :3]], 1)


class EngineCondition(nn.Module):
    """Translate (batch, 5) = valence, arousal, p_angry, p_happy, p_sad into the inner (batch, 11) condition.

    All constants; dominance follows its ridge. Probabilities are clipped to 0..1 and scaled down where they
    sum over 1.
    """

    def __init__(self, space: ConditionSpace) -> None:
        super().__init__()
        slopes = torch.tensor(space.dominance_slopes)
        self.register_buffer("to_vad", ENGINE_VAD_GAIN * torch.cat([torch.eye(2), slopes[:, None]], 1))
        self.register_buffer("mixtures", engine_mixture_matrix())

    def forward(self, condition: Tensor) -> Tensor:
        valence_arousal = condition[:, :2].clamp(-1.0, 1.0)
        known = condition[:, 2:].clamp(0.0, 1.0)
        known = known / known.sum(1, keepdim=True).clamp_min(1.0)
        neutral = 1.0 - known.sum(1, keepdim=True)
        mixture = torch.cat([known, neutral], 1) @ self.get_buffer("mixtures")
        return torch.cat([valence_arousal @ self.get_buffer("to_vad"), mixture], 1)


@dataclass(frozen=True)
class ConditionSampler:
    """Draws paintings with weights count^-0.5 of their emotion, and conditions for the pictures to be made.

    `vad` is z-scores (N, 3), `one_hot` (N, 8), `weights` (N,), all float32.
    """

    vad: Tensor
    one_hot: Tensor
    weights: Tensor
    jitter: float
    mixed_share: float

    @staticmethod
    def over(art: ArtSet, space: ConditionSpace, jitter: float, mixed_share: float) -> ConditionSampler:
        emotions = torch.from_numpy(art.emotions)
        one_hot = nn.functional.one_hot(emotions, len(EMOTIONS)).float()
        counts = one_hot.sum(0).clamp_min(1.0)
        return ConditionSampler(
            space.z_scores(art.vad), one_hot, counts.rsqrt()[emotions], jitter, mixed_share
        )

    def paintings(self, count: int, rng: torch.Generator) -> Tensor:
        """Row numbers (count,) of paintings, drawn with replacement."""
        return torch.multinomial(self.weights, count, replacement=True, generator=rng)

    def of_paintings(self, rows: Tensor, rng: torch.Generator) -> Tensor:
        """Conditions (count, 11) of given paintings, ratings jittered."""
        noise = self.jitter * torch.randn(len(rows), VAD_SIZE, generator=rng)
        return torch.cat([self.vad[rows] + noise, self.one_hot[rows]], 1)

    def asked(self, count: int, rng: torch.Generator) -> Tensor:
        """Conditions (count, 11) to paint: those of paintings, a share of them mixed as the engine will.

        Of the mixed, half blend two paintings' conditions and half take an engine mixture of angry, happy,
        sad and neutral with one painting's ratings.
        """
        first = self.of_paintings(self.paintings(count, rng), rng)
        second = self.of_paintings(self.paintings(count, rng), rng)
        share = torch.rand(count, 1, generator=rng)
        blended = first.lerp(second, share)
        parts = -(torch.rand(count, len(ENGINE_MIXTURES), generator=rng).clamp_min(1e-6).log() ** 2)
        parts = parts / parts.sum(1, keepdim=True)
        engine = torch.cat([first[:, :VAD_SIZE], parts @ engine_mixture_matrix()], 1)
        kind = torch.rand(count, 1, generator=rng)
        mixed = torch.where(kind < self.mixed_share / 2, blended, engine)
        return torch.where(kind < self.mixed_share, mixed, first)
