"""The contrastive losses against values worked out by hand, and against each other."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from chromesthesia_training.align.losses import (
    cross_modal_multi_positive,
    info_nce,
    info_nce_floor,
    multi_positive,
)


def unit(count: int, size: int, seed: int) -> Tensor:
    return F.normalize(torch.randn(count, size, generator=torch.Generator().manual_seed(seed)), dim=1)


def test_info_nce_of_two_orthogonal_pairs() -> None:
    # Similarities are the identity: each row says e^(1/t) against e^0.
    pairs = torch.eye(2)
    expected = math.log(1.0 + math.exp(-1.0 / 0.5))
    assert float(info_nce(pairs, pairs, 0.5)) == pytest.approx(expected, rel=1e-6)


def test_info_nce_counts_both_directions() -> None:
    sound = torch.tensor([[1.0, 0.0], [1.0, 0.0]])
    picture = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    # Rows: (1, 0) and (1, 0). Sound to picture: -log(e / (e + 1)) and -log(1 / (e + 1)); back: ln 2 twice.
    e = math.e
    there = (-math.log(e / (e + 1)) - math.log(1 / (e + 1))) / 2
    assert float(info_nce(sound, picture, 1.0)) == pytest.approx((there + math.log(2)) / 2, rel=1e-6)


def test_multi_positive_by_hand() -> None:
    anchors = torch.tensor([[1.0, 0.0]])
    candidates = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])
    # Similarities 1, 0, -1; the first two are positives: the mean of two cross entropies.
    total = math.log(math.e + 1 + 1 / math.e)
    loss = multi_positive(anchors, candidates, torch.tensor([0]), torch.tensor([0, 0, 1]), 1.0)
    assert float(loss) == pytest.approx(((total - 1) + total) / 2, rel=1e-6)


@pytest.mark.parametrize("temperature", [0.07, 0.5, 2.0])
def test_multi_positive_with_one_positive_is_info_nce(temperature: float) -> None:
    sound, picture, own = unit(7, 5, 1), unit(7, 5, 2), torch.arange(7)
    torch.testing.assert_close(
        cross_modal_multi_positive(sound, picture, own, own, temperature),
        info_nce(sound, picture, temperature),
    )


def test_multi_positive_does_not_count_anchors_without_a_positive() -> None:
    anchors, candidates = unit(3, 4, 3), unit(5, 4, 4)
    candidate_labels = torch.tensor([0, 1, 1, 0, 1])
    alone = multi_positive(anchors[:2], candidates, torch.tensor([0, 1]), candidate_labels, 0.3)
    beside = multi_positive(anchors, candidates, torch.tensor([0, 1, 2]), candidate_labels, 0.3)
    torch.testing.assert_close(beside, alone)
    nothing = multi_positive(anchors, candidates, torch.tensor([7, 8, 9]), candidate_labels, 0.3)
    assert float(nothing) == 0.0


def test_no_class_level_space_beats_the_floor() -> None:
    """Perfect clusters sit at ln(B / 3) as the temperature falls, and nothing that sees only the class gets below."""
    labels = torch.arange(3).repeat_interleave(4)
    clusters = torch.eye(3)[labels]
    floor = info_nce_floor(12, 3)
    assert floor == pytest.approx(math.log(4))
    assert float(info_nce(clusters, clusters, 0.05)) == pytest.approx(floor, abs=1e-6)
    for seed in range(5):
        by_class = unit(3, 6, seed)[labels]
        assert float(info_nce(by_class, unit(3, 6, seed + 50)[labels], 0.2)) > floor
