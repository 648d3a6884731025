"""What a classifier answers over one epoch of validation, and how much of it is right."""

from __future__ import annotations

import torch
from torch import Tensor

from chromesthesia_training.metrics.scores import macro_f1


class EpochAnswers:
    """Classes, batch by batch: int64 [B] wanted and said."""

    def __init__(self) -> None:
        self._targets: list[Tensor] = []
        self._predictions: list[Tensor] = []

    def add(self, targets: Tensor, predictions: Tensor) -> None:
        """One more batch."""
        self._targets.append(targets)
        self._predictions.append(predictions)

    def figures(self) -> dict[str, float]:
        """Macro-F1 and accuracy as a run logs them; the next epoch begins with nothing."""
        targets, predictions = torch.cat(self._targets), torch.cat(self._predictions)
        self._targets.clear()
        self._predictions.clear()
        return {
            "val_macro_f1": macro_f1(targets.tolist(), predictions.tolist()),
            "val_accuracy": float((targets == predictions).float().mean()),
        }
