"""The condition: scale, translation of the engine's five values, and what is drawn to be painted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from chromesthesia_training.corpora.paintings import load_art
from chromesthesia_training.data.art import EMOTIONS
from chromesthesia_training.data.condition import (
    ENGINE_VAD_GAIN,
    ConditionSampler,
    ConditionSpace,
    EngineCondition,
    engine_mixture_matrix,
)

SPACE = ConditionSpace((0.5, 0.5, 0.5), (0.2, 0.1, 0.1), (0.1, 0.6))


def translated(*values: float) -> dict[str, float]:
    (row,) = EngineCondition(SPACE)(torch.tensor([values])).tolist()
    return dict(zip(("valence", "arousal", "dominance", *EMOTIONS), row, strict=True))


def test_ratings_span_their_gain_and_dominance_follows() -> None:
    asked = translated(1.0, -0.5, 0.0, 0.0, 0.0)
    assert asked["valence"] == pytest.approx(ENGINE_VAD_GAIN)
    assert asked["arousal"] == pytest.approx(-ENGINE_VAD_GAIN / 2)
    assert asked["dominance"] == pytest.approx(ENGINE_VAD_GAIN * (0.1 * 1.0 + 0.6 * -0.5))


def test_neutral_spreads_evenly() -> None:
    asked = translated(0.0, 0.0, 0.0, 0.0, 0.0)
    assert [asked[emotion] for emotion in EMOTIONS] == pytest.approx([1 / 8] * 8)


def test_each_of_the_three_takes_its_emotions() -> None:
    angry = translated(0.0, 0.0, 1.0, 0.0, 0.0)
    assert (angry["anger"], angry["disgust"], angry["fear"]) == pytest.approx((0.5, 0.25, 0.25))
    happy = translated(0.0, 0.0, 0.0, 1.0, 0.0)
    assert happy["amusement"] == happy["contentment"] == happy["excitement"] == pytest.approx(1 / 3)
    assert translated(0.0, 0.0, 0.0, 0.0, 1.0)["sadness"] == pytest.approx(1.0)


@pytest.mark.parametrize("values", [(0, 0, 0.2, 0.3, 0.1), (5, -5, 1, 1, 1), (0, 0, -1, 2, 0)])
def test_mixture_is_always_one_and_ratings_bounded(values: tuple[float, ...]) -> None:
    asked = translated(*values)
    mixture = [asked[emotion] for emotion in EMOTIONS]
    assert sum(mixture) == pytest.approx(1.0, abs=1e-6)
    assert min(mixture) >= 0
    assert abs(asked["valence"]) <= ENGINE_VAD_GAIN


def test_mixture_rows_are_distributions() -> None:
    torch.testing.assert_close(engine_mixture_matrix().sum(1), torch.ones(4))


def test_space_measures_the_paintings(art_dir: Path) -> None:
    art = load_art(art_dir, side=8)
    space = ConditionSpace.fit(art)
    z = space.z_scores(art.vad)
    torch.testing.assert_close(z.mean(0), torch.zeros(3), atol=1e-5, rtol=0)
    torch.testing.assert_close(z.std(0, correction=0), torch.ones(3), atol=1e-4, rtol=0)


def test_rare_emotions_are_drawn_more_than_their_share() -> None:
    emotions = np.array([0] * 90 + [1] * 10)
    one_hot = torch.eye(len(EMOTIONS))[torch.from_numpy(emotions)]
    counts = one_hot.sum(0).clamp_min(1)
    sampler = ConditionSampler(
        torch.zeros(100, 3), one_hot, counts.rsqrt()[torch.from_numpy(emotions)], 0.0, 0.0
    )
    drawn = sampler.paintings(4000, torch.Generator().manual_seed(0))
    share = float((drawn >= 90).float().mean())
    assert share == pytest.approx(0.25, abs=0.03)  # sqrt(10) / (sqrt(10) + sqrt(90))


def test_asked_conditions_mix_the_share_they_should(art_dir: Path) -> None:
    art = load_art(art_dir, side=8)
    sampler = ConditionSampler.over(art, ConditionSpace.fit(art), 0.15, 0.4)
    asked = sampler.asked(2000, torch.Generator().manual_seed(0))
    mixture = asked[:, 3:]
    torch.testing.assert_close(mixture.sum(1), torch.ones(2000), atol=1e-5, rtol=0)
    assert float(mixture.min()) >= 0
    pure = float((mixture.amax(1) > 0.9999).float().mean())
    assert 0.55 < pure < 0.68  # 60 % plain, and blends of two paintings of one emotion
