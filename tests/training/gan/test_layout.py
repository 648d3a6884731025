"""The linear layout: it holds the paintings' statistics, goes both ways, and follows the condition."""

from __future__ import annotations

import torch

from chromesthesia_training.data.art import EMOTIONS
from chromesthesia_training.gan.layout import LATENT_SIZE, LayoutPrior, enlarge, fit_axes, small_before_tanh


def paintings(count: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures of 8 x 8 random cells, brighter where valence is high, and their conditions."""
    rng = torch.Generator().manual_seed(seed)
    condition = torch.cat(
        [
            torch.randn(count, 3, generator=rng),
            torch.eye(len(EMOTIONS))[torch.randint(0, len(EMOTIONS), (count,), generator=rng)],
        ],
        1,
    )
    cells = 110 + 25 * torch.randn(count, 3, 8, 8, generator=rng) + 20 * condition[:, :1, None, None]
    images = torch.nn.functional.interpolate(cells, 32).clamp(0, 255).to(torch.uint8)
    return images.permute(0, 2, 3, 1).contiguous(), condition


def test_latents_of_paintings_are_standard_and_free_of_the_condition() -> None:
    images, condition = paintings(600)
    prior = LayoutPrior()
    prior.fit(images, condition)
    seen = torch.cat([images, images.flip(2)]).permute(0, 3, 1, 2).float() / 127.5 - 1
    latents = prior.latent_of(seen, condition.repeat(2, 1))
    torch.testing.assert_close(latents.mean(0), torch.zeros(LATENT_SIZE), atol=0.02, rtol=0)
    covariance = latents.T @ latents / len(latents)
    torch.testing.assert_close(covariance, torch.eye(LATENT_SIZE), atol=0.05, rtol=0)
    assert abs(float(torch.corrcoef(torch.stack([latents[:, 0], condition.repeat(2, 1)[:, 0]]))[0, 1])) < 0.05


def test_layout_and_latent_are_inverse_on_the_kept_axes() -> None:
    images, condition = paintings(400)
    prior = LayoutPrior()
    prior.fit(images, condition)
    latent = 0.5 * torch.randn(5, LATENT_SIZE, generator=torch.Generator().manual_seed(1))
    layout = prior(latent, condition[:5])
    assert layout.shape == (5, 3, 16, 16)
    small = torch.tanh(layout) / 0.97
    torch.testing.assert_close(prior.latent_of(small, condition[:5]), latent, atol=1e-3, rtol=1e-3)


def test_a_higher_valence_asks_for_a_brighter_layout() -> None:
    images, condition = paintings(600)
    prior = LayoutPrior()
    prior.fit(images, condition)
    low, high = condition[:1].clone(), condition[:1].clone()
    low[0, 0], high[0, 0] = -1.5, 1.5
    latent = torch.zeros(1, LATENT_SIZE)
    assert float((prior(latent, high) - prior(latent, low)).mean()) > 0.1


def test_few_paintings_leave_the_spare_axes_empty() -> None:
    fitted = fit_axes(torch.randn(20, 768), torch.randn(20, 11))
    assert fitted.axes.shape == (LATENT_SIZE, 768)
    assert float(fitted.axes[20:].abs().max()) == 0.0
    assert float(fitted.axes[:10].abs().sum(1).min()) > 0.0


def test_enlarging_keeps_an_even_layout_even() -> None:
    layout = torch.full((1, 3, 16, 16), 0.3)
    torch.testing.assert_close(enlarge(layout, 128), torch.full((1, 3, 128, 128), 0.3))
    assert small_before_tanh(torch.ones(1, 3, 64, 64)).isfinite().all()
