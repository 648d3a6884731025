"""The running average of weights: of a whole module on Lightning's callback, or of one network within a module."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor, nn


def warmed(decay: float, updates: int) -> float:
    """Share of the average that the n-th update keeps: early weights do not linger (as in TensorFlow's average)."""
    return min(decay, (1 + updates) / (10 + updates))


@torch.no_grad()
def follow(average: nn.Module, current: nn.Module, share: float, buffers: bool = True) -> None:
    """Move `average` towards `current` by `share`, 0 to 1, in place: parameters, and with `buffers` what floats there.

    Counters, and all buffers otherwise, are copied.
    """
    torch._foreach_lerp_(list(average.parameters()), list(current.parameters()), share)
    for kept, latest in zip(average.buffers(), current.buffers(), strict=True):
        if buffers and kept.is_floating_point():
            kept.lerp_(latest, share)
        else:
            kept.copy_(latest)


class WarmedAverage(WeightAveraging):
    """Exponential average of parameters and buffers after every training batch, `warmed`; counters are copied."""

    def __init__(self, decay: float) -> None:
        def step(averaged: Sequence[Tensor], current: Sequence[Tensor], updates: Tensor | int) -> None:
            if averaged[0].is_floating_point():
                torch._foreach_lerp_(list(averaged), list(current), 1 - warmed(decay, int(updates)))
            else:
                for old, new in zip(averaged, current, strict=True):
                    old.copy_(new)

        super().__init__(multi_avg_fn=step)

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        # Counted in batches: a module that optimises by hand may step no or several optimisers on one.
        assert self._average_model is not None
        self._average_model.update_parameters(pl_module)
