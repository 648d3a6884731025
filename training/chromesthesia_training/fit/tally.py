"""What a module logs while it trains, as means over the batches of an epoch that survive an interruption."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor


class Tally:
    """Sums and counts of logged values. Tensors stay on their device until they are asked for."""

    def __init__(self) -> None:
        self._sums: dict[str, Tensor] = {}
        self._counts: dict[str, int] = {}
        self._latest: dict[str, Tensor] = {}

    def note(self, name: str, value: Any) -> None:
        """Add a number or a tensor of one element; anything else (a metric object) is left to Lightning."""
        if isinstance(value, bool | int | float):
            value = torch.tensor(float(value))
        if not isinstance(value, Tensor) or value.numel() != 1:
            return
        number = (
            value.detach().double().reshape(()) if value.device.type != "mps" else value.detach().reshape(())
        )
        self._sums[name] = self._sums[name] + number if name in self._sums else number.clone()
        self._counts[name] = self._counts.get(name, 0) + 1
        self._latest[name] = number

    def not_finite(self) -> dict[str, float]:
        """What was noted since the last call and is no number."""
        found = {name: float(value) for name, value in self._latest.items()}
        self._latest.clear()
        return {name: value for name, value in found.items() if not math.isfinite(value)}

    def means(self) -> dict[str, float]:
        """Mean of everything noted since `clear`."""
        return {name: float(total) / self._counts[name] for name, total in self._sums.items()}

    def clear(self) -> None:
        """Begin an epoch."""
        self._sums.clear()
        self._counts.clear()

    def state(self) -> dict[str, Any]:
        """Plain values for a checkpoint."""
        return {name: [float(total), self._counts[name]] for name, total in self._sums.items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from `state`."""
        self._sums = {name: torch.tensor(total, dtype=torch.float64) for name, (total, _) in state.items()}
        self._counts = {name: count for name, (_, count) in state.items()}
