"""Randomness as a function of place: (seed, what, epoch, ...) gives it, so a resumed run draws the same."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

import numpy as np
import torch


class Draw(IntEnum):
    """What is drawn; each has a stream of its own."""

    ORDER = 1
    ITEM = 2
    STEP = 3
    VALIDATION = 4


def seed_of(seed: int, draw: Draw, *place: int) -> int:
    """A number of 32 bits that is as good as unrelated to that of any other place."""
    return int(np.random.SeedSequence([seed, int(draw), *place]).generate_state(1)[0])


def set_seed(value: int) -> None:
    """Seed the global generators of torch (all devices), numpy and Python."""
    torch.manual_seed(value)
    np.random.seed(value)
    random.seed(value)


@contextmanager
def seeded(value: int) -> Iterator[None]:
    """Seed as `set_seed` within the block, and leave the CPU generators as they were."""
    torch_state, numpy_state, python_state = torch.get_rng_state(), np.random.get_state(), random.getstate()
    set_seed(value)
    try:
        yield
    finally:
        torch.set_rng_state(torch_state)
        np.random.set_state(numpy_state)
        random.setstate(python_state)
