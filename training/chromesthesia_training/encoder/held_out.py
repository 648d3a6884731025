"""What an encoder that is being fitted makes of validation voices: as recorded, and with pink noise behind them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.encoder.model import StreamingEncoder
from chromesthesia_training.encoder.room_moments import Moments, Spectra, collect, ends_of_clips
from chromesthesia_training.metrics.scores import macro_f1

SCENES: dict[str, float | None] = {"clean": None, "pink_20_db": 20.0, "pink_10_db": 10.0}
WITHOUT = ("tess",)
FLOOR_SPEAKS_FOR = ("angry", "sad")
Float64 = NDArray[np.float64]


def validation_figures(
    encoder: StreamingEncoder, temperature: float, clips: Sequence[Clip], spectra: Spectra
) -> dict[str, float]:
    """Macro-F1 of named validation voices without TESS in each scene, and `floor_shift`; empty where there are none.

    floor_shift: how far the noise 20 dB below moves the mean probability of angry or sad, whichever moves more.
    """
    voices = [
        clip
        for clip in clips
        if clip.split == "val" and clip.role == "speech" and clip.emotion and clip.corpus not in WITHOUT
    ]
    if not voices:
        return {}
    figures: dict[str, float] = {}
    means: dict[str, Float64] = {}
    for scene, below_db in SCENES.items():
        heard = collect(encoder, ends_of_clips(voices, spectra, below_db=below_db))
        right, said = named_at_ends(encoder, temperature, heard)
        figures[f"val_macro_f1_{scene}"] = macro_f1(right, np.log(said).mean(axis=1).argmax(axis=1).tolist())
        means[scene] = said.mean(axis=(0, 1))
    moved = np.abs(means["pink_20_db"] - means["clean"])
    figures["val_floor_shift"] = float(max(moved[EMOTIONS.index(name)] for name in FLOOR_SPEAKS_FOR))
    return figures


@torch.no_grad()
def named_at_ends(encoder: StreamingEncoder, temperature: float, heard: Moments) -> tuple[list[int], Float64]:
    """Of clips that were asked twice or once at their ends: the right emotion, and what was said [clips, 2, 3]."""
    reading = encoder.eval().read(torch.from_numpy(heard.statistics).float().unsqueeze(1))
    said = mixed_probabilities(reading.logits[:, 0] / temperature, reading.unfelt).clamp_min(1e-9).numpy()
    rows: dict[Clip, list[int]] = {}
    for row, mark in enumerate(heard.marks):
        if mark.clip is not None:
            rows.setdefault(mark.clip, []).append(row)
    right = [EMOTIONS.index(clip.emotion or "") for clip in rows]
    return right, np.array([[said[own[0]], said[own[-1]]] for own in rows.values()], np.float64)


def mixed_probabilities(logits: Tensor, unfelt: Tensor) -> Tensor:
    """Probabilities [N, 3], the more alike the likelier a sound feels nothing; unfelt [N, 1]."""
    probabilities = torch.softmax(logits, dim=-1)
    felt = torch.sigmoid(-unfelt.reshape(-1, 1))
    return felt * probabilities + (1.0 - felt) / logits.shape[-1]
