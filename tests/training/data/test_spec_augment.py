"""SpecAugment and mixup: what they hide, how much, and that a generator decides all of it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from chromesthesia_training.data.spec_augment import SpecAugment, mixup, spec_augment

NOTHING = SpecAugment(time_masks=0, frequency_masks=0, gain_db=0.0)


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def spectra() -> Tensor:
    return torch.randn(64, 100, 64, generator=seeded(9)) + 5.0


def test_the_generator_decides_and_the_input_stays(spectra: Tensor) -> None:
    before = spectra.clone()
    first, again, other = (spec_augment(spectra, seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert torch.equal(spectra, before)
    assert (first.shape, first.dtype) == (spectra.shape, spectra.dtype)


def test_all_zero_settings_change_nothing(spectra: Tensor) -> None:
    assert torch.equal(spec_augment(spectra, seeded(), NOTHING), spectra)


def test_time_masks_hide_whole_hops_of_bounded_length(spectra: Tensor) -> None:
    settings = SpecAugment(time_masks=1, time_hops=10, longest_share=1.0, frequency_masks=0, gain_db=0.0)
    hidden = spec_augment(spectra, seeded(), settings, fill=-99.0) == -99.0
    assert torch.equal(hidden.all(dim=2), hidden.any(dim=2))
    widths = hidden.any(dim=2).sum(dim=1)
    assert widths.max() == 10
    assert widths.min() == 0


def test_frequency_masks_hide_whole_bands_of_bounded_width(spectra: Tensor) -> None:
    settings = SpecAugment(time_masks=0, frequency_masks=1, bands=6, gain_db=0.0)
    hidden = spec_augment(spectra, seeded(), settings, fill=-99.0) == -99.0
    assert torch.equal(hidden.all(dim=1), hidden.any(dim=1))
    assert hidden.any(dim=1).sum(dim=1).max() == 6
    assert hidden.any(dim=1).any(dim=0).sum() > 50


def test_a_span_in_time_is_bounded_by_its_share_of_the_row(spectra: Tensor) -> None:
    settings = SpecAugment(time_masks=1, time_hops=90, longest_share=0.05, frequency_masks=0, gain_db=0.0)
    hidden = spec_augment(spectra, seeded(), settings, fill=-99.0) == -99.0
    assert hidden.any(dim=2).sum(dim=1).max() == 5


def test_hidden_places_take_the_rows_mean(spectra: Tensor) -> None:
    settings = SpecAugment(gain_db=0.0)
    hidden = spec_augment(spectra, seeded(), settings, fill=-99.0) == -99.0
    filled = spec_augment(spectra, seeded(), settings)
    assert torch.equal(filled[~hidden], spectra[~hidden])
    means = spectra.mean(dim=(1, 2), keepdim=True).expand_as(spectra)
    assert torch.equal(filled[hidden], means[hidden])


def test_gain_moves_each_row_as_a_whole_within_its_bound(spectra: Tensor) -> None:
    moved = (
        spec_augment(spectra, seeded(), SpecAugment(time_masks=0, frequency_masks=0, gain_db=6.0)) - spectra
    )
    in_db = moved.mean(dim=(1, 2)) * 10.0 / np.log(10.0)
    assert moved.std(dim=(1, 2)).max() < 1e-5
    assert 4.0 < in_db.abs().max() <= 6.0
    assert (in_db > 0).any()
    assert (in_db < 0).any()


def test_half_precision_stays_half(spectra: Tensor) -> None:
    assert spec_augment(spectra.half(), seeded()).dtype == torch.float16
    assert spec_augment(spectra.bfloat16(), seeded()).dtype == torch.bfloat16


def test_mixup_blends_rows_and_targets_by_the_same_share() -> None:
    rows = 32
    spectra, targets = torch.eye(rows)[:, :, None].expand(rows, rows, 4), torch.eye(rows)
    mixed, soft = mixup(spectra, targets, seeded(), alpha=1.0)
    torch.testing.assert_close(mixed[:, :, 0], soft)
    torch.testing.assert_close(soft.sum(dim=1), torch.ones(rows))
    assert ((soft > 0.0).sum(dim=1) == 2).sum() > rows // 2


@pytest.mark.parametrize("alpha", [0.2, 0.5, 1.0])
def test_the_share_follows_the_beta_distribution(alpha: float) -> None:
    rows = 20_000
    ones_then_zeros = (torch.arange(rows) % 2).float()
    _, soft = mixup(
        torch.zeros(rows, 1), torch.stack([ones_then_zeros, 1 - ones_then_zeros], 1), seeded(), alpha
    )
    # of pairs of unlike rows (half of them) the blend is the share itself
    blended = soft[(soft > 0.0).all(dim=1), 0].double()
    assert blended.mean() == pytest.approx(0.5, abs=0.02)
    assert blended.var() == pytest.approx(0.25 / (2.0 * alpha + 1.0), rel=0.1)


@pytest.mark.parametrize("alpha", [0.0, -1.0, 1.5])
def test_mixup_refuses_an_alpha_it_cannot_draw(alpha: float) -> None:
    with pytest.raises(ValueError, match="alpha"):
        mixup(torch.zeros(2, 3), torch.eye(2), seeded(), alpha)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU")
def test_it_runs_where_the_batch_lies(spectra: Tensor) -> None:
    on_gpu = spec_augment(spectra.cuda(), torch.Generator("cuda").manual_seed(0))
    assert on_gpu.device.type == "cuda"
