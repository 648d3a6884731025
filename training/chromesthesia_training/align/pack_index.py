"""The alignment that a pack ships, and what its index finds: through the engine's own reader, from unseen speakers."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.records import Float32
from chromesthesia.packs.art_index import ART_INDEX_NAME, ArtIndex
from chromesthesia_training.align.art_index import (
    ALIGNMENT_NAME,
    IndexedArt,
    build_art_index,
    save_alignment,
    title_of,
)
from chromesthesia_training.align.evaluate import Sides
from chromesthesia_training.align.material import AlignMaterial
from chromesthesia_training.align.pictures import kinds_of
from chromesthesia_training.align.train import Alignment, AlignSettings, align
from chromesthesia_training.data.art import EMOTIONS as ART_EMOTIONS

TIMED_QUERIES = 200


def pack_sides(material: AlignMaterial) -> Sides:
    """Train and val artists known, test artists unseen; the given split of the speakers."""
    clips, paintings = material.clips, material.paintings.of_three()
    known = np.isin(paintings.splits, ("train", "val"))
    return Sides(
        clips.where(clips.splits == "train"),
        clips.where(clips.splits == "val"),
        clips.where(clips.splits == "test"),
        paintings.where(known),
        paintings.where(~known),
    )


def train_for_pack(
    material: AlignMaterial, settings: AlignSettings, run_dir: Path, resume: bool = True
) -> tuple[Alignment, Sides]:
    """Train the heads that the pack ships and keep in `run_dir` what `build_art_index` needs."""
    sides = pack_sides(material)
    heads = align(sides.known_clips, sides.known_paintings, sides.choosing_clips, settings, run_dir, resume)
    keep_alignment(heads, sides, material, run_dir)
    return heads, sides


def keep_alignment(heads: Alignment, sides: Sides, material: AlignMaterial, run_dir: Path) -> None:
    """Keep in `run_dir` what `build_art_index` needs of heads that know the paintings of `sides`."""
    known = sides.known_paintings
    art = IndexedArt(
        vectors=heads.pictures(known),
        emotions=[ART_EMOTIONS[number] for number in known.emotions],
        artists=known.artists.tolist(),
        titles=[title_of(name) for name in known.names],
        paths=known.paths.tolist(),
    )
    save_alignment(run_dir / ALIGNMENT_NAME, heads.sound, art, material.encoder_weights)


def measure_index(heads: Alignment, sides: Sides, material: AlignMaterial, run_dir: Path) -> dict[str, Any]:
    """Build the index beside the run and ask it through the engine's reader, as a show would.

    top1: nearest painting of the unseen speaker's emotion; parity: greatest difference of similarity from torch, which
    the index's half precision makes; query_ms: median of one look-up.
    """
    path = build_art_index(run_dir / ART_INDEX_NAME, material.encoder_onnx, run_dir)
    index = ArtIndex.load(path)
    clips = sides.unseen_clips
    found = [index.nearest(embedding, 5) for embedding in clips.embeddings]
    kind = dict(zip(ART_EMOTIONS, kinds_of(np.arange(len(ART_EMOTIONS))).tolist(), strict=True))
    right = np.array(
        [
            [kind[work.emotion] == emotion for work in works]
            for works, emotion in zip(found, clips.emotions, strict=True)
        ]
    )
    best = (heads.sounds(clips) @ heads.pictures(sides.known_paintings).T).max(axis=1)
    parity = max(abs(works[0].similarity - float(value)) for works, value in zip(found, best, strict=True))
    return {
        "paintings": len(index),
        "bytes": path.stat().st_size,
        "top1": round(float(right[:, 0].mean()), 4),
        "precision_at_5": round(float(right.mean()), 4),
        "encoder_accuracy": round(clips.own_accuracy(), 4),
        "distinct_nearest": len({works[0].path for works in found}),
        "parity": round(parity, 6),
        "query_ms": round(_median_ms(index, clips.embeddings[:TIMED_QUERIES]), 3),
        "minutes": round(heads.report.minutes, 2),
        "queries": len(clips),
        "classes": len(EMOTIONS),
    }


def _median_ms(index: ArtIndex, embeddings: Float32) -> float:
    times_s = []
    for embedding in embeddings:
        started_s = time.perf_counter()
        index.nearest(embedding, 5)
        times_s.append(time.perf_counter() - started_s)
    return 1_000.0 * float(np.median(times_s))
