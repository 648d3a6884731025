"""Emotion consistency of the cGAN's pictures, asked for by voices that are known to none of it, and sheets of them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.records import Float32, UInt8
from chromesthesia_training.align.audio import ClipEmbeddings
from chromesthesia_training.align.train import Alignment
from chromesthesia_training.backbones.squeezenet import FeatureNet
from chromesthesia_training.cgan.model import CganGenerator
from chromesthesia_training.cgan.train import paint
from chromesthesia_training.errors import DataError
from chromesthesia_training.gan.sheet import as_pixels
from chromesthesia_training.measuring.consistency import neighbourhood, shuffled_counts
from chromesthesia_training.measuring.gallery import Gallery
from chromesthesia_training.measuring.looks import look_at
from chromesthesia_training.safe_write import whole_file

EACH = 100
SHEET_COLUMNS = 10
MARGIN, LABEL_WIDTH = 6, 64
PAPER, INK = (255, 255, 255), (38, 38, 43)


@dataclass(frozen=True)
class Asked:
    """What pictures are asked for: conditions float32 (N, 128), one clip each, and the clips' emotions (N,)."""

    conditions: Float32
    emotions: NDArray[np.int64]


def ask(clips: ClipEmbeddings, alignment: Alignment, each: int, seed: int) -> Asked:
    """`each` clips of every emotion by lot, with replacement where there are fewer. Raises DataError for none."""
    rng = np.random.default_rng(seed)
    rows = []
    for number, name in enumerate(EMOTIONS):
        of_emotion = np.flatnonzero(clips.emotions == number)
        if not len(of_emotion):
            raise DataError(
                f"no clip of {name!r} to ask with", "add clips of that emotion to the unseen speakers"
            )
        rows.append(rng.choice(of_emotion, each, replace=len(of_emotion) < each))
    chosen = np.concatenate(rows)
    return Asked(alignment.sounds(clips)[chosen], clips.emotions[chosen])


def consistency(
    generator: CganGenerator, asked: Asked, gallery: Gallery, net: FeatureNet, seed: int
) -> dict[str, float]:
    """Figures of one generator, by the project's own rule (`gan.consistency`), flat."""
    pictures = as_pixels(paint(generator, asked.conditions, seed))
    near = look_at(net, pictures).near
    around = neighbourhood(gallery)
    found = around.score(near, asked.emotions)
    floor, any_floor = shuffled_counts(around, near, asked.emotions, seed)
    figures: dict[str, float] = {
        "consistency_shuffled": round(floor, 4),
        "any_of_k5_shuffled": round(any_floor, 4),
    }
    for k in found.balanced:
        figures[f"consistency_k{k}"] = round(found.balanced[k], 4)
        figures[f"any_of_k{k}"] = round(found.any_of_k[k], 4)
    return figures | {f"each_{name}": round(value, 4) for name, value in found.each.items()}


def rows_by_emotion(
    generator: CganGenerator, asked: Asked, seed: int, columns: int = SHEET_COLUMNS
) -> dict[str, UInt8]:
    """`columns` pictures of each emotion, uint8 (columns, side, side, 3); a column has the same latent in every row."""
    rows = {}
    for number, name in enumerate(EMOTIONS):
        conditions = asked.conditions[asked.emotions == number][:columns]
        rows[name] = as_pixels(paint(generator, conditions, seed))
    return rows


def save_sheet(snapshots: dict[str, dict[str, UInt8]], path: Path, side: int = 72) -> Path:
    """One JPEG: a block a snapshot, a row an emotion, named at the left."""
    blocks = list(snapshots.items())
    columns = max(len(pictures) for rows in snapshots.values() for pictures in rows.values())
    height = sum(22 + side * len(rows) + MARGIN for _, rows in blocks) + MARGIN
    sheet = Image.new("RGB", (LABEL_WIDTH + columns * side + MARGIN, height), PAPER)
    pen = ImageDraw.Draw(sheet)
    top = MARGIN
    for title, rows in blocks:
        pen.text((MARGIN, top + 2), title, fill=INK)
        top += 22
        for name, pictures in rows.items():
            pen.text((MARGIN, top + side // 2 - 6), name, fill=INK)
            for column, pixels in enumerate(pictures):
                tile = Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC)
                sheet.paste(tile, (LABEL_WIDTH + column * side, top))
            top += side
        top += MARGIN
    with whole_file(path) as file:
        sheet.save(file, format="JPEG", quality=88)
    return path


def thin(rows: list[dict[str, Any]], most: int = 120) -> list[dict[str, Any]]:
    """Evenly chosen rows of a curve, at most `most`, the last one always."""
    step = max(1, -(-len(rows) // most))
    return rows[::-1][::step][::-1]
