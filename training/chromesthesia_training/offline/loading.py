"""Batches of rows for the trainer: drawn by weight, the order of every epoch from (seed, epoch)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

Float64 = NDArray[np.float64]


class Rows(Dataset[tuple[Tensor, ...]]):
    """Tensors of one length, read a whole batch of rows at a time."""

    def __init__(self, *tensors: Tensor) -> None:
        self.tensors = tensors

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __getitem__(self, row: int) -> tuple[Tensor, ...]:
        return tuple(tensor[row] for tensor in self.tensors)

    def __getitems__(self, rows: list[int]) -> tuple[Tensor, ...]:
        chosen = torch.tensor(rows)
        return tuple(tensor[chosen] for tensor in self.tensors)


class WeightedDraw(Sampler[int]):
    """`count` rows with replacement, by weight; the same ones for the same (seed, epoch)."""

    def __init__(self, weights: Float64, count: int, seed: int) -> None:
        self.weights = weights / weights.sum()
        self.count = count
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Called by the trainer before every epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[int]:
        rng = np.random.default_rng([self.seed, self.epoch])
        # One walk over all rows in random order at even weights: systematic sampling, less noise than free draws.
        places = (np.arange(self.count) + rng.random()) / self.count
        drawn = np.searchsorted(np.cumsum(self.weights), places).clip(0, len(self.weights) - 1)
        yield from rng.permutation(drawn).tolist()


def whole(batch: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """The batch as `Rows` gives it."""
    return tuple(batch)


def training_loader(rows: Rows, weights: Float64, batch: int, seed: int) -> DataLoader[tuple[Tensor, ...]]:
    """Whole batches only, so that batch norm never sees a lone row."""
    count = max(1, len(rows) // batch) * batch
    return DataLoader(
        rows, batch, sampler=WeightedDraw(weights, count, seed), collate_fn=whole, drop_last=True
    )


def scoring_loader(rows: Rows, batch: int = 128) -> DataLoader[tuple[Tensor, ...]]:
    """Every row once, in order."""
    return DataLoader(rows, batch, collate_fn=whole)
