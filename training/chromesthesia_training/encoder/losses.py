"""What the encoder is asked: the category at every step and over the clip, valence and arousal where they are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from chromesthesia_training.encoder.batches import SCORE_FROM_S, STEP_S, Row
from chromesthesia_training.encoder.model import Reading

LABEL_SMOOTHING = 0.1
SEGMENT_WEIGHT = 1.0
PLANE_WEIGHT = 2.0
CONCORDANCE_WEIGHT = 0.3


@dataclass(frozen=True)
class Targets:
    """Targets of a batch as tensors [B, S, ...]; `segment` counts through the batch, -1 where nothing sounds."""

    emotion: Tensor
    emotion_weight: Tensor
    valence_arousal: Tensor
    valence_arousal_weight: Tensor
    labelled: Tensor
    segment: Tensor
    segments: int


def stack_targets(rows: list[Row]) -> Targets:
    """Targets of the rows of one batch."""
    offsets = np.cumsum([0, *(row.segments for row in rows)])
    segment = np.stack(
        [np.where(row.segment >= 0, row.segment + offsets[i], -1) for i, row in enumerate(rows)]
    )
    return Targets(
        emotion=torch.from_numpy(np.stack([row.emotion for row in rows])),
        emotion_weight=torch.from_numpy(np.stack([row.emotion_weight for row in rows])),
        valence_arousal=torch.from_numpy(np.stack([row.valence_arousal for row in rows])),
        valence_arousal_weight=torch.from_numpy(np.stack([row.valence_arousal_weight for row in rows])),
        labelled=torch.from_numpy(np.stack([row.labelled for row in rows])),
        segment=torch.from_numpy(segment),
        segments=int(offsets[-1]),
    )


def encoder_loss(reading: Reading, targets: Targets) -> dict[str, Tensor]:
    """Parts of the loss, each a scalar, already weighted; their sum is minimised."""
    parts = {
        "emotion": _step_emotion_loss(reading.logits, targets),
        "clip": SEGMENT_WEIGHT * _clip_emotion_loss(reading.logits, targets),
        "plane": PLANE_WEIGHT * _plane_loss(reading.valence_arousal, targets),
    }
    if bool(targets.labelled.any()):
        concordance = _concordance_loss(reading.valence_arousal[targets.labelled], targets)
        parts["concordance"] = CONCORDANCE_WEIGHT * concordance
    return parts


def smoothed(targets: Tensor, smoothing: float = LABEL_SMOOTHING) -> Tensor:
    """Probabilities [..., classes] with a little of every class."""
    return (1.0 - smoothing) * targets + smoothing / targets.shape[-1]


def _cross_entropy(logits: Tensor, soft: Tensor) -> Tensor:
    return -(smoothed(soft) * functional.log_softmax(logits, dim=-1)).sum(dim=-1)


def _step_emotion_loss(logits: Tensor, targets: Targets) -> Tensor:
    weight = targets.emotion_weight
    return (_cross_entropy(logits, targets.emotion) * weight).sum() / weight.sum().clamp(min=1.0)


def _clip_emotion_loss(logits: Tensor, targets: Targets) -> Tensor:
    """Cross entropy of the mean logits over the steps of a clip later than `SCORE_FROM_S`: as clips are scored."""
    asked = targets.emotion_weight > 0.0
    place = targets.segment[asked]
    count = torch.zeros(targets.segments).index_add(0, place, torch.ones(len(place)))
    long_enough = count >= SCORE_FROM_S / STEP_S
    divisor = count.clamp(min=1.0)[:, None]

    def mean_of(values: Tensor) -> Tensor:
        return torch.zeros(targets.segments, values.shape[-1]).index_add(0, place, values[asked]) / divisor

    weight = mean_of(targets.emotion_weight.unsqueeze(-1))[:, 0] * long_enough
    loss = _cross_entropy(mean_of(logits), mean_of(targets.emotion))
    return (loss * weight).sum() / weight.sum().clamp(min=1e-3)


def _plane_loss(answer: Tensor, targets: Targets) -> Tensor:
    weight = targets.valence_arousal_weight
    error = (answer - targets.valence_arousal).square().mean(dim=-1)
    return (error * weight).sum() / weight.sum().clamp(min=1.0)


def _concordance_loss(answer: Tensor, targets: Targets) -> Tensor:
    """One minus the concordance correlation (Lin 1989) over the rated steps of the batch, mean of both axes."""
    target = targets.valence_arousal[targets.labelled]
    weight = targets.valence_arousal_weight[targets.labelled].unsqueeze(-1)
    weight = weight / weight.sum().clamp(min=1e-3)
    mean_answer, mean_target = (answer * weight).sum(dim=0), (target * weight).sum(dim=0)
    answer_from_mean, target_from_mean = answer - mean_answer, target - mean_target
    covariance = (weight * answer_from_mean * target_from_mean).sum(dim=0)
    spread = (weight * (answer_from_mean.square() + target_from_mean.square())).sum(dim=0)
    concordance = 2.0 * covariance / (spread + (mean_answer - mean_target).square() + 1e-4)
    return (1.0 - concordance).mean()
