"""Every painting of a collection as it is looked at, with its labels: what generators are measured against."""

from __future__ import annotations

import hashlib
import logging
import zipfile
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch

from chromesthesia_training.backbones.squeezenet import FeatureNet
from chromesthesia_training.corpora.paintings import load_art, read_paintings
from chromesthesia_training.data.art import EMOTIONS
from chromesthesia_training.measuring.looks import NEIGHBOUR_SIDE, Looks, look_at
from chromesthesia_training.safe_write import whole_file

logger = logging.getLogger(__name__)

VERSION = 1
THREE: dict[str, tuple[str, ...]] = {
    "angry": ("anger", "disgust", "fear"),
    "happy": ("amusement", "contentment", "excitement"),
    "sad": ("sadness",),
}
"""Emotions of the paintings that stand for each of the three; awe stands for none."""
NONE_OF_THREE = -1

Int64 = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Gallery:
    """Views and labels of N paintings: `vad` (N, 3) in [0, 1], `emotions` (N,) numbers of `EMOTIONS`."""

    looks: Looks
    emotions: Int64
    vad: npt.NDArray[np.float32]
    artists: npt.NDArray[np.str_]
    splits: npt.NDArray[np.str_]
    content_hash: str

    def __len__(self) -> int:
        return len(self.emotions)

    @property
    def three(self) -> Int64:
        """Number of angry, happy or sad for each painting; -1 where it is none of them."""
        numbers = np.full(len(EMOTIONS), NONE_OF_THREE, np.int64)
        for number, names in enumerate(THREE.values()):
            for name in names:
                numbers[EMOTIONS.index(name)] = number
        chosen: Int64 = numbers[self.emotions]
        return chosen

    def where(self, *splits: str) -> Int64:
        """Row numbers of the paintings of the given splits."""
        return np.flatnonzero(np.isin(self.splits, splits)).astype(np.int64)

    def rows(self, chosen: npt.NDArray[np.int64]) -> Gallery:
        """Some of the paintings."""
        return Gallery(
            self.looks.rows(chosen),
            self.emotions[chosen],
            self.vad[chosen],
            self.artists[chosen],
            self.splits[chosen],
            self.content_hash,
        )


def load_gallery(
    art_dir: Path, net: FeatureNet, cache_dir: Path | None = None, side: int = NEIGHBOUR_SIDE
) -> Gallery:
    """Look at every painting of `art_dir`, read at `side` pixels; with `cache_dir`, only when something changed.

    Raises:
        ArtError: a folder, label or picture that cannot be used, named.
    """
    paintings = read_paintings(art_dir)
    digest = hashlib.sha256(f"{VERSION} {side} {_net_digest(net)}".encode())
    for painting in paintings:
        if painting.path.is_file():
            digest.update(painting.path.read_bytes())
    key = digest.hexdigest()[:16]
    cache = cache_dir / f"looks-{key}.npz" if cache_dir is not None else None
    looks = _stored(cache, len(paintings)) if cache is not None else None
    if looks is None:
        art = load_art(art_dir, side)
        looks = look_at(net, art.images)
        if cache is not None:
            _store(cache, looks)
    return Gallery(
        looks,
        np.array([EMOTIONS.index(painting.emotion) for painting in paintings], np.int64),
        np.array([painting.vad for painting in paintings], np.float32),
        np.array([painting.artist for painting in paintings]),
        np.array([painting.split for painting in paintings]),
        key,
    )


def _net_digest(net: FeatureNet) -> str:
    digest = hashlib.sha256(type(net).__name__.encode())
    if isinstance(net, torch.nn.Module):
        for value in net.state_dict().values():
            digest.update(value.contiguous().numpy().tobytes())
    return digest.hexdigest()


def _stored(cache: Path, count: int) -> Looks | None:
    if not cache.is_file():
        return None
    try:
        with np.load(cache, allow_pickle=False) as archive:
            looks = Looks(**{one.name: archive[one.name] for one in fields(Looks)})
    except (ValueError, KeyError, EOFError, OSError, zipfile.BadZipFile) as error:
        logger.warning("cache %s is damaged (%s): looking again", cache, error)
        return None
    return looks if len(looks) == count else None


def _store(cache: Path, looks: Looks) -> None:
    with whole_file(cache) as file:
        np.savez(file, **{one.name: getattr(looks, one.name) for one in fields(looks)})
