"""Steering: what is asked for takes the place of chance, and only along the directions that sway the ratings."""

from __future__ import annotations

import pytest
import torch

from chromesthesia_training.data.condition import CONDITION_SIZE, VAD_SIZE
from chromesthesia_training.gan.layout import LATENT_SIZE
from chromesthesia_training.gan.model import Generator
from chromesthesia_training.gan.steering import Steering


def normal(count: int, size: int, seed: int) -> torch.Tensor:
    return torch.randn(count, size, generator=torch.Generator().manual_seed(seed))


def settled(share: float = 0.6) -> tuple[Steering, torch.Tensor]:
    slopes = 0.4 * normal(LATENT_SIZE, VAD_SIZE, 1) / LATENT_SIZE**0.5
    steering = Steering()
    steering.slopes.copy_(slopes)
    steering.settle(share)
    return steering, slopes


def condition(count: int, seed: int) -> torch.Tensor:
    return torch.cat([normal(count, VAD_SIZE, seed), torch.zeros(count, CONDITION_SIZE - VAD_SIZE)], 1)


def test_does_nothing_before_it_has_seen_anything() -> None:
    latent = normal(5, LATENT_SIZE, 2)
    steering = Steering()
    assert torch.equal(steering(latent, condition(5, 3)), latent)
    steering.settle()
    assert torch.equal(steering(latent, condition(5, 3)), latent)


def test_follows_the_slopes_of_a_linear_reader() -> None:
    slopes = 0.3 * normal(LATENT_SIZE, VAD_SIZE, 4)
    steering = Steering()
    for step in range(300):
        latent = normal(64, LATENT_SIZE, 100 + step)
        steering.follow(latent, latent @ slopes + 2.0, step)
    assert (steering.slopes - slopes).norm() / slopes.norm() < 0.15


@pytest.mark.parametrize("share", [0.0, 0.6, 1.0])
def test_what_is_asked_shows_in_the_ratings_by_its_share(share: float) -> None:
    steering, slopes = settled(share)
    latent, asked = normal(20_000, LATENT_SIZE, 5), condition(20_000, 6)
    swayed = steering(latent, asked) @ slopes
    for column in range(VAD_SIZE):
        pair = torch.stack([asked[:, column], swayed[:, column]])
        assert float(torch.corrcoef(pair)[0, 1]) == pytest.approx(share, abs=0.03)
        assert float(swayed[:, column].std() / (latent @ slopes)[:, column].std()) == pytest.approx(
            1, abs=0.03
        )


def test_other_directions_keep_their_chance() -> None:
    steering, slopes = settled()
    basis, _ = torch.linalg.qr(slopes)
    latent = normal(10, LATENT_SIZE, 7)
    steered = steering(latent, condition(10, 8))
    assert torch.allclose(steered - steered @ basis @ basis.T, latent - latent @ basis @ basis.T, atol=1e-5)


def test_a_rating_that_is_not_read_steers_nothing() -> None:
    steering = Steering()
    steering.slopes[:, 0] = 0.4 * normal(LATENT_SIZE, 1, 9)[:, 0] / LATENT_SIZE**0.5
    steering.settle()
    assert bool(steering.asked[0].any())
    assert not bool(steering.asked[1:].any())


def test_the_generator_is_steered_when_painting_and_not_when_training() -> None:
    torch.manual_seed(0)
    generator = Generator((16, 16, 16)).eval()
    latent, asked = normal(2, LATENT_SIZE, 10), condition(2, 11)
    plain = generator(latent, asked)
    generator.steering.slopes.copy_(normal(LATENT_SIZE, VAD_SIZE, 12))
    generator.steering.settle()
    assert not torch.allclose(generator(latent, asked), plain)
    assert torch.allclose(torch.tanh(generator.before_tanh(latent, asked)), plain)
