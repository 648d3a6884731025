"""Whole clips side by side, in batches of similar length, as the encoder hears them at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from chromesthesia.core.records import ENCODER_HOPS
from chromesthesia.features.mel import ENCODER_MEL

SILENCE = float(np.log(ENCODER_MEL.floor))


@dataclass(frozen=True)
class ClipBatch:
    """Some of a list of clips: `places` in it, how many `steps` each has (one at least), and what is heard.

    log_mel: float32 [B, hops of the longest, mels], silent where a clip has ended.
    """

    places: list[int]
    steps: list[int]
    log_mel: Tensor


def clip_batches(spectra: Sequence[NDArray[np.generic]], size: int) -> Iterator[ClipBatch]:
    """Every clip once, by its log-mel [hops, mels], the shortest first; hops that fill no step are left out."""
    order = sorted(range(len(spectra)), key=lambda place: len(spectra[place]))
    for start in range(0, len(order), size):
        places = order[start : start + size]
        steps = [max(1, len(spectra[place]) // ENCODER_HOPS) for place in places]
        log_mel = np.full((len(places), steps[-1] * ENCODER_HOPS, ENCODER_MEL.mels), SILENCE, np.float32)
        for row, place in enumerate(places):
            heard = spectra[place][: steps[row] * ENCODER_HOPS]
            log_mel[row, : len(heard)] = heard
        yield ClipBatch(places, steps, torch.from_numpy(log_mel))
