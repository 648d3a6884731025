"""Walk through a tensor a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator

from torch import Tensor


def batches(rows: Tensor, size: int) -> Iterator[Tensor]:
    """Consecutive parts of `rows` along the first axis, `size` each, the last one shorter."""
    for first in range(0, len(rows), size):
        yield rows[first : first + size]
