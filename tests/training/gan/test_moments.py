"""The pull of the pictures' features to the paintings' mean and covariance."""

from __future__ import annotations

import torch

from chromesthesia_training.gan.moments import AXES, RunningMoments, fit_feature_axes

CHANNELS = 20


def features(count: int, seed: int) -> torch.Tensor:
    mixing = torch.randn(CHANNELS, CHANNELS, generator=torch.Generator().manual_seed(0))
    return torch.randn(count, CHANNELS, generator=torch.Generator().manual_seed(seed)) @ mixing + 3.0


def test_paintings_have_mean_zero_and_deviation_one_on_their_axes() -> None:
    pooled = features(4_000, 1)
    axes = fit_feature_axes(pooled)
    places = (pooled - axes.mean) @ axes.weight
    assert places.shape == (4_000, min(AXES, CHANNELS))
    assert torch.allclose(places.mean(0), torch.zeros(CHANNELS), atol=1e-3)
    assert torch.allclose(places.T @ places / 3_999, torch.eye(CHANNELS), atol=1e-2)


def test_a_still_channel_makes_no_axis() -> None:
    pooled = torch.cat([features(500, 2), torch.full((500, 1), 7.0)], 1)
    assert fit_feature_axes(pooled).weight.shape == (CHANNELS + 1, CHANNELS)


def test_following_the_pull_brings_mean_and_covariance_together() -> None:
    axes = fit_feature_axes(features(4_000, 3))
    moments = RunningMoments({"map": axes})
    shift = torch.full((CHANNELS,), 1.5, requires_grad=True)
    scale = torch.full((CHANNELS,), 0.5, requires_grad=True)
    optimiser = torch.optim.Adam([shift, scale], 0.02)

    def apart() -> tuple[float, float]:
        made = (features(4_000, 4) - 3.0) * scale + 3.0 + shift
        places, wanted = axes(made), axes(features(4_000, 5))
        second = places.T @ places / len(places) - wanted.T @ wanted / len(wanted)
        first = places.mean(0) - wanted.mean(0)
        return float(first.detach().square().sum()), float(second.detach().square().sum())

    before = apart()
    for step in range(400):
        made = (features(64, 1_000 + step) - 3.0) * scale + 3.0 + shift
        to_centre, to_spread = moments.pulls({"map": made}, {"map": features(64, 5_000 + step)})
        optimiser.zero_grad()
        (60 * to_centre + 15 * to_spread).backward()
        optimiser.step()
    after = apart()
    assert after[0] < 0.1 * before[0]
    assert after[1] < 0.2 * before[1]


def test_a_checkpoint_brings_the_running_differences_back() -> None:
    axes = {"map": fit_feature_axes(features(200, 6))}
    one, other = RunningMoments(axes), RunningMoments(axes)
    one.pulls({"map": features(16, 7)}, {"map": features(16, 8)})
    other.put(one.content())
    pair = ({"map": features(16, 9)}, {"map": features(16, 10)})
    assert [float(value) for value in one.pulls(*pair)] == [float(value) for value in other.pulls(*pair)]
    assert one.off() == other.off()
