"""Fixed linear readers from frozen features to ratings and emotions, fitted on real paintings.

They add a term to the generator's loss ("read back what was asked") and measure how well it does in
evaluation.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from torch import Tensor

from chromesthesia_training.backbones.squeezenet import FeatureNet
from chromesthesia_training.data.batching import batches

RATING_STRENGTH = 3000.0
EMOTION_STRENGTH = 0.02
EMOTION_STEPS = 60


def pool(maps: dict[str, Tensor]) -> Tensor:
    """Mean and deviation of every channel of every map: (batch, 2 * channels)."""
    return torch.cat(list(pool_each(maps).values()), 1)


def pool_each(maps: dict[str, Tensor]) -> dict[str, Tensor]:
    """Mean and deviation of every channel by map: each (batch, 2 * channels)."""
    pooled = {}
    for name, values in maps.items():
        mean = values.mean((2, 3))
        variance = values.square().mean((2, 3)) - mean.square()
        pooled[name] = torch.cat([mean, (variance.clamp_min(0) + 1e-6).sqrt()], 1)
    return pooled


def pooled_features(net: FeatureNet, images: Tensor, side: int, batch: int = 64) -> Tensor:
    """Pooled features (N, 2 * channels) of `images` (N, 3, h, w) in [-1, 1], seen at `side` pixels."""
    with torch.no_grad():
        return torch.cat([pool(net(resize(part, side))) for part in batches(images, batch)])


def resize(images: Tensor, side: int) -> Tensor:
    """Bilinear resize to `side` x `side`, channels last."""
    if images.shape[2] != side:
        images = F.interpolate(
            images, size=(side, side), mode="bilinear", align_corners=False, antialias=False
        )
    return images.contiguous(memory_format=torch.channels_last)


@dataclass(frozen=True)
class Reader:
    """Linear maps on pooled features: to z-scored ratings at unit deviation, and to emotion logits."""

    rating_weight: Tensor
    rating_bias: Tensor
    emotion_weight: Tensor
    emotion_bias: Tensor

    def to(self, device: torch.device) -> Reader:
        """The same on a device."""
        return Reader(*(getattr(self, field.name).to(device) for field in fields(self)))

    def ratings(self, pooled: Tensor) -> Tensor:
        return torch.addmm(self.rating_bias, pooled, self.rating_weight)

    def emotion_logits(self, pooled: Tensor) -> Tensor:
        return torch.addmm(self.emotion_bias, pooled, self.emotion_weight)


def fit_reader(pooled: Tensor, vad: Tensor, one_hot: Tensor) -> Reader:
    """Ridge to the z-scored ratings (N, 3), and class-balanced softmax regression to the emotions (N, 8)."""
    mean, deviation = pooled.mean(0), pooled.std(0) + 1e-3
    x = (pooled - mean) / deviation
    target_mean = vad.mean(0)
    gram = x.T @ x + RATING_STRENGTH * torch.eye(x.shape[1])
    weight = torch.linalg.solve(gram, x.T @ (vad - target_mean))
    read_deviation = (x @ weight).std(0).clamp_min(1e-3)
    weight, bias = weight / read_deviation, target_mean / read_deviation
    emotion_weight, emotion_bias = _softmax_regression(x, one_hot)
    return Reader(
        weight / deviation[:, None],
        bias - (mean / deviation) @ weight,
        emotion_weight / deviation[:, None],
        emotion_bias - (mean / deviation) @ emotion_weight,
    )


def _softmax_regression(x: Tensor, one_hot: Tensor) -> tuple[Tensor, Tensor]:
    weight = torch.zeros(x.shape[1], one_hot.shape[1], requires_grad=True)
    bias = torch.zeros(one_hot.shape[1], requires_grad=True)
    balance = one_hot @ one_hot.sum(0).clamp_min(1.0).reciprocal()
    balance = balance / balance.sum()
    optimiser = torch.optim.LBFGS([weight, bias], max_iter=EMOTION_STEPS, line_search_fn="strong_wolfe")

    def closure() -> Tensor:
        optimiser.zero_grad()
        log_likelihood = (F.log_softmax(x @ weight + bias, 1) * one_hot).sum(1)
        loss = -(balance * log_likelihood).sum() + EMOTION_STRENGTH * weight.square().sum()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    return weight.detach(), bias.detach()
