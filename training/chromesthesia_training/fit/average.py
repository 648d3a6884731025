"""The running average of weights, on Lightning's callback: validated, saved as best, and left in the module."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from lightning.pytorch.callbacks import WeightAveraging
from torch import Tensor


class WarmedAverage(WeightAveraging):
    """Exponential average of parameters and buffers after every training batch.

    The n-th update keeps min(decay, (1 + n) / (10 + n)) of the average, so that early weights do not linger
    (as in TensorFlow's ExponentialMovingAverage). Counters and frozen values are copied.
    """

    def __init__(self, decay: float) -> None:
        def follow(averaged: Sequence[Tensor], current: Sequence[Tensor], updates: Tensor | int) -> None:
            kept = min(decay, (1 + int(updates)) / (10 + int(updates)))
            if averaged[0].is_floating_point():
                torch._foreach_lerp_(list(averaged), list(current), 1 - kept)
            else:
                for old, new in zip(averaged, current, strict=True):
                    old.copy_(new)

        super().__init__(multi_avg_fn=follow)

    def on_train_batch_end(
        self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        # Counted in batches: a module that optimises by hand may step no or several optimisers on one.
        assert self._average_model is not None
        self._average_model.update_parameters(pl_module)
