"""How large a network is."""

from __future__ import annotations

import math

from torch import nn


def parameter_count(model: nn.Module) -> int:
    """Number of trained values."""
    return sum(math.prod(parameter.shape) for parameter in model.parameters())
