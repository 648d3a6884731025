"""Contrastive losses between the two modalities: one positive a row, or every row of the same emotion."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def info_nce(sound: Tensor, picture: Tensor, temperature: float) -> Tensor:
    """Symmetric InfoNCE (van den Oord et al. 2018, in both directions as in Radford et al. 2021).

    sound, picture: unit vectors (B, d); row i of one belongs to row i of the other. With pairs drawn by class alone the
    others of the class are counted as wrong: see `info_nce_floor`.
    """
    similarity = sound @ picture.T / temperature
    own = torch.arange(len(sound), device=sound.device)
    return (F.cross_entropy(similarity, own) + F.cross_entropy(similarity.T, own)) / 2.0


def info_nce_floor(batch: int, classes: int) -> float:
    """Least InfoNCE that class-level pairs of a balanced batch allow: ln(batch / classes).

    Nothing tells the rows of one class apart, so at best each of the batch / classes of them is equally likely.
    """
    return math.log(batch / classes)


def multi_positive(
    anchors: Tensor, candidates: Tensor, anchor_labels: Tensor, candidate_labels: Tensor, temperature: float
) -> Tensor:
    """Supervised contrastive loss, positives outside the log (L_out of Khosla et al. 2020), one direction.

    anchors (A, d), candidates (C, d): unit vectors; every candidate of an anchor's label is a positive of it. An anchor
    without any does not count. With one positive each it is one direction of InfoNCE.
    """
    similarity = anchors @ candidates.T / temperature
    log_likelihood = similarity - similarity.logsumexp(dim=1, keepdim=True)
    positive = (anchor_labels[:, None] == candidate_labels[None, :]).to(similarity.dtype)
    count = positive.sum(1)
    per_anchor = -(log_likelihood * positive).sum(1) / count.clamp(min=1.0)
    return per_anchor.sum() / (count > 0).sum().clamp(min=1)


def cross_modal_multi_positive(
    sound: Tensor, picture: Tensor, sound_labels: Tensor, picture_labels: Tensor, temperature: float
) -> Tensor:
    """`multi_positive` from sound to picture and back, averaged."""
    there = multi_positive(sound, picture, sound_labels, picture_labels, temperature)
    back = multi_positive(picture, sound, picture_labels, sound_labels, temperature)
    return (there + back) / 2.0
