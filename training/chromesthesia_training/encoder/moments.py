"""The read-out's first fit on kept moments: of clips where they end, and of training rows."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia_training.data.cache import Float16
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.encoder.batches import RowMaker
from chromesthesia_training.encoder.losses import PLANE_WEIGHT, smoothed, stack_targets
from chromesthesia_training.encoder.model import StreamingEncoder
from chromesthesia_training.encoder.read_out import Points, ReadOutRecipe, fit_read_out
from chromesthesia_training.encoder.settings import EncoderSettings
from chromesthesia_training.encoder.whole_clips import clip_batches

logger = logging.getLogger(__name__)

MOMENT_EVERY = 5
"""Steps between the kept moments of a row: neighbours say nearly the same."""
ROWS_COUNT = 0.15
"""Weight of a moment of a row beside that of a clip."""


def fit_on_kept_moments(
    encoder: StreamingEncoder,
    settings: EncoderSettings,
    maker: RowMaker,
    clips: Sequence[Clip],
    spectra: Mapping[Path, Float16],
) -> None:
    """Fit the read-out of an encoder on statistics of named clips where they end, and of training rows.

    Clips as they are teach voices best; rows, with their rooms, noise, music and changes of speaker, all else.
    """
    kept = clip_moments(encoder, clips, spectra)
    for number in range(settings.read_out_batches):
        rows = maker.rows(settings.rows, np.random.default_rng([settings.seed, 2, number]))
        targets = stack_targets(rows)
        with torch.no_grad():
            statistics, _ = encoder.statistics(torch.from_numpy(np.stack([row.mel for row in rows])))
        asked = targets.emotion_weight + targets.valence_arousal_weight > 0.0
        asked[:, torch.arange(asked.shape[1]) % MOMENT_EVERY > 0] = False
        kept.append(
            tuple(
                values[asked]
                for values in (
                    statistics,
                    smoothed(targets.emotion),
                    ROWS_COUNT * targets.emotion_weight,
                    targets.valence_arousal,
                    ROWS_COUNT * targets.valence_arousal_weight,
                )
            )
        )
    points = Points(*(torch.cat(values) for values in zip(*kept, strict=True)))
    logger.info("fitting the read-out on %d moments", len(points.statistics))
    fit_read_out(encoder, points, ReadOutRecipe(settings.read_out_steps), PLANE_WEIGHT, settings.seed)


@torch.no_grad()
def clip_moments(
    model: StreamingEncoder, clips: Sequence[Clip], spectra: Mapping[Path, Float16], batch: int = 32
) -> list[tuple[Tensor, ...]]:
    """Statistics of every clip with a named emotion where it ends, as parts of `Points`."""
    named = [clip for clip in clips if clip.emotion is not None]
    counts = Counter((clip.corpus, clip.emotion) for clip in named)
    kept: list[tuple[Tensor, ...]] = []
    for part in clip_batches([spectra[clip.path] for clip in named], batch):
        chosen = [named[place] for place in part.places]
        statistics, _ = model.statistics(part.log_mel)
        emotion = torch.eye(len(EMOTIONS))[[EMOTIONS.index(clip.emotion or "") for clip in chosen]]
        weight = torch.tensor([counts[clip.corpus, clip.emotion] ** -0.4 for clip in chosen])
        nothing = torch.zeros(len(chosen))
        kept.append(
            (
                statistics[torch.arange(len(chosen)), torch.tensor(part.steps) - 1],
                smoothed(emotion),
                weight,
                nothing[:, None].expand(-1, 2),
                nothing,
            )
        )
    mean = torch.cat([part[2] for part in kept]).mean()
    return [(part[0], part[1], part[2] / mean, *part[3:]) for part in kept]
