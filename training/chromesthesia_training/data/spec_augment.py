"""SpecAugment (Park et al. 2019) and mixup (Zhang et al. 2018) on batches of log-mel, on the device they lie on."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

DB_TO_NATURAL = 0.2302585092994046
"""Decibels of power to the natural logarithm that the mel is in."""


@dataclass(frozen=True)
class SpecAugment:
    """How much is hidden and changed; all zero leaves a batch as it is.

    time_masks, time_hops: number and greatest length (10 ms hops) of hidden spans; longest_share bounds a span's
    length by that share of the row. frequency_masks, bands: the same along frequency. gain_db: level moved by up to
    this, either way.
    """

    time_masks: int = 2
    time_hops: int = 30
    longest_share: float = 0.15
    frequency_masks: int = 2
    bands: int = 8
    gain_db: float = 6.0


def spec_augment(
    spectra: Tensor,
    generator: torch.Generator,
    settings: SpecAugment = SpecAugment(),
    fill: float | None = None,
) -> Tensor:
    """Hide spans of time and frequency and move the level, each row its own way: float [rows, hops, mels], same shape.

    fill: what hidden places hold; None takes each row's mean. `generator` lies on the device of `spectra`; the same
    state gives the same result. The input is not changed, and a masked place hides whatever it held.
    """
    rows, hops, bands = spectra.shape
    changed = spectra
    if settings.gain_db > 0.0:
        gain_db = (_uniform((rows, 1, 1), spectra, generator) * 2.0 - 1.0) * settings.gain_db
        changed = changed + (gain_db * DB_TO_NATURAL).to(spectra.dtype)
    longest = min(settings.time_hops, int(settings.longest_share * hops))
    hidden = _spans(rows, hops, settings.time_masks, longest, spectra, generator)[:, :, None]
    hidden = hidden | _spans(
        rows, bands, settings.frequency_masks, min(settings.bands, bands - 1), spectra, generator
    ).unsqueeze(1)
    level = changed.mean(dim=(1, 2), keepdim=True) if fill is None else changed.new_full((), fill)
    return torch.where(hidden, level, changed)


def mixup(
    spectra: Tensor, targets: Tensor, generator: torch.Generator, alpha: float = 0.2
) -> tuple[Tensor, Tensor]:
    """Blend each row with another by a share drawn from Beta(alpha, alpha), 0 < alpha <= 1.

    spectra [rows, ...]; targets float [rows, classes] (one-hot or soft), blended alike; both returned in the same
    shapes.
    """
    if not 0.0 < alpha <= 1.0:
        raise ValueError(f"alpha of mixup is {alpha:g}; it lies in (0, 1]")
    rows = len(spectra)
    share = _beta(rows, alpha, spectra, generator)
    other = torch.randperm(rows, generator=generator, device=spectra.device)
    of_spectra = share.to(spectra.dtype).view(rows, *[1] * (spectra.ndim - 1))
    of_targets = share.to(targets.dtype).view(rows, *[1] * (targets.ndim - 1))
    return (
        spectra * of_spectra + spectra[other] * (1.0 - of_spectra),
        targets * of_targets + targets[other] * (1.0 - of_targets),
    )


def _uniform(shape: tuple[int, ...], like: Tensor, generator: torch.Generator) -> Tensor:
    return torch.rand(shape, generator=generator, device=like.device)


def _spans(
    rows: int, length: int, count: int, longest: int, like: Tensor, generator: torch.Generator
) -> Tensor:
    """Where any of `count` spans of 0 to `longest` places lies: bool [rows, length]."""
    place = torch.arange(length, device=like.device)
    width = (_uniform((rows, count, 1), like, generator) * (longest + 1)).floor()
    start = (_uniform((rows, count, 1), like, generator) * (length - width + 1)).floor()
    return ((place >= start) & (place < start + width)).any(dim=1)


def _beta(rows: int, alpha: float, like: Tensor, generator: torch.Generator) -> Tensor:
    """Beta(alpha, alpha) by Jöhnk's method (1964), which takes a generator on any device: float32 [rows]."""
    tries = 32  # each is accepted with probability 1/2 or more
    first, second = (_uniform((rows, tries), like, generator) ** (1.0 / alpha) for _ in range(2))
    total = first + second
    accepted = (total > 0.0) & (total <= 1.0)
    chosen = accepted.int().argmax(dim=1, keepdim=True)
    share = first.gather(1, chosen) / total.gather(1, chosen).clamp_min(1e-12)
    return torch.where(accepted.any(dim=1), share.squeeze(1), torch.full_like(share.squeeze(1), 0.5))
