"""What the cGAN learns from: paintings of the training artists, and training clips projected into the shared space."""

from __future__ import annotations

from pathlib import Path

from chromesthesia_training.align.audio import ClipEmbeddings
from chromesthesia_training.align.pictures import NO_KIND, kinds_of
from chromesthesia_training.align.train import Alignment
from chromesthesia_training.cgan.train import CganData
from chromesthesia_training.corpora.paintings import load_art


def cgan_data(clips: ClipEmbeddings, alignment: Alignment, art_dir: Path, cache_dir: Path | None) -> CganData:
    """Paintings of angry, happy and sad in the split train, and all of `clips` (the training ones), projected."""
    art = load_art(art_dir, cache_dir=cache_dir).subset("train")
    kinds = kinds_of(art.emotions)
    chosen = kinds != NO_KIND
    return CganData(art.images[chosen], kinds[chosen], alignment.sounds(clips), clips.emotions)
