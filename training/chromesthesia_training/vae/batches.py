"""Lazy data set of both kinds, and batches that hold as many pictures as sounds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from chromesthesia_training.errors import DataError
from chromesthesia_training.vae.material import KINDS, Kind
from chromesthesia_training.vae.tokens import Scale, Tokens

Int64 = NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """Items of one kind, standardised: tokens [B, n, width], CLS [B, width] or None, labels [B, 2]."""

    tokens: Tensor
    cls: Tensor | None
    va: Tensor

    def to(self, device: torch.device) -> Part:
        """The same on a device."""
        cls = None if self.cls is None else self.cls.to(device)
        return Part(self.tokens.to(device), cls, self.va.to(device))


Batch = dict[Kind, Part]


@dataclass(frozen=True)
class Side:
    """One kind of a data set: its tokens, how they are standardised, and which rows belong to it."""

    tokens: Tokens
    scale: Scale
    cls_scale: Scale | None
    rows: Int64

    def part(self, places: Sequence[int] | Int64) -> Part:
        """Items by their place among `rows`, read from disk now."""
        rows = self.rows[np.asarray(places, np.int64)]
        tokens = torch.from_numpy(np.stack([self.tokens.tokens[row] for row in rows]).astype(np.float32))
        cls = None
        if self.tokens.cls is not None and self.cls_scale is not None:
            cls = self.cls_scale.apply(torch.from_numpy(self.tokens.cls[rows].astype(np.float32)))
        va = torch.from_numpy(self.tokens.va[rows].astype(np.float32))
        return Part(self.scale.apply(tokens), cls, va)


class LazyMultiModalDataset(Dataset[Batch]):
    """Pictures first, then sounds, read when they are asked for."""

    def __init__(self, sides: dict[Kind, Side]) -> None:
        self.sides = sides

    def __len__(self) -> int:
        return sum(len(side.rows) for side in self.sides.values())

    def __getitems__(self, indices: list[int]) -> list[Batch]:
        """One batch: the data loader is given it whole."""
        pictures = len(self.sides["image"].rows)
        batch: Batch = {}
        for kind in KINDS:
            mine = [i for i in indices if (i < pictures) == (kind == "image")]
            if mine:
                batch[kind] = self.sides[kind].part([i - (pictures if kind == "sound" else 0) for i in mine])
        return [batch]

    def __getitem__(self, index: int) -> Batch:
        return self.__getitems__([index])[0]


class BalancedBatchSampler(Sampler[list[int]]):
    """`batches` batches an epoch, each of half pictures, half sounds, mixed; a kind that runs out begins anew."""

    def __init__(self, pictures: int, sounds: int, batch: int, batches: int) -> None:
        if batch < 2 or batch % 2:
            raise DataError(f"a batch of {batch} cannot be half pictures, half sounds", "give an even number")
        if min(pictures, sounds) < 1:
            raise DataError(
                f"{pictures} pictures and {sounds} sounds to learn from", "give some of both", "empty"
            )
        self.pictures, self.sounds, self.batch, self.batches = pictures, sounds, batch, batches

    def __len__(self) -> int:
        return self.batches

    def __iter__(self) -> Iterator[list[int]]:
        half = self.batch // 2
        pictures, sounds = _forever(self.pictures), _forever(self.sounds)
        for _ in range(self.batches):
            chosen = [next(pictures) for _ in range(half)]
            chosen += [self.pictures + next(sounds) for _ in range(half)]
            yield [chosen[place] for place in torch.randperm(self.batch).tolist()]


def _forever(count: int) -> Iterator[int]:
    while True:
        yield from torch.randperm(count).tolist()


def first(batches: list[Batch]) -> Batch:
    """The batch that a list of one holds."""
    return batches[0]


def training_loader(sides: dict[Kind, Side], batch: int, batches: int) -> DataLoader[Any]:
    """For `fit`: reproducible by its seed."""
    sampler = BalancedBatchSampler(len(sides["image"].rows), len(sides["sound"].rows), batch, batches)
    return DataLoader(LazyMultiModalDataset(sides), batch_sampler=sampler, collate_fn=first)


def scoring_loader(sides: dict[Kind, Side], batch: int) -> DataLoader[Any]:
    """Every item once, in order, pictures first."""
    return DataLoader(LazyMultiModalDataset(sides), batch_size=batch, collate_fn=first)
